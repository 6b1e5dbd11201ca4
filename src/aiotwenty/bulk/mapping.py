"""From the columns of a row to the fields of a record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from aiotwenty.bulk.batches import Reference
from aiotwenty.bulk.columns import (
    BLANKS,
    Column,
    ValueRefused,
    from_text,
    in_utc,
    put_at,
    shortcut_of,
    steps_of,
    trimmed,
)
from aiotwenty.bulk.fields import FieldPath, Shape, ToOneRelation
from aiotwenty.bulk.gather import gather, gathers, promote
from aiotwenty.bulk.headers import Headers
from aiotwenty.bulk.labels import Labels
from aiotwenty.bulk.source import RAW_TEXT, Check, InputError, Source, clean_name
from aiotwenty.bulk.transforms import (
    ColumnTransform,
    FieldFacts,
    PhoneNumber,
    Several,
    Transform,
    composite_kind,
    first_and_rest,
    full_name,
    money,
    option,
    spelling,
    transform_of,
)
from aiotwenty.bulk.transforms.base import Composite
from aiotwenty.graphql.composites import Money
from aiotwenty.records.identity import canonical

FieldSpec: TypeAlias = str | tuple[Any, ...] | list[Any] | None
"""A field, a field and one or more transforms, or None for a column to leave out. A list of such specs sends a column
to several places."""
FieldMapping: TypeAlias = Mapping[str, FieldSpec]

REJECT_COLUMNS = ("_row", "_source", "_code", "_error")
"""What a file of rejects has beside the columns of its rows; read back, they aren't fields."""


_TRIMMED = (("primaryEmail",), ("primaryLinkUrl",), ("primaryPhoneNumber",))


