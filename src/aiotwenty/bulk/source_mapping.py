"""Maps the columns of a source: by the caller, by presets, by labels, and by guesses."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import ValidationError

from aiotwenty.bulk.columns import MappedColumn, ValueRefused
from aiotwenty.bulk.fields import Shape
from aiotwenty.bulk.labels import Labels, add_options, read_labels
from aiotwenty.bulk.mapping import FieldMapping, Mapper
from aiotwenty.bulk.options import LoadOptions
from aiotwenty.bulk.presets import Preset, read_preset
from aiotwenty.bulk.source import InputError, Row, Source
from aiotwenty.bulk.source.csv import CsvSource
from aiotwenty.bulk.source.excel import ExcelSource
from aiotwenty.bulk.target import Target
from aiotwenty.graphql.composites import MICROS
from aiotwenty.graphql.endpoint import Endpoint
from aiotwenty.graphql.input_problems import explained

SAMPLES = 50
"""The rows whose values decide about columns with ambiguous names."""
_CENT, _SMALL = 10_000, 10_000_000
"""Millionths: amounts of money are whole cents, and rarely all below ten units."""
_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}\.\d{3}")
SHOWN = 3
"""Values of each column that a dry run shows."""


@dataclass
class Mapped:
    """The mapped columns of a source, with the guesses that were made."""

    mapper: Mapper
    notes: list[str] = field(default_factory=list)
    labels: Labels | None = None
    columns: Sequence[str] = ()
    samples: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    @property
    def is_outdated(self) -> bool:
        """Whether a picklist has options that its object's model lacks, because it was generated earlier."""
        return any(not _accepts(self.mapper.shape, name, value) for name, value in self.mapper.known_options())

    def places(self) -> Iterator[str]:
        """The dotted targets of the known columns."""
        for name in self.columns:
            column = self.mapper.column(name)
            yield from (place.place for place in (column.all if column else ()))

    def as_toml(self) -> str:
        """The mapping for a plan or a preset, to be kept and changed: every column, with `false` for those left out."""
        lines = []
        for name in self.columns:
            column = self.mapper.column(name)
            comment = column.guess if column else self.mapper.left_out.get(name, "")
            lines.append(f"{_quoted(name)} = {_spec(column)}" + (f"  # {comment}" if comment else ""))
        return "\n".join(lines)

    def preview(self) -> dict[str, list[str]]:
        """The first converted values of each column, by target field."""
        shown: dict[str, list[str]] = {}
        for name in self.columns:
            several = self.mapper.column(name)
            for column in several.all if several else ():
                values = [value for value in self.samples.get(name, ()) if not self.mapper.cells.is_gap(value)][:SHOWN]
                place = name if column.place == name else f"{name} → {column.place}"
                shown[place] = [_arrives(self.mapper, column, value) for value in values]
        return shown


def _accepts(shape: Shape, name: str, value: Any) -> bool:
    try:
        shape.validated({name: value})
    except ValidationError:
        return False
    return True


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _spec(column: MappedColumn | None) -> str:
    if column is None:
        return "false"
    specs = [[one.target.dotted or one.place, one.spec] if one.spec else one.target.dotted for one in column.all]
    return json.dumps(specs[0] if len(specs) == 1 else specs, ensure_ascii=False)


def _arrives(mapper: Mapper, column: MappedColumn, value: Any) -> str:
    try:
        data, references = mapper.build_one(column, value)
        if references:
            return repr(references[0].value)
        valid = mapper.shape.validated(data)
    except ValueRefused as error:
        return f"refused: {error}"
    except ValidationError as error:
        return f"refused: {explained(error, with_values=True)}"
    inner = next(iter(valid.values()), None)
    while isinstance(inner, dict) and len(inner) == 1:
        inner = next(iter(inner.values()))
    return str(inner) if not isinstance(inner, str) else repr(inner)


async def map_columns(
    source: Source,
    target: Target,
    options: LoadOptions,
) -> Mapped:
    """Maps the columns of a source; reads the workspace's labels only if they are needed.

    Raises `InputError` for wrong mappings, and any `TwentyError` of reading labels.
    """
    shape, names = target.catalogue.shape(target.type_name), target.names
    preset = read_preset(name) if (name := options.get("preset")) else None
    if preset is not None:
        preset.of(names.plural)
    labels: Labels | None = None
    mapper = await asyncio.to_thread(_mapper, source, shape, options, preset, names.plural, labels)
    if mapper.wants_labels or _unknown(mapper, source):
        labels = await read_labels(target.endpoint, names.singular)
        mapper = await asyncio.to_thread(_mapper, source, shape, options, preset, names.plural, labels)
    return Mapped(mapper, labels=labels, columns=source.columns or (), samples=source.samples(SAMPLES))


