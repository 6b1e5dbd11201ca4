"""Errors about deliveries that are refused or not handled."""

# Public names, which say what happened rather than end in "Error".
# ruff: noqa: N818

from __future__ import annotations

from typing import ClassVar

from aiotwenty.errors import TwentyError


class WebhookRejected(TwentyError, ValueError):
    """A delivery that can't be trusted or understood. Respond with the status `answer`, and ignore it."""

    answer: ClassVar[int] = 401
    """The HTTP status of the response."""


class WebhookMalformed(WebhookRejected):
    """A body that Twenty doesn't send, although the signature is valid."""

    answer = 400


class WebhookReplayed(WebhookRejected):
    """A delivery that was received before."""

    answer = 409


class WebhookHandlerFailed(TwentyError):
    """A handler of the event failed. The cause is the first exception."""


class ReplayStoreFailed(TwentyError):
    """The store failed, so it is unknown whether the delivery is new. It is not accepted: the response is HTTP 503."""
