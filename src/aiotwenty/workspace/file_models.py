"""Files as uploads return them, and as records have them."""

from __future__ import annotations

from typing import Protocol

from aiotwenty.errors import ConfigurationError
from aiotwenty.graphql.composites import FileReference
from aiotwenty.graphql.models import UUID, DateTime, Record


class HasUrl(Protocol):
    """A file, as returned by an upload or by a record."""

    @property
    def url(self) -> str | None:
        """The signed address."""
        ...


class UploadedFile(Record):
    """A file that was uploaded."""

    id: UUID | None = None
    """None on servers of 2025, where `path` and `token` identify the file."""
    path: str
    url: str | None = None
    """The signed URL, valid for a day (Twenty, July 2026). `repr` leaves out the signature."""
    token: str | None = None
    size: int | float | None = None
    created_at: DateTime | None = None
    label: str = ""
    """The name of the file."""

    @property
    def reference(self) -> FileReference:
        """An item of a field of type FILES."""
        if self.id is None:
            raise ConfigurationError("this server has no fields of type FILES: Attachment.fullPath takes the path.")
        return FileReference(fileId=str(self.id), label=self.label)


class AttachedFile(Record):
    """A file that is attached to a record."""

    id: UUID
    """The id of the attachment."""
    name: str
    file: UploadedFile
