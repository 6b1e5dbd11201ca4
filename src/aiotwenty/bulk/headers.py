"""Finds the field of a header: by its name, by common names of fields, or by the values below it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aiotwenty.bulk.columns import WHOLE
from aiotwenty.bulk.fields import FieldPath, Shape
from aiotwenty.bulk.header_synonyms import by_name_or_unique, called, likely
from aiotwenty.bulk.source import InputError
from aiotwenty.bulk.transforms.base import Composite

_BY_THEIR_LOOKS: tuple[tuple[Composite, str], ...] = (
    ("emails", r"[^@\s;,]+@[^@\s;,]+\.[^@\s;,]+"),
    ("links", r"(https?://)?([a-z]+\.)?linkedin\.com/\S+"),
)
_OF_SOMEBODY_ELSE = re.compile(
    r"(?i)owner|manager|assign|creat|modif|updat|refer|invit|contacted|besitzer|betreuer|verantwort|inhaber|propri"
    r"|respons|\b(by|from|von|par|por|durch)\b"
)
"""Headers of columns with colleagues' addresses, which would look like the record's own."""
_SUGGESTED = 20
"""The most unknown names of a source for which similar names are looked up."""


class Headers:
    """Finds the fields of headers, for one object.

    `labels` are the workspace's, label to field; `samples` are the first values under each header, which decide about
    ambiguous names.
    """

    def __init__(
        self,
        shape: Shape,
        kinds: Mapping[str, Composite | None],
        labels: Mapping[str, str],
        samples: Mapping[str, Sequence[Any]],
    ) -> None:
        self._shape = shape
        self._kinds = kinds
        self._labels = labels
        self._samples = samples
        self._unknown_names = 0

    def target(self, name: str, *, guessing: bool) -> tuple[FieldPath, str]:
        """The field of that name, and the guess made about it. Raises `InputError` if there is none, or several."""
        meaning = self._meaning(name, guessing=guessing)
        if meaning is None:
            raise self._unknown(name)
        target, guess = meaning
        if guessing and target.path == ("position",) and not target.relation and self._has_words(name):
            # Every object has a field `position`, its place in lists; people write their job there.
            job = called(self._shape, "job title", self._labels)
            return (job, "by its values") if job else (target, guess)
        if guessing and target.relation and "." not in name and target.path[-1:] == ("primaryLinkUrl",):
            texts = [str(value) for value in self._samples.get(name, ()) if value]
            if texts and not any("." in text.strip(" .") and " " not in text.strip() for text in texts):
                return by_name_or_unique(self._shape, target.relation, by_name=True) or target, "by its values"
        return target, guess

    def is_known(self, name: str) -> bool:
        """Whether `target` would find a field; fast even for texts that are hardly names."""
        return self._meaning(name, guessing=True) is not None

    def _meaning(self, name: str, *, guessing: bool) -> tuple[FieldPath, str] | None:
        try:
            target = self._shape.find(name)
        except InputError:  # several: another way of naming may tell them apart
            target = None
        if target is not None:
            # A composite without a primary part, or a relation: the values show what is meant.
            bare = target.kind == "composite" and not target.relation and not self._shape.primary(target.path[0])
            return target, "made of parts" if guessing and bare else ""
        target = called(self._shape, name, self._labels)
        if target is None and guessing:
            target = self._by_values(name)
        return (target, "by a synonym") if target else None

    def _unknown(self, name: str) -> InputError:
        """An error with suggestions, which take time: there are none after the first names."""
        self._unknown_names += 1
        if self._unknown_names > _SUGGESTED:
            return InputError(f"{self._shape.type_name} has no field {name!r}")
        try:
            self._shape.resolve(name)
        except InputError as error:
            return InputError(str(error) + ("" if error.suggests else likely(self._shape, name, self._labels)))
        raise AssertionError(f"{name!r} is a field after all")

    def _has_words(self, name: str) -> bool:
        return any(not WHOLE.fullmatch(text) for text in self._texts(name))

    def _by_values(self, name: str) -> FieldPath | None:
        """The field of e-mail addresses or LinkedIn profiles, if the values are such and it is the only one."""
        texts = [] if _OF_SOMEBODY_ELSE.search(name) else self._texts(name)
        for kind, pattern in _BY_THEIR_LOOKS:
            if texts and all(re.fullmatch(pattern, text, re.IGNORECASE) for text in texts):
                names = [field for field, its in self._kinds.items() if its == kind]
                if kind == "links":
                    names = [field for field in names if "linkedin" in field.lower()]
                if len(names) == 1:
                    return self._shape.targets[names[0]]
        return None

    def _texts(self, name: str) -> list[str]:
        return [text for value in self._samples.get(name, ()) if (text := str(value).strip())]
