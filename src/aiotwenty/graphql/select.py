"""`Select`: a model whose fields are the selection."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import Any, ClassVar, Generic, TypeVar

from aiotwenty.errors import ConfigurationError
from aiotwenty.graphql.annotations import generic_argument
from aiotwenty.graphql.models import Record
from aiotwenty.graphql.object_facts import About
from aiotwenty.graphql.selection import Selection, UnresolvedName, selection_of_model

R = TypeVar("R", bound=Record)


class _Selectable(Record):
    """Base of models that are selections: they are checked when the class is defined."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        generic = cls.__pydantic_generic_metadata__
        if "_object" in cls.__dict__ or not cls.model_fields or generic["parameters"]:
            return
        record = selected_record(cls)
        if cls.__pydantic_fields_complete__ and record is not None and not _is_answer(cls, record):
            with suppress(UnresolvedName):
                selection_of(cls)


def _is_answer(model: type[Record], record: type[Record]) -> bool:
    """Whether a model was generated for the response to a user's operation, which may add any fields."""
    package = record.__module__.partition(".objects.")[0] if ".objects." in record.__module__ else ""
    return model.__module__.startswith(f"{package or record.__module__.rpartition('.')[0]}.")


class ObjectRecord(_Selectable):
    """Base of generated records. A subclass has its fields and those that it adds, such as relations."""

    _object: ClassVar[About]


class Select(_Selectable, Generic[R]):
    """What to read from a record: exactly the fields of the model.

        class Owner(Select[WorkspaceMember]):
            name: FullName | None

        class CompanyCard(Select[Company]):
            id: UUID
            name: str | None
            address: Address | None            # whole; or a part of it, as a Select[Address]
            account_owner: Owner | None        # a relation to one record
            people: list[Colleague]            # to many: always complete

        page = await twenty.companies.find_many(select=CompanyCard)

    Fields have their Python names, or those of GraphQL as their alias. Everything else is as in any pydantic model:
    methods, validators, computed fields, defaults, generics. To add something to all fields of a record, subclass the
    record instead: `class PersonAndCompany(Person): company: Company | None`.

    Each field is compared with the generated record when the class is defined: `ConfigurationError` for unknown names,
    for types that don't fit the schema, and for nullable fields without `None` in their type or a default, which
    replaces null.
    """


def is_selection(model: type[Record]) -> bool:
    """Whether a model is a selection: a subclass of `Select` or of a generated record."""
    return issubclass(model, _Selectable) and "_object" not in model.__dict__


def selected_record(model: type[Record]) -> type[Record] | None:
    """The generated record or composite that a model selects from, maybe itself; None if its argument is not set."""
    for base in model.__mro__:
        if "_object" in base.__dict__ and issubclass(base, ObjectRecord) and base is not ObjectRecord:
            return base
        if base is Select:
            record = generic_argument(model, Select)
            if isinstance(record, TypeVar):
                return None
            if not (isinstance(record, type) and issubclass(record, Record)):
                raise ConfigurationError(f"{model.__name__}: Select takes a generated record, not {record!r}.")
            return record
    return model if issubclass(model, Record) else None


@lru_cache(maxsize=4096)
def selection_of(model: type[Record]) -> Selection:
    """The selection of a model. Raises `ConfigurationError` for its mistakes."""
    record = selected_record(model)
    if record is None:
        raise ConfigurationError(f"{model.__name__} does not say of what it selects: subclass Select[...].")
    return selection_of_model(model, record, selected_record)
