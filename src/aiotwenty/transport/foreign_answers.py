"""Responses that are not from Twenty's API, but from proxies, firewalls, load balancers, or other addresses."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from aiotwenty.errors import EXCERPT, ApiError, InvalidInput, RateLimited, Reason, UnexpectedResponse
from aiotwenty.transport.exchange import Reply

BODY_LIMIT = 10_000_000
"""Larger requests, in bytes, are refused with HTTP 500 (Twenty, July 2026)."""

_TELLING = ("Server", "Via", "CF-Ray", "WWW-Authenticate", "Proxy-Authenticate")
"""Headers that identify the sender and its demands."""
_PAGE = 20_000
"""Characters of a page in which its text is searched."""
_SHOWN = 200
"""The most characters of the text in a message."""
_ADVICE = {
    401: "It requires its own credentials, not the API key: let it pass the API, or give `session` an "
    "aiohttp session that has them.",
    403: "A firewall may block the content of a request, or its origin: see its log.",
    404: "Check the base URL: it must be the address of the workspace, without /graphql.",
    407: "Put user and password into the proxy's address.",
    413: "The request has {size}: send less at once.",
    429: "Send less, or less often: this is not Twenty's own limit.",
}
_DOWN = "The server behind it may be down or too slow; the request may have reached it."


def foreign(reply: Reply, *, parsed: bool, answer: object) -> UnexpectedResponse | ApiError:
    """The error for a response that is not Twenty's. `parsed` says whether it is JSON, `answer` is the value."""
    if reply.request_bytes > BODY_LIMIT and reply.status == 500:
        return too_large(reply)
    body = reply.body[:EXCERPT].decode("utf-8", "replace")
    text = page_text(reply.body) if not parsed else body
    truncated = not parsed and reply.status < 300 and reply.body.lstrip()[:1] in (b"{", b"[")
    kind = _kind(reply, parsed, truncated)
    if reply.status >= 400 and not _from_twenty(reply):
        message = f"HTTP {reply.status} with {kind}: it comes from a proxy or firewall"
        message += f" ({headers})." if (headers := "; ".join(f"{n}: {v}" for n, v in _headers(reply).items())) else "."
        advice = _ADVICE.get(reply.status) or (_DOWN if reply.status >= 500 else "")
        message += f" {advice.format(size=_size(reply))}" if advice else ""
    else:
        message = (
            f"HTTP {reply.status} with {kind}. Check the address of the workspace, and that the server is running."
        )
    if text:
        message += f" It says: {text[:_SHOWN]!r}"
    if waiting := asked_to_wait(reply):
        message += f" {waiting}"
    if reply.status == 429:
        limited = RateLimited(message, status=429, errors=[{"message": text or message}])
        limited.reason, limited.said, limited.retry_after = Reason.RATE_LIMIT, text, retry_after(reply)
        return limited
    error = UnexpectedResponse(message, status=reply.status, content_type=reply.content_type, body=body)
    error.headers, error.text = _headers(reply), text
    error.truncated = truncated or (not reply.body and reply.status == 200)
    error.retry_after = retry_after(reply)
    return error


def too_large(reply: Reply) -> InvalidInput:
    """The error for a body of more than 10 MB, which Twenty refuses with HTTP 500, older servers without a message."""
    message = f"the server refused a request of {_size(reply)}, and takes 10 MB: send less at once."
    error = InvalidInput(message, status=reply.status, errors=[{"message": "request entity too large"}])
    error.reason, error.said = Reason.TOO_LARGE, "request entity too large"
    error.allowed = BODY_LIMIT
    return error


def _size(reply: Reply) -> str:
    return f"{reply.request_bytes / 1e6:.1f} MB" if reply.request_bytes else "more bytes than that"


def _kind(reply: Reply, parsed: bool, truncated: bool) -> str:
    if not reply.body:
        return "an empty body"
    if truncated:
        return "incomplete or malformed JSON"
    if not parsed:
        return f"no JSON but {reply.content_type or 'an unnamed type'}"
    return "JSON that is not a response of Twenty" if reply.is_json else f"JSON labelled as {reply.content_type}"


def _from_twenty(reply: Reply) -> bool:
    """Whether the server identifies itself as in all responses of Twenty (July 2026)."""
    return reply.headers.get("X-Powered-By") == "Express"


def _headers(reply: Reply) -> dict[str, str]:
    return {name: reply.headers[name][:_SHOWN] for name in _TELLING if name in reply.headers}


def retry_after(reply: Reply) -> float | None:
    """The seconds of `Retry-After`, which has a number or a date."""
    value = reply.headers.get("Retry-After", "").strip()
    if not value:
        return None
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value):
        return float(value)
    when = date_of(value)
    return None if when is None else max(0.0, (when - datetime.now(UTC)).total_seconds())


def date_of(text: str) -> datetime | None:
    """The time in a header such as `Date`, in whole seconds; None for other text."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def asked_to_wait(reply: Reply) -> str:
    """A sentence about `Retry-After`; empty for less than a second."""
    seconds = retry_after(reply) or 0.0
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        if (count := round(seconds / length)) and seconds >= 0.99 * length:
            name = f"a{'n' if unit == 'hour' else ''} {unit}" if count == 1 else f"{count:,} {unit}s"
            return f"It asked to wait {name}."
    return ""


def page_text(body: bytes) -> str:
    """The words of a page on one line, without tags, scripts and styles."""
    from html import unescape  # brings all named characters of HTML: only for a page

    first, *parts = body[: 4 * _PAGE].decode("utf-8", "replace")[:_PAGE].split("<")
    words, hidden = [first], False
    # Not html.parser, which takes minutes for a page of unclosed tags.
    for part in parts:
        tag, _, text = part.partition(">")
        name = tag.partition(" ")[0].lower()
        if name in ("script", "style", "/script", "/style"):
            hidden = not name.startswith("/")
        if not hidden:
            words.append(text)
    return " ".join(unescape(" ".join(words)).split())[:EXCERPT]
