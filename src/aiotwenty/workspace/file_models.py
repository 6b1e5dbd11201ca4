"""Files as an upload gives them, and as records hold them."""

from __future__ import annotations

from typing import Protocol

from aiotwenty.errors import ConfigurationError
from aiotwenty.graphql.composites import FileReference
from aiotwenty.graphql.models import UUID, DateTime, Record


class HasUrl(Protocol):
    """A file, as returned by an upload or by a record."""

    @property
    def url(self) -> str | None:
        """Its signed address."""
        ...


class UploadedFile(Record):
    """A file that the server has taken."""

    id: UUID | None = None
    """None on servers of 2025, where `path` and `token` name the file."""
    path: str
    url: str | None = None
    """The signed URL, valid for a day (Twenty, July 2026). `repr` leaves out what it is signed with."""
    token: str | None = None
    size: int | float | None = None
    created_at: DateTime | None = None
    label: str = ""
    """Its name."""

    @property
    def reference(self) -> FileReference:
        """An item of the list that a field of type FILES takes."""
        if self.id is None:
            raise ConfigurationError("this server has no fields of type FILES: Attachment.fullPath takes the path.")
        return FileReference(fileId=str(self.id), label=self.label)


class AttachedFile(Record):
    """A file that is attached to a record."""

    id: UUID
    """Of the attachment."""
    name: str
    file: UploadedFile
