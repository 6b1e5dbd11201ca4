"""Models that are built when they are first used."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Deferred(BaseModel):
    """Base of models that are built when they are first used: importing hundreds of them costs little.

    One that adds to a model with fields is built at once.
    """

    model_config = ConfigDict(defer_build=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if cls.model_fields:
            # It has done its work. What stays in the configuration makes a `TypeAdapter` of the model wait as well, and
            # those of FastAPI warn if they do.
            cls.model_config.pop("defer_build", None)
