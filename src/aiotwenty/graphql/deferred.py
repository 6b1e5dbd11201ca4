"""Models that are built at their first use."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Deferred(BaseModel):
    """Base of models that are built at their first use: importing hundreds of them takes little time.

    A subclass that adds fields to one with fields is built at once.
    """

    model_config = ConfigDict(defer_build=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if cls.model_fields:
            # Left in the configuration, it would also defer every `TypeAdapter` of the model, and FastAPI's warn then.
            cls.model_config.pop("defer_build", None)
