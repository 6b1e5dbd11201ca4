"""Decides the entity that each root field of /metadata is about. The field's operation is in a file of that name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from graphql import GraphQLField, GraphQLNamedType, GraphQLObjectType, GraphQLSchema, get_named_type

from aiotwenty.graphql.names import snake_case, words
from aiotwenty.graphql.relations import connection_node, object_fields

VERBS = words(
    """
    activate add answer apply archive assign authorize cancel check checkout complete compute create deactivate
    delete destroy disable download duplicate edit email enable end evaluate execute find generate get
    impersonate initiate install invite list load preview publish refresh remove rename renew request resend
    reset resolve retry revoke rotate run save search send set setup sign skip start stop submit switch sync
    track transfer trigger unarchive uninstall update upgrade upload upsert validate verify
    """
)
_QUALIFIERS = words("current many my one queued resource")

# Root fields without an entity have a topic, told by words of their names.
_TOPICS = {
    word: topic
    for topic, named in {
        "billing": "billing checkout credit payment plans subscription",
        "campaign": "campaign audience",
        "chat_message": "chat",
        "dashboard": "chart dashboard",
        "email": "caldav email imap smtp",
        "enterprise": "enterprise",
        "event_stream": "event stream",
        "invitation": "invitations invite",
        "onboarding": "onboarding",
        "place": "address place",
        "sign_in": "authorize factor idp impersonate login otp password sso token tokens",
        "usage": "analytics usage",
    }.items()
    for word in named.split()
}


def files_of(schema: GraphQLSchema, roots: Mapping[tuple[str, str], GraphQLField]) -> dict[tuple[str, str], str]:
    """The file of each root field, by kind and name. It is called after the entity in the field's name, or the returned
    entity, or the topic.

    An entity with a single operation shares the file of another entity whose name is part of its own.
    """
    entities = RootEntities(type_.name for type_ in schema.type_map.values() if "id" in object_fields(type_))
    files: dict[tuple[str, str], str] = {}
    for (kind, name), field in roots.items():
        returned = _given(field)
        entity = entities.named_in(name) or (
            returned and (returned if returned in entities.files else entities.named_in(returned))
        )
        files[kind, name] = entities.files[entity] if entity else _topic(name, returned)
    counts = Counter(files.values())
    for key, file in files.items():
        if counts[file] == 1:
            files[key] = entities.within(file, [other for other, count in counts.items() if count > 1]) or file
    return files


class RootEntities:
    """The types with an id of their own, looked up in other names.

    A type whose name begins with a verb (`ValidatePasswordResetToken`) is the response of an action, not an entity.
    """

    def __init__(self, names: Iterable[str]) -> None:
        files = {name: snake_case(name.removesuffix("DTO").removesuffix("Public") or name) for name in names}
        self.files = {name: file for name, file in files.items() if file.split("_")[0] not in VERBS}
        self._words = {tuple(snake_case(name).split("_")): name for name in self.files}

    def named_in(self, text: str) -> str | None:
        """The longest name of an entity in another name, in singular or plural."""
        parts = [_singular(part) for part in snake_case(text).split("_")]
        spans = [(start, end) for start in range(len(parts)) for end in range(len(parts), start, -1)]
        for start, end in sorted(spans, key=lambda span: span[0] - span[1]):
            if entity := self._words.get(tuple(parts[start:end])):
                return entity
        return None

    def within(self, file: str, others: Iterable[str]) -> str | None:
        """The longest of the other files' names that is a part of this one's."""
        held = [other for other in others if f"_{other}_" in f"_{file}_" and other != file]
        return max(held, key=len, default=None)


def _given(field: GraphQLField) -> str | None:
    """The type of the records that a root field returns, singly or in a page."""
    named: GraphQLNamedType = get_named_type(field.type)
    named = connection_node(named) or named
    return named.name if isinstance(named, GraphQLObjectType) else None


def _topic(root: str, given: str | None) -> str:
    parts = [*snake_case(root).split("_"), *snake_case(given or "").split("_")]
    if topic := next((_TOPICS[part] for part in parts if part in _TOPICS), None):
        return topic
    kept = [part for part in snake_case(root).split("_") if part not in VERBS | _QUALIFIERS]
    return "_".join(kept) or snake_case(root)


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word
