"""Headers of every request other than the key: the user agent, and headers for a gateway before Twenty."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from aiotwenty.errors import InvalidArgument
from aiotwenty.settings import Hidden, hide, plain
from aiotwenty.transport.answer_body import ACCEPTED
from aiotwenty.version import __version__

if TYPE_CHECKING:
    from pydantic import SecretStr

PRODUCT = f"aiotwenty/{__version__} (python; aiohttp)"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_APPLICATION = re.compile(r"[\x21-\x7e]+/[\x21-\x7e]+( [\x20-\x7e]*)?")
_OURS = {
    "authorization": ": pass the API key as api_key",
    **dict.fromkeys(
        ("accept", "accept-encoding", "content-type", "content-length", "transfer-encoding", "connection"), ""
    ),
}
"""Headers that the client sets itself, with the alternative for the caller."""
_TELLING = re.compile(r"(?i)auth|token|secret|key|cookie|pass|sess|sign|cred")
_LONG = 20
"""Values of at least this length count as secrets, whatever the name."""


class RequestHeaders:
    """The headers of all requests, checked once.

    `own` are the caller's, whose values may be `SecretStr`s. `application` is the name of a program, which precedes the
    client's in `User-Agent`; one in the caller's session (`of_session`) is kept instead. Raises `InvalidArgument` for
    headers that can't be sent, and never repeats a value.
    """

    def __init__(
        self,
        own: Mapping[str, str | SecretStr] | None = None,
        application: str | None = None,
        of_session: Iterable[str] = (),
    ) -> None:
        checked = _checked(own or {})
        self.elsewhere = {"Accept": "application/json", "Accept-Encoding": ACCEPTED}
        """Headers for other servers than the workspace's, such as those that store its files."""
        product = PRODUCT if application is None else f"{_checked_application(application)} {PRODUCT}"
        if application is not None and "User-Agent" in checked:
            raise InvalidArgument("headers: pass User-Agent or `application`, not both.")
        if application is not None or "user-agent" not in {name.lower() for name in of_session}:
            self.elsewhere["User-Agent"] = product
        self.all = {**self.elsewhere, **checked}
        self.secrets = tuple(
            value.encode("latin-1") for name, value in checked.items() if _TELLING.search(name) or len(value) >= _LONG
        )
        """The values that no error may show, even if the server or a gateway echoes them."""


def _checked(headers: Mapping[str, str | SecretStr]) -> dict[str, str]:
    if not isinstance(headers, Mapping):
        raise InvalidArgument("headers must be a mapping of names to values.")
    checked: dict[str, str] = {}
    for name, value in headers.items():
        if not (isinstance(name, str) and _NAME.fullmatch(name)):
            raise InvalidArgument("headers: a name is not a valid header name.")
        if name.lower() in _OURS:
            raise InvalidArgument(f"headers: {name} is set by the client{_OURS[name.lower()]}.")
        if name.lower() in map(str.lower, checked):
            raise InvalidArgument(f"headers: {name} is given twice.")
        text = value = hide(plain(value))
        if not (isinstance(text, str) and _VALUE.fullmatch(text)):
            raise InvalidArgument(f"headers: the value of {name} is not a string without line breaks.")
        checked["User-Agent" if name.lower() == "user-agent" else name] = Hidden(text)
    return checked


def _checked_application(name: str) -> str:
    if isinstance(name, str) and len(name) <= 200 and _APPLICATION.fullmatch(name):
        return name.rstrip()
    raise InvalidArgument('application must be the name and version of a program, such as "importer/1.0".')
