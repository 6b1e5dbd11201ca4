"""Writes the data model to a file, and creates its missing parts in another workspace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from aiotwenty.bulk.output import replacing
from aiotwenty.bulk.source import InputError
from aiotwenty.client import Client
from aiotwenty.errors import TwentyError
from aiotwenty.migrate.merged_model import MergedModel, told
from aiotwenty.workspace.data_model import Object
from aiotwenty.workspace.model.apply import Applying, Watch
from aiotwenty.workspace.model.plan import ModelChange
from aiotwenty.workspace.model.reading import read_state

MODEL_FILE = "model.json"
Tell = Callable[[str], object]
_OBJECTS = TypeAdapter(list[Object])


def write_model(folder: Path, model: Sequence[Object]) -> None:
    """Writes the objects with their fields to `model.json`."""
    with replacing(folder / MODEL_FILE) as part:
        part.write_bytes(to_json([of.model_dump(mode="json", by_alias=True) for of in model], indent=1))


def read_model(folder: Path) -> list[Object]:
    """The objects in `model.json`. Raises `InputError`."""
    path = folder / MODEL_FILE
    try:
        return _OBJECTS.validate_json(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; is {folder} the export of a whole workspace?") from None
    except ValidationError as error:
        raise InputError(f"{path}: is not a data model ({error.error_count()} errors)") from None


class MissingParts(Watch):
    """Creates the objects, options and fields of a model that a workspace lacks, and updates those that it has.

    `made` has the parts that could be created, `not_made` those that could not, with the error: one failure doesn't
    stop the rest. Parts that only this workspace has stay.
    """

    apart = True

    def __init__(self, client: Client, model: list[Object], tell: Tell) -> None:
        self._client = client
        self._model = model
        self._tell = tell
        self.made: list[str] = []
        self.here: list[Object] = []
        """The model of this workspace after `make`."""
        self.not_made: dict[str, TwentyError] = {}
        self.left_alone: list[str] = []
        """Differences that stay: standard objects of a server of another version, and fields of another type."""

    async def make(self) -> None:
        """Changes the workspace as `aiotwenty model apply` does, but removes nothing."""
        merged = MergedModel(self._model, await read_state(self._client.workspace, system=True))
        self.left_alone = merged.left_alone
        state = await Applying(merged.plan, self._client.workspace, self._client, self, system=True).run(())
        self.here = list(state.objects.values())

    def done(self, change: ModelChange) -> None:
        self.made.append(told(change))
        self._tell(told(change))

    def failed(self, change: ModelChange, error: TwentyError) -> None:
        self.not_made[told(change)] = error