def _mapper(
    source: Source, shape: Shape, options: LoadOptions, preset: Preset | None, plural: str, labels: Labels | None
) -> Mapper:
    settings: dict[str, Any] = {
        "constants": options.get("constants"),
        "ignore": options.get("ignore", ()),
        "only": options.get("only"),
        "is_text": source.is_text,
        "skip_nulls": source.nulls_are_gaps if (nulls := options.get("nulls")) is None else nulls == "skip",
        "gaps": options.get("gaps", ()),
        "region": options.get("region"),
        "add_options": options.get("add_options", False),
        "promotes": options["mode"].only_new,
        "labels": labels,
    }
    if isinstance(source, CsvSource | ExcelSource):
        source.look(_recogniser(Mapper(shape, labels=labels), options, preset, plural))
    of_columns: FieldMapping | None = None
    if preset is not None:
        of_columns = preset.for_columns(plural, source.columns or ())
    mapper = Mapper(shape, options.get("mapping"), preset=of_columns, samples=source.samples(SAMPLES), **settings)
    for name in of_columns or ():
        # Transforms state their needs before the columns are checked.
        mapper.column(name)
    return mapper


def _recogniser(mapper: Mapper, options: LoadOptions, preset: Preset | None, plural: str) -> Any:
    """How certain it is that a text is the name of a column."""
    named = {*(options.get("mapping") or {}), *options.get("ignore", ())}

    @cache  # a source asks several times
    def recognise(name: str) -> int:
        if name in named or (preset is not None and preset.for_columns(plural, [name])):
            return 2
        return int(mapper.knows(name))

    return recognise


def _unknown(mapper: Mapper, source: Source) -> bool:
    """Whether there are columns that only a label can match."""
    for name in source.columns or ():
        if name in source.unnamed or name in source.doubled:
            continue
        try:
            mapper.column(name)
        except InputError:
            return True
    return bool(mapper.left_out)


async def learn_columns(source: Source, mapped: Mapped) -> None:
    """Shows the whole source to the transforms that need it.

    Raises `InputError` if they cannot decide, or if the rows can be read only once.
    """
    if not mapped.mapper.learns:
        return
    rows = source.again()
    if rows is None:
        # Unambiguous amounts are accepted; the others become rejects that say so.
        if mapped.mapper.adds_options:
            raise InputError(f"{source.name}: add_options must know all values first, and these rows come only once")
        return
    mapped.notes += await asyncio.to_thread(mapped.mapper.learn, _values(rows))


def _values(rows: Iterable[Row]) -> Iterator[Mapping[str, Any]]:
    return (row.values for row in rows if not row.problem)


async def add_missing_options(mapped: Mapped, endpoint: Endpoint) -> None:
    """Adds missing options to the picklists."""
    for name, new in mapped.mapper.new_options().items():
        assert mapped.labels is not None, "options are only missed where they were asked for"
        await add_options(endpoint, mapped.labels.fields[name], new)


def notes_of(source: Source, mapped: Mapped) -> list[str]:
    """All guesses, for the report."""
    notes = [f"{source.name}: {guess}" for guess in (*source.found, *source.guesses)]
    if source.is_copy:
        notes.append(f"{source.name}: was read once, into a copy, which was checked and then used")
    for column in [mapped_column for name in mapped.columns if (mapped_column := mapped.mapper.column(name))]:
        if column.guess:
            how = f" by {column.spec}" if column.spec else ""
            notes.append(f"column {column.name!r} goes to {column.place}{how} ({column.guess})")
    left_out = mapped.mapper.left_out
    if left_out:
        notes.append("left out: " + ", ".join(f"{name!r}" for name in left_out))
    return [*notes, *_whole_units(mapped), *_thousands(mapped), *mapped.notes]


def _thousands(mapped: Mapped) -> Iterator[str]:
    """Notes on columns of numbers whose decimal points may separate thousands: 1.234 is little more than one."""
    for name in mapped.columns:
        several = mapped.mapper.column(name)
        for column in several.all if several else ():
            if column.target.kind != "number" or column.transform is not None:
                continue
            fractions = [text for value in mapped.samples.get(name, ()) if "." in (text := str(value).strip())]
            if fractions and all(map(_THOUSANDS.fullmatch, fractions)):
                yield (
                    f"column {name!r}: {fractions[0]!r} is read as {float(fractions[0]):g}, with a decimal point; the "
                    "transform `number:,` reads points as thousands"
                )


def _whole_units(mapped: Mapped) -> Iterator[str]:
    """Notes on columns whose millionths look like whole units: 1500000 is 1.50."""
    for name in mapped.columns:
        several = mapped.mapper.column(name)
        for column in several.all if several else ():
            if column.plain_path[-1:] != ("amountMicros",) or column.transform is not None:
                continue
            texts = [str(value).strip() for value in mapped.samples.get(name, ())]
            amounts = [abs(int(text)) for text in texts if text.removeprefix("-").isdigit() and int(text)]
            if amounts and (any(amount % _CENT for amount in amounts) or max(amounts) < _SMALL):
                yield (
                    f"column {name!r} looks like whole units, and {column.place} counts millionths: {amounts[0]} "
                    f"arrives as {amounts[0] / MICROS:g}; the transforms `micros` and `money` convert whole units"
                )
