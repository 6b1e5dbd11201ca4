"""Maps the columns of a row to the fields of a record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from aiotwenty.bulk.batches import Reference
from aiotwenty.bulk.cells import Cells
from aiotwenty.bulk.column_compiler import ColumnCompiler, FieldSpec, joined
from aiotwenty.bulk.columns import (
    BLANKS,
    LONGEST_SURE,
    MappedColumn,
    from_text,
    put_at,
    steps_of,
    trimmed,
    trimmed_parts,
)
from aiotwenty.bulk.fields import FieldPath, Shape
from aiotwenty.bulk.gathered_columns import promote
from aiotwenty.bulk.headers import Headers
from aiotwenty.bulk.labels import Labels
from aiotwenty.bulk.source import RAW_TEXT, Check, InputError, Source, clean_name
from aiotwenty.bulk.transforms import (
    ColumnTransform,
    composite_kind,
    first_and_rest,
    option,
    phone,
)
from aiotwenty.bulk.transforms.base import Composite
from aiotwenty.graphql.advice import instead_of

FieldMapping: TypeAlias = Mapping[str, FieldSpec]

REJECT_COLUMNS = ("_row", "_source", "_code", "_error")
"""Extra columns of a file of rejects, which are ignored when the file is loaded."""

_TOLD = 20
"""The most columns in one error."""


class Mapper:
    """Converts rows to nested input data with GraphQL names. Columns without a mapping are matched by name.

    `preset` maps the headers of another tool: its headers may be missing or have no field in this workspace, and other
    columns are left out and reported (`left_out`). `samples` are the first values of each column, which decide about
    ambiguous names. `promotes`: new records are created.
    """

    def __init__(
        self,
        shape: Shape,
        mapping: FieldMapping | None = None,
        *,
        constants: Mapping[str, Any] | None = None,
        ignore: Iterable[str] = (),
        only: Iterable[str] | None = None,
        is_text: bool = False,
        skip_nulls: bool = False,
        preset: FieldMapping | None = None,
        labels: Labels | None = None,
        gaps: Iterable[str] = (),
        region: str | None = None,
        add_options: bool = False,
        promotes: bool = False,
        samples: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        self.shape = shape
        self._mapping = {clean_name(name): spec for name, spec in (mapping or {}).items()}
        self._preset = preset
        self._ignored = {*map(clean_name, ignore), *REJECT_COLUMNS, RAW_TEXT}
        self._promotes = promotes
        self._only = None if only is None else {self._value_path(name) for name in only}
        spoken_gaps = frozenset(gap.strip() for gap in gaps)
        self.cells = Cells(shape, is_text=is_text, skip_nulls=skip_nulls, gaps=spoken_gaps)
        kinds: dict[str, Composite | None] = {name: composite_kind(parts) for name, parts in shape.composites.items()}
        self._compiler = ColumnCompiler(
            shape,
            kinds,
            Headers(shape, kinds, labels.by_label() if labels else {}, samples or {}),
            self._ignored,
            is_text,
            bool(spoken_gaps),
            labels,
            region,
            add_options,
        )
        self._columns: dict[str, MappedColumn | None] = {}
        self.left_out: dict[str, str] = {}
        """Columns that were left out because of a preset, each with the reason."""
        try:
            self._constants = [(self._compiler.compile(name, name), value) for name, value in (constants or {}).items()]
        except InputError as error:
            raise InputError(f"constants: {error}") from None
        for name, spec in self._mapping.items():
            try:
                self._columns[name] = self._compiler.compile(name, spec)
            except InputError as error:
                raise InputError(f"column {name!r} cannot be mapped: {error}") from None

    @property
    def wants_labels(self) -> bool:
        """Whether a transform needs the options of a picklist."""
        return any(isinstance(step, option) for column in self.columns() for step in steps_of(column))

    def columns(self) -> Iterator[MappedColumn]:
        """All mapped columns, one entry for each target."""
        for column in self._columns.values():
            if column is not None:
                yield from column.all

    def column(self, name: str) -> MappedColumn | None:
        """The mapped column of a name; None if it is ignored. Raises `InputError` if no field has the name."""
        if name not in self._columns:
            self._columns[name] = self._compile_known(name) if self._only is not None else self._compile_header(name)
        return self._columns[name]

    def knows(self, name: str) -> bool:
        """Whether a column of that name is mapped or ignored."""
        return name in self._ignored or name in self.shape.read_only or self._compiler.headers.is_known(name)

    def _compile_header(self, name: str) -> MappedColumn | None:
        if self._preset is None:
            return self._compiler.compile(name, name)
        spec: FieldSpec = self._preset.get(name, name)
        if spec is None:
            self.left_out.setdefault(name, "the preset leaves it out")
            return None
        try:
            return self._compiler.compile(name, spec)
        except InputError as error:
            self.left_out[name] = str(error)
            return None

    def _compile_known(self, name: str) -> MappedColumn | None:
        """The mapped column, for a source of which only some fields matter."""
        try:
            column = self._compile_header(name)
        except InputError:
            return None
        wanted = [place for place in column.all if place.place in (self._only or ())] if column else []
        return joined(wanted) if len(wanted) > 1 else next(iter(wanted), None)

    def _value_path(self, name: str) -> str:
        spec = self._mapping.get(name, name)
        while isinstance(spec, list | tuple) and spec:
            spec = spec[0]
        target = self.shape.resolve(spec if isinstance(spec, str) else name)
        return target.dotted if target.relation else ".".join(self.shape.value_path(target))

    def mapped(self, name: str) -> MappedColumn | None:
        """The mapped column if the mapping has it; otherwise None."""
        return self._columns.get(name) if name in self._mapping else None

    def gives(self, target: FieldPath, columns: Iterable[str]) -> bool:
        """Whether one of these columns, or a constant, can set the field."""
        mapped = [*map(self.column, columns), *(column for column, _ in self._constants)]
        for column in [place for several in mapped if several is not None for place in several.all]:
            whole = column.target.kind == "composite" and column.target.path[0] == target.path[0]
            joins = target.relation is not None and column.target.dotted == target.relation.join
            if column.place == target.dotted or joins or (whole and target.relation is None):
                return True
        return False

    def check_columns(self, source: Source, columns: Iterable[str], check: Check | None = None) -> None:
        """Raises `InputError` that names every column that is neither mapped, nor known, nor left out."""
        columns = list(columns)
        self._leave_out(source, columns)
        problems = [*self._nameless(source, columns), *self._shared(source, columns)]
        placed: dict[str, str] = {}
        for name in columns:
            if name in source.unnamed or (name in source.doubled and name not in self._mapping):
                continue
            try:
                several = self.column(name)
                for column in several.all if several else ():
                    # Rows of a file have all of these columns; rows from memory may have only one of them.
                    first = placed.setdefault(column.place, name) if check is None else name
                    if first != name and not self._together(first, column):
                        problems.append(f"columns {first!r} and {name!r} both go to {column.place}")
            except InputError as error:
                where = f" (first in row {check.columns[name]})" if check and check.columns.get(name, 1) > 1 else ""
                problems.append(f"column {name!r}{where}: {error}")
            if len(problems) > _TOLD:
                problems.append("and perhaps more")
                break
        missing = [name for name in self._mapping if name not in columns and name not in source.doubled.values()]
        if problems:
            problems.append("map it to a field (mapping=, --map), or ignore it (ignore=, --ignore)")
        problems += (f"there is no column {name!r} to map{instead_of(name, columns)}" for name in missing)
        if problems:
            raise InputError(f"{source.name}: " + "; ".join(problems))

    def _together(self, first: str, second: MappedColumn) -> bool:
        """Whether two columns can share a field: as first and rest, which unmapped ones do by default."""
        columns = [*(self._columns[first] or second).all, second]
        columns = [column for column in columns if column.place == second.place]
        if all(any(isinstance(step, first_and_rest) for step in steps_of(column)) for column in columns):
            return True
        if second.composite not in ("emails", "phones") or any(c.transform or c.name in self._mapping for c in columns):
            return False
        for column in columns:
            shared = self._compiler.column(
                column.name, column.target, first_and_rest(), ["first_and_rest"], "several such columns"
            )
            self._columns[column.name] = shared
        return True

    def _leave_out(self, source: Source, columns: Sequence[str]) -> None:
        """Leaves columns out: `""` stands for those without a name, `*` for all that the mapping does not name."""
        for name in columns:
            header = source.doubled.get(name, name)
            if (
                header in self._ignored
                or ("" in self._ignored and name in source.unnamed)
                or ("*" in self._ignored and header not in self._mapping and name not in self._mapping)
                or (header in self._mapping and self._mapping[header] is None)
            ):
                self._ignored.add(name)
                self._columns[name] = None
            elif self._preset is not None and name in source.unnamed:
                self._columns[name] = None
                self.left_out[name] = "it has no name"

    def _nameless(self, source: Source, columns: Sequence[str]) -> list[str]:
        """Columns without a name that are neither left out nor mapped by position."""
        wanted = [name for name in source.unnamed if name in columns and self._columns.get(name, self) is self]
        if not wanted:
            return []
        # Those at the end too, although they are accepted when empty.
        places = [str(place) for name, place in source.unnamed.items() if name not in self._ignored]
        several = len(places) > 1
        listed = " and ".join(filter(None, [", ".join(places[:-1]), places[-1]]))
        return [
            f"column{'s' if several else ''} {listed} {'have' if several else 'has'} no name "
            f"(to leave {'them' if several else 'it'} out: ignore='', to map: {wanted[0]!r})"
        ]

    def _shared(self, source: Source, columns: Sequence[str]) -> list[str]:
        """Shared names of columns that are not left out; one of the columns may be mapped by its number."""
        groups: dict[str, list[str]] = {}
        for name, header in source.doubled.items():
            if name in columns and name not in self._ignored and name not in self._mapping:
                groups.setdefault(header, []).append(name)
        return [
            f"several columns are named {header!r} (to tell them apart: {', '.join(map(repr, names))})"
            for header, names in groups.items()
        ]

    def check_region(self, region: str | None) -> None:
        """Raises `InputError` for a region that no column uses."""
        if region is None or any(isinstance(step, phone) for column in self.columns() for step in steps_of(column)):
            return
        plain = [column for column in self.columns() if column.composite == "phones" and column.transform is None]
        if plain:
            raise InputError(
                f"region={region!r} is for the transform `phone`, without which column {plain[0].name!r} is sent as it "
                "is: map it as phones:phone, or as first_and_rest|phone if several go there"
            )

    def learn(self, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Shows all values to the columns whose transforms need them. Returns what they learned.

        Raises `InputError` if the values decide nothing.
        """
        learning = [
            (column, column.transform)
            for column in self.columns()
            if isinstance(column.transform, ColumnTransform) and column.transform.learns
        ]
        if not learning:
            return []
        for values in rows:
            for column, transform in learning:
                value = values.get(column.name)
                value = trimmed(value) if isinstance(value, str) else value
                if not self.cells.is_gap(value):
                    try:
                        transform.learn(value)
                    except ValueError as error:
                        raise InputError(f"column {column.name!r}: {error}") from None
        findings = []
        for column, transform in learning:
            try:
                finding = transform.learned()
            except ValueError as error:
                raise InputError(f"column {column.name!r}: {error}") from None
            if finding:
                findings.append(f"column {column.name!r}: {finding}")
        return findings

    @property
    def learns(self) -> bool:
        """Whether a column needs all its values before the first row is sent."""
        return any(isinstance(one.transform, ColumnTransform) and one.transform.learns for one in self.columns())

    @property
    def adds_options(self) -> bool:
        """Whether values of a column may become options of its picklist."""
        return any(isinstance(step, option) and step.learns for column in self.columns() for step in steps_of(column))

    def known_options(self) -> Iterator[tuple[str, Any]]:
        """The workspace's options of the picklists that columns with `option` set."""
        for column in self.columns():
            for step in steps_of(column):
                if isinstance(step, option) and column.target.path:
                    for value in step.values:
                        yield column.target.path[0], [value] if column.target.kind == "list" else value

    def new_options(self) -> dict[str, dict[str, str]]:
        """Missing options of picklists: label to value, by field."""
        lacking: dict[str, dict[str, str]] = {}
        for column in self.columns():
            for step in steps_of(column):
                if isinstance(step, option) and step.missing:
                    lacking.setdefault(column.target.path[0], {}).update(step.missing)
        return lacking

    def build(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Reference]]:
        """Input data with GraphQL names, and the relations by natural key."""
        data: dict[str, Any] = {}
        references: list[Reference] = []
        columns, put = self._columns, self.cells.put
        for name, value in values.items():
            column = columns[name] if name in columns else self.column(name)
            if column is None:
                continue
            shortcut, trims, first, part = column.route
            if shortcut is not None and type(value) is str:
                if trims:
                    value = value.strip(BLANKS)
                if not value or (shortcut == "parts" and (part is None or value[0] == "{")):
                    put(column, value, data, references)
                    continue
                if shortcut == "read" or part == "primaryEmail":
                    value = from_text(column, value)
                elif shortcut == "count":
                    sure = len(value) <= LONGEST_SURE and value.isdigit() and value.isascii()
                    value = int(value) if sure else from_text(column, value)
                if part is None:
                    data[first] = value
                elif type(inner := data.get(first)) is dict:
                    inner[part] = value
                else:
                    data[first] = {part: value}
            elif shortcut == "parts" and type(value) is dict:
                put_at(data, column.target.path, trimmed_parts(value))
            else:
                for place in column.all if column.also else (column,):
                    put(place, value, data, references)
        for column, value in self._constants:
            if column is not None:
                put(column, value, data, references)
        if self._promotes:
            for name, kind in self._compiler.listed.items():
                promote(data, name, kind)
        return data, references

    def build_one(self, column: MappedColumn, value: Any) -> tuple[dict[str, Any], list[Reference]]:
        """The data and relations for one value of one column."""
        data: dict[str, Any] = {}
        references: list[Reference] = []
        self.cells.put(column, value, data, references)
        return data, references
