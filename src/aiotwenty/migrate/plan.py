"""A plan: loads several sources into several objects, ordered by their relations."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    create_model,
)
from pydantic_core import PydanticCustomError

from aiotwenty.bulk.journal import Journal
from aiotwenty.bulk.modes import Insert, Upsert
from aiotwenty.bulk.options import CONCURRENCY, LoadSettings, RunOptions, load_options, types_of
from aiotwenty.bulk.report import OnProgress
from aiotwenty.bulk.source import InputError
from aiotwenty.bulk.target import Target
from aiotwenty.bulk.workspace_catalogue import serve_catalogue
from aiotwenty.client import Client
from aiotwenty.graphql.annotations import alternatives
from aiotwenty.graphql.input_problems import explained
from aiotwenty.migrate.steps import Step, StepReport, run_steps


def _spelt(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(value)
    except ValidationError:
        raise PydanticCustomError("spec", 'a column must be "field", ["field", "transform"] or false') from None


ColumnSpec = Annotated[
    str | Annotated[list[str | list[str]], Field(min_length=1)] | Literal[False], WrapValidator(_spelt)
]


class Entry(BaseModel):
    """A `[[load]]` of a plan. It has further keys, the options of a load: see `entry_model`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    object: str
    source: str
    mapping: dict[str, ColumnSpec] = {}
    rejects: str | None = None


def _in_toml(hint: Any) -> Any:
    """The type of an option in TOML: lists and tables for iterables and mappings."""
    return Union[tuple(_plain(kind) for kind in alternatives(hint) if kind is not Path)]  # noqa: UP007


def _plain(kind: Any) -> Any:
    if get_origin(kind) is Mapping:
        return dict[get_args(kind)]  # type: ignore[misc]
    return list[get_args(kind)] if get_origin(kind) in (Iterable, Collection, Sequence) else kind  # type: ignore[misc]


@cache
def entry_model() -> type[Entry]:
    """The model of an entry with all options for one source. Options that it leaves out have the defaults of a load."""
    own = {*Entry.model_fields, *RunOptions.__annotations__}
    options: dict[str, Any] = {
        name: (_in_toml(hint), None) for name, hint in types_of(LoadSettings).items() if name not in own
    }
    return create_model("Entry", __base__=Entry, **options)


async def load_plan(
    client: Client,
    plan: str | Path,
    *,
    journal: str | Path | Journal | None = None,
    concurrency: int = CONCURRENCY,
    on_progress: OnProgress | None = None,
    dry_run: bool = False,
) -> list[StepReport]:
    """Runs a plan from a TOML file.

    It has a list of `[[load]]` with `object` and `source` (relative to the plan), and options of `load`: `key`,
    `upsert`, `mapping` (`Revenue = ["annualRevenue.amountMicros", "micros"]`, `Notes = false`), `constants`, `ignore`,
    `nulls`, `malformed`, `encoding`, `delimiter`, `skip_lines`, `sheet`, `gaps`, `preset`, `region`, `create_missing`,
    `add_options`, `replace`, `rejects`. The order doesn't matter: objects that others refer to are loaded first. If
    objects refer to each other in a circle, relations are set by a second pass over those rows, which then need a `key`
    or an `id`.

    Raises `InputError` for invalid input in any of the sources, before anything is sent.
    """
    path = Path(plan)
    entries = read_plan(path)
    endpoint = client._endpoint("graphql")
    catalogue = await serve_catalogue(endpoint)
    steps: list[Step] = []
    for number, entry in enumerate(entries, 1):
        try:
            steps.append(_step(path.parent, entry, Target.named(endpoint, catalogue, entry.object), steps))
        except InputError as error:
            raise InputError(f"{path}, load {number}: {error}") from None
    return await run_steps(
        steps,
        journal=journal,
        concurrency=concurrency,
        on_progress=on_progress,
        dry_run=dry_run,
    )


def read_plan(path: Path) -> list[Entry]:
    """The loads of a plan. Raises `InputError` if the file is missing, is not TOML, or has invalid keys or values."""
    try:
        plan = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}") from None
    entries = plan.pop("load", None)
    if plan or not isinstance(entries, list) or not entries:
        unknown = f"; there is no place for {', '.join(plan)} outside of them" if plan else ""
        raise InputError(f"{path}: a plan is a list of [[load]] with object and source{unknown}")
    return [_entry(f"{path}, load {number}", table) for number, table in enumerate(entries, 1)]


def _entry(where: str, table: Any) -> Entry:
    try:
        return entry_model().model_validate(table)
    except ValidationError as error:
        raise InputError(f"{where}: {explained(error, entry_model(), with_values=True, noun='setting')}") from None


def _step(folder: Path, entry: Entry, target: Target, before: Sequence[Step]) -> Step:
    names, source = target.names, entry.source
    rows = source if source == "-" or "://" in source else folder / source
    settings = entry.model_dump(exclude=set(Entry.model_fields), exclude_unset=True)
    times = sum(step.target.type_name == names.type_name and step.rows == rows for step in before)
    if times:
        if not settings.get("key"):
            raise InputError(f"{source} makes {names.plural} once more; without a key they would be the same records")
        source += f" ({times + 1})"
    mapping = {column: spec or None for column, spec in entry.mapping.items()}
    mode = Upsert() if settings.pop("upsert", False) else Insert()
    options = load_options(mode, {**settings, "mapping": mapping or None, "source": source})
    rejects = folder / entry.rejects if entry.rejects else None
    return Step(target, rows, options, rejects, f"{names.plural} from {source}")
