"""Why a delivery is refused or not worked on."""

# The names are those of the public interface, which says what happened rather than "...Error".
# ruff: noqa: N818

from __future__ import annotations

from typing import ClassVar

from aiotwenty.errors import TwentyError


class WebhookRejected(TwentyError, ValueError):
    """A delivery that is not to be trusted or not understood. Answer with `answer` and do nothing else with it."""

    answer: ClassVar[int] = 401
    """The HTTP status to answer with."""


class WebhookMalformed(WebhookRejected):
    """A delivery that is no delivery of Twenty's, whoever signed it."""

    answer = 400


class WebhookReplayed(WebhookRejected):
    """A delivery that was received before."""

    answer = 409


class WebhookHandlerFailed(TwentyError):
    """A function that an event was given to has failed. The first one's exception is the cause."""


class ReplayStoreFailed(TwentyError):
    """A store could not say whether a delivery is new. It is not taken: whoever sent it is told so with HTTP 503."""