class Mapper:
    """Turns rows into nested input data by the names of the wire. Columns without a mapping go by an obvious name.

    `preset` says what the headers of another tool mean: it is no error if one is missing, or goes where this workspace
    has no field, or if there are others, which are left out and told (`left_out`). `samples` are the first values of
    each column, by which names decide that can mean two things. `promotes` says that new records are made.
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
        self._labels = labels
        self._gaps = frozenset(gap.strip() for gap in gaps)
        self._region = region
        self._add_options = add_options
        self._promotes = promotes
        self._only = None if only is None else {self._value_path(name) for name in only}
        self._is_text = is_text
        self._hidden = shape.read_only_parts
        self._skip_nulls = skip_nulls
        self._columns: dict[str, Column | None] = {}
        self._kinds: dict[str, Composite | None] = {
            name: composite_kind(parts) for name, parts in shape.composites.items()
        }
        self._headers = Headers(shape, self._kinds, labels.by_label() if labels else {}, samples or {})
        self._listed: dict[str, Composite] = {}
        self.left_out: dict[str, str] = {}
        """Columns of a preset's file that go nowhere, each with the reason."""
        try:
            self._constants = [(self._compile(name, name), value) for name, value in (constants or {}).items()]
        except InputError as error:
            raise InputError(f"constants: {error}") from None
        for name, spec in self._mapping.items():
            try:
                self._columns[name] = self._compile(name, spec)
            except InputError as error:
                raise InputError(f"column {name!r} cannot be mapped: {error}") from None

    def _compile(self, name: str, spec: FieldSpec) -> Column | None:
        """A column as it is told. Raises `InputError` for fields and transforms that there aren't."""
        if spec is None or name in self._ignored or (spec == name and name in self.shape.read_only):
            return None
        if isinstance(spec, list | tuple) and any(isinstance(part, list | tuple) for part in spec):
            columns = [column for part in spec if (column := self._compile(name, part)) is not None]
            return replace(columns[0], also=tuple(columns[1:]), shortcut=None) if columns else None
        field_name, *steps = (spec,) if isinstance(spec, str) else spec
        try:
            transform = transform_of(steps) if steps else None
        except ValueError as error:
            raise InputError(str(error)) from None
        target, guess = self._headers.target(field_name, guessing=not steps and field_name == name)
        if guess and not steps and (usual := self._usual_transform(target)) is not None:
            transform, steps = usual
        return self._column(name, target, transform, steps, guess)

    def _column(
        self, name: str, target: FieldPath, transform: Transform | None, steps: Sequence[Any], guess: str = ""
    ) -> Column:
        # Values that are whole composites (dicts) need no primary part; a plain value does, and says so when it comes.
        plain = target.path
        composite = self._kinds.get(target.path[0]) if target.path and not target.relation else None
        if target.kind == "composite" and not target.relation and self.shape.primary(target.path[0]):
            plain = self.shape.value_path(target)
        if isinstance(transform, ColumnTransform):
            transform = transform.bind(self._facts(target, composite))
        if composite is not None and gathers(composite) and target.kind in ("list", "json"):
            self._listed[target.path[0]] = composite
        simple = transform is None and target.relation is None and not self._gaps
        shortcut = shortcut_of(target, is_text=self._is_text, hidden=self._hidden) if simple else None
        spelled = "|".join(map(spelling, steps))
        trims = self._is_text or target.relation is not None or target.kind == "other" or plain[-1:] in _TRIMMED
        several = gathers(composite)
        return Column(name, target, plain, transform, shortcut, composite, several, trims, (), guess, spelled)

    def _facts(self, target: FieldPath, composite: Composite | None) -> FieldFacts:
        label = self._labels.fields.get(target.path[0]) if self._labels and not target.relation else None
        return FieldFacts(
            target.dotted,
            composite,
            target.kind == "list",
            self._region,
            label.choices if label else None,
            self._add_options,
        )

    def _usual_transform(self, target: FieldPath) -> tuple[Transform, list[str]] | None:
        kind = self._kinds[target.path[0]] if target.kind == "composite" and not target.relation else None
        if self._is_text and kind == "currency":
            return money(), ["money"]
        return (full_name, ["full_name"]) if self._is_text and kind == "name" else None

    @property
    def wants_labels(self) -> bool:
        """Whether a transform asks for the options of a picklist."""
        return any(isinstance(step, option) for column in self.columns() for step in steps_of(column))

    def columns(self) -> Iterator[Column]:
        """All columns that go somewhere, each place by itself."""
        for column in self._columns.values():
            if column is not None:
                yield from column.all

    def column(self, name: str) -> Column | None:
        """Where a column goes; None if it is ignored. Raises `InputError` for one that no field is named like."""
        if name not in self._columns:
            self._columns[name] = self._compile_known(name) if self._only is not None else self._compile_header(name)
        return self._columns[name]

    def knows(self, name: str) -> bool:
        """Whether a column of that name has a meaning, which may be to be ignored."""
        return name in self._ignored or name in self.shape.read_only or self._headers.is_known(name)

    def _compile_header(self, name: str) -> Column | None:
        if self._preset is None:
            return self._compile(name, name)
        spec: FieldSpec = self._preset.get(name, name)
        if spec is None:
            self.left_out.setdefault(name, "the preset leaves it out")
            return None
        try:
            return self._compile(name, spec)
        except InputError as error:
            self.left_out[name] = str(error)
            return None

    def _compile_known(self, name: str) -> Column | None:
        """Of a source of which only some fields matter, whatever else it has."""
        try:
            column = self._compile_header(name)
        except InputError:
            return None
        wanted = [one for one in column.all if one.place in (self._only or ())] if column else []
        return (
            replace(wanted[0], also=tuple(wanted[1:]), shortcut=None) if len(wanted) > 1 else next(iter(wanted), None)
        )

    def _value_path(self, name: str) -> str:
        spec = self._mapping.get(name, name)
        while isinstance(spec, list | tuple) and spec:
            spec = spec[0]
        target = self.shape.resolve(spec if isinstance(spec, str) else name)
        return target.dotted if target.relation else ".".join(self.shape.value_path(target))

    def mapped(self, name: str) -> Column | None:
        """Where the mapping sends a column; None if it does not say."""
        return self._columns.get(name) if name in self._mapping else None

    def gives(self, target: FieldPath, columns: Iterable[str]) -> bool:
        """Whether one of these columns, or a constant, can fill that field."""
        mapped = [*map(self.column, columns), *(column for column, _ in self._constants)]
        for column in [one for several in mapped if several is not None for one in several.all]:
            whole = column.target.kind == "composite" and column.target.path[0] == target.path[0]
            joins = target.relation is not None and column.target.dotted == target.relation.join
            if column.place == target.dotted or joins or (whole and target.relation is None):
                return True
        return False

    def check_columns(self, source: Source, columns: Iterable[str], check: Check | None = None) -> None:
        """Raises `InputError` that names every column that is neither mapped nor known nor left out."""
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
                    # Rows of a file have all of these columns; rows from memory may have one or the other.
                    first = placed.setdefault(column.place, name) if check is None else name
                    if first != name and not self._together(first, column):
                        problems.append(f"columns {first!r} and {name!r} both go to {column.place}")
            except InputError as error:
                where = f" (first in row {check.columns[name]})" if check and check.columns.get(name, 1) > 1 else ""
                problems.append(f"column {name!r}{where}: {error}")
        missing = [name for name in self._mapping if name not in columns and name not in source.doubled.values()]
        if problems:
            problems.append("map it to a field (mapping=, --map), or leave it out (ignore=, --ignore)")
        if missing:
            mapped = " and ".join(map(repr, missing))
            problems.append(f"mapped, but not there: column {mapped}; there are {', '.join(columns)}")
        if problems:
            raise InputError(f"{source.name}: " + "; ".join(problems))

    def _together(self, first: str, second: Column) -> bool:
        """Whether two columns share a field: as first and rest, which is also how two that nobody mapped do."""
        columns = [*(self._columns[first] or second).all, second]
        columns = [column for column in columns if column.place == second.place]
        if all(any(isinstance(step, first_and_rest) for step in steps_of(column)) for column in columns):
            return True
        if second.composite not in ("emails", "phones") or any(c.transform or c.name in self._mapping for c in columns):
            return False
        for column in columns:
            shared = self._column(
                column.name, column.target, first_and_rest(), ["first_and_rest"], "several such columns"
            )
            self._columns[column.name] = shared
        return True

    def _leave_out(self, source: Source, columns: Sequence[str]) -> None:
        """`""` stands for the columns without a name, `*` for all that the mapping does not name."""
        for name in columns:
            said = source.doubled.get(name, name)
            if (
                said in self._ignored
                or ("" in self._ignored and name in source.unnamed)
                or ("*" in self._ignored and said not in self._mapping and name not in self._mapping)
                or (said in self._mapping and self._mapping[said] is None)
            ):
                self._ignored.add(name)
                self._columns[name] = None
            elif self._preset is not None and name in source.unnamed:
                self._columns[name] = None
                self.left_out[name] = "it has no name"

    def _nameless(self, source: Source, columns: Sequence[str]) -> list[str]:
        """Columns without a name that are neither left out nor mapped by their place."""
        wanted = [name for name in source.unnamed if name in columns and self._columns.get(name, self) is self]
        if not wanted:
            return []
        # Those at the end, too, that would be let pass if nothing is in them.
        places = [str(place) for name, place in source.unnamed.items() if name not in self._ignored]
        several = len(places) > 1
        listed = " and ".join(filter(None, [", ".join(places[:-1]), places[-1]]))
        return [
            f"column{'s' if several else ''} {listed} {'have' if several else 'has'} no name "
            f"(to leave {'them' if several else 'it'} out: ignore='', to map: {wanted[0]!r})"
        ]

    def _shared(self, source: Source, columns: Sequence[str]) -> list[str]:
        """Names that several columns have and that are not left out; one of them may be mapped by its number."""
        groups: dict[str, list[str]] = {}
        for name, said in source.doubled.items():
            if name in columns and name not in self._ignored and name not in self._mapping:
                groups.setdefault(said, []).append(name)
        return [
            f"several columns are named {said!r} (to tell them apart: {', '.join(map(repr, names))})"
            for said, names in groups.items()
        ]

    def learn(self, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Shows the columns whose transforms must know them as a whole all their values; what was found out.

        Raises `InputError` where that decides nothing.
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
                if not self.is_gap(value):
                    try:
                        transform.learn(value)
                    except ValueError as error:
                        raise InputError(f"column {column.name!r}: {error}") from None
        told = []
        for column, transform in learning:
            try:
                found = transform.learned()
            except ValueError as error:
                raise InputError(f"column {column.name!r}: {error}") from None
            if found:
                told.append(f"column {column.name!r}: {found}")
        return told

    @property
    def learns(self) -> bool:
        """Whether there is a column that must be seen as a whole before the first row is sent."""
        return any(isinstance(one.transform, ColumnTransform) and one.transform.learns for one in self.columns())

    def known_options(self) -> Iterator[tuple[str, Any]]:
        """The options of the picklists that columns go to by `option`, as the workspace has them."""
        for column in self.columns():
            for step in steps_of(column):
                if isinstance(step, option) and column.target.path:
                    for value in step.values:
                        yield column.target.path[0], [value] if column.target.kind == "list" else value

    def new_options(self) -> dict[str, dict[str, str]]:
        """What picklists lack: label to value, by field."""
        lacking: dict[str, dict[str, str]] = {}
        for column in self.columns():
            for step in steps_of(column):
                if isinstance(step, option) and step.missing:
                    lacking.setdefault(column.target.path[0], {}).update(step.missing)
        return lacking

    def build(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Reference]]:
        """Input data by the names of the wire, and the relations given by a natural key."""
        data: dict[str, Any] = {}
        references: list[Reference] = []
        columns = self._columns
        for name, value in values.items():
            column = columns[name] if name in columns else self.column(name)
            if column is None:
                continue
            shortcut, path = column.shortcut, column.plain_path
            if shortcut is not None and type(value) is str:
                if column.trims:
                    value = value.strip(BLANKS)
                if not value or (shortcut == "parts" and (len(path) == 1 or value[0] == "{")):
                    self._put(column, value, data, references)
                    continue
                if shortcut == "read":
                    value = from_text(column, value)
                if len(path) == 1:
                    data[path[0]] = value
                elif type(inner := data.get(path[0])) is dict:
                    inner[path[1]] = value
                else:
                    data[path[0]] = {path[1]: value}
            elif shortcut == "parts" and type(value) is dict:
                put_at(data, column.target.path, value)
            else:
                for one in column.all if column.also else (column,):
                    self._put(one, value, data, references)
        for column, value in self._constants:
            if column is not None:
                self._put(column, value, data, references)
        if self._promotes:
            for name, kind in self._listed.items():
                promote(data, name, kind)
        return data, references

    def build_one(self, column: Column, value: Any) -> tuple[dict[str, Any], list[Reference]]:
        """What becomes of one value of one column."""
        data: dict[str, Any] = {}
        references: list[Reference] = []
        self._put(column, value, data, references)
        return data, references

    def is_gap(self, value: Any) -> bool:
        """Whether a cell says nothing."""
        return value is None or (value == "" and self._is_text) or (type(value) is str and value in self._gaps)

    def _put(self, column: Column, value: Any, data: dict[str, Any], references: list[Reference]) -> None:
        is_text = type(value) is str
        if is_text and column.trims:
            value = trimmed(value)
        if value is None or (is_text and ((not value and self._is_text) or value in self._gaps)):
            value = None
        elif column.transform is not None:
            value = self._transformed(column, value)
        if value is None and self._skip_nulls:
            return
        target = column.target
        if target.relation is not None:
            self._refer(column, target.relation, value, data, references)
            return
        if type(value) is Several or type(value) is PhoneNumber or (column.several and value is not None):
            value = self._gathered(column, value, data)
            if value is None:
                return
        path = column.plain_path if value is not None else target.path
        if value is not None:
            if isinstance(value, Money):
                value = value.parts()
            if self._is_text and isinstance(value, str):
                value = from_text(column, value)
            elif target.kind == "datetime":
                value = in_utc(value)
            if type(value) is dict or (not is_text and isinstance(value, Mapping)):
                path = self._path_of_parts(column, path)
                hidden = self._hidden.get(path[0]) if target.kind == "composite" else None
                if hidden:
                    value = {part: inner for part, inner in value.items() if part not in hidden}
            elif target.kind == "composite" and path == target.path:
                raise ValueRefused(self._has_parts(column, value))
        put_at(data, path, value)

    def _transformed(self, column: Column, value: Any) -> Any:
        assert column.transform is not None
        try:
            return column.transform(value)
        except ValueError as error:
            raise ValueRefused(f"{column.name}: {error}") from None
        except Exception as error:
            raise ValueRefused(f"{column.name}: {type(error).__name__}: {error}, for {value!r}") from None

    def _path_of_parts(self, column: Column, path: tuple[str, ...]) -> tuple[str, ...]:
        """Where an object goes: parts of a composite field go to the field."""
        if column.target.kind == "composite" or (column.composite in ("currency", "name") and column.transform):
            return column.target.path[:1]
        return path

    def _has_parts(self, column: Column, value: Any) -> str:
        name = column.target.path[0]
        parts = " or ".join(f"{name}.{part}" for part in self.shape.composites[name])
        helps = {"currency": "money", "name": "full_name"}.get(column.composite or "")
        hint = f", or let the transform `{helps}` make the parts" if helps else ""
        return f"{column.name}: {name} is made of parts, {value!r} is none; map the column to {parts}{hint}"

    def _gathered(self, column: Column, value: Any, data: dict[str, Any]) -> Any:
        """The value, or None if it went into a field that holds several."""
        listed = column.target.kind in ("list", "json")
        if column.composite and gathers(column.composite):
            if listed and isinstance(value, str) and not value.startswith("["):
                value = first_and_rest().bind(FieldFacts("", column.composite))(value)
            if isinstance(value, PhoneNumber):
                value = Several([value])
            if isinstance(value, Several):
                gather(data, column.target.path[0], column.composite, value, additional=listed)
                return None
        if isinstance(value, Several):
            return list(value) if column.target.kind == "list" else value[0] if len(value) == 1 else list(value)
        return value

    def _refer(
        self, column: Column, relation: ToOneRelation, value: Any, data: dict[str, Any], references: list[Reference]
    ) -> None:
        path = column.target.path
        if isinstance(value, Mapping):
            found = self._connection(relation, value)
            if found is None:
                data[relation.name] = value
                return
            path, value = found
        if value is None or value == "":
            # Nobody is called nothing: a look-up would find whoever has no name.
            data[relation.join] = None
        elif path == ("id",):
            data[relation.join] = value
        else:
            dotted = ".".join(path)
            for item in value[:1] if isinstance(value, list) else [value]:
                text = trimmed(item) if isinstance(item, str) else item
                references.append(Reference(relation.join, relation.type_name, dotted, canonical(dotted, text)))

    def _connection(self, relation: ToOneRelation, value: Mapping[str, Any]) -> tuple[tuple[str, ...], Any] | None:
        """The path and value in `{"connect": {"where": {"domainName": {"primaryLinkUrl": …}}}}`."""
        connect = value.get("connect")
        where = connect.get("where") if isinstance(connect, Mapping) else None
        if not isinstance(where, Mapping) or len(where) != 1:
            return None
        ((name, inner),) = where.items()
        while isinstance(inner, Mapping) and len(inner) == 1:
            ((part, inner),) = inner.items()
            name = f"{name}.{part}"
        if isinstance(inner, Mapping) or inner is None:
            return None
        if name == "id":
            return ("id",), inner
        other = self.shape.related(relation.type_name)
        return other.value_path(other.resolve(name)), inner
