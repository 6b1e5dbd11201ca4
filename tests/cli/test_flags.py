"""The flags of the commands for bulk work are the options of its functions, in their words."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from aiotwenty import Twenty, bulk
from aiotwenty.bulk.options import ExportOptions, LoadSettings, RemoveOptions, UpdateOptions, described
from aiotwenty.cli import bulk as commands
from aiotwenty.cli.options import FLAGS
from aiotwenty.migrate.plan import entry_model

FOR_PROGRAMS = {"on_progress", "source"}
COMMANDS: dict[str, tuple[Any, Any]] = {
    "load": (commands.load, LoadSettings),
    "update": (commands.update, UpdateOptions),
    "delete": (commands.delete, RemoveOptions),
    "destroy": (commands.destroy, RemoveOptions),
    "export": (commands.export, ExportOptions),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_a_flag_for_each_option_that_can_be_typed(name: str) -> None:
    command, options = COMMANDS[name]
    assert options.__annotations__.keys() - FOR_PROGRAMS <= inspect.signature(command).parameters.keys()


def test_a_plan_says_of_a_source_whatever_can_be_said_of_a_load() -> None:
    run = {"batch_size", "concurrency", "dry_run", "journal", "max_bytes", "on_progress"}
    assert LoadSettings.__annotations__.keys() - run <= entry_model().model_fields.keys()


@pytest.mark.parametrize("options", [LoadSettings, ExportOptions])
def test_each_option_says_what_it_is(options: Any) -> None:
    for name in options.__annotations__:
        assert described(options, name).endswith(".")


def test_there_is_no_flag_without_an_option() -> None:
    assert FLAGS.keys() <= LoadSettings.__annotations__.keys() | ExportOptions.__annotations__.keys()


async def test_an_option_that_there_is_not_is_refused_with_the_one_that_may_be_meant() -> None:
    misspelt: Any = {"ignor": ["Notes"]}
    async with Twenty("http://127.0.0.1:9", api_key="unused") as twenty:
        with pytest.raises(TypeError, match=r"there is no option 'ignor' of bulk work \(did you mean 'ignore'\?\)"):
            await bulk.load(twenty.companies, [], **misspelt)
        inside: Any = {"mode": "upsert"}
        with pytest.raises(TypeError, match="there is no option 'mode' of bulk work"):
            await twenty.companies.load([], **inside)
