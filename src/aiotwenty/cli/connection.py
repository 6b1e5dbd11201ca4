"""The client of every command, and the options for its connection, which can stand before or after a command."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, Literal, ParamSpec, TypeAlias, TypeVar

import typer

from aiotwenty.errors import AuthenticationError

if TYPE_CHECKING:
    from aiotwenty.client import Client
    from aiotwenty.transport.hooks import Hooks
    from aiotwenty.transport.rate_limit import RateLimit

P = ParamSpec("P")
T = TypeVar("T")

_PANEL = "Connection"

Profile: TypeAlias = Annotated[
    str | None, typer.Option("--profile", help="A workspace stored by `aiotwenty login`.", rich_help_panel=_PANEL)
]
Timeout: TypeAlias = Annotated[
    float | None, typer.Option("--timeout", help="Timeout of a request in seconds.", min=0.001, rich_help_panel=_PANEL)
]
Rate: TypeAlias = Annotated[
    str | None,
    typer.Option("--rate-limit", help="Requests per seconds, such as 100/60; or auto, none.", rich_help_panel=_PANEL),
]
Verbose: TypeAlias = Annotated[
    bool, typer.Option("--verbose", "-v", help="Print each request on standard error.", rich_help_panel=_PANEL)
]


@dataclass
class Chosen:
    """The options of the connection."""

    profile: str | None = None
    timeout: float | None = None
    rate_limit: str | None = None
    verbose: bool = False


chosen = Chosen()


def choose(profile: str | None, timeout: float | None, rate_limit: str | None, verbose: bool) -> None:
    """Stores the passed options; the others keep their earlier values."""
    chosen.profile = profile if profile is not None else chosen.profile
    chosen.timeout = timeout if timeout is not None else chosen.timeout
    chosen.rate_limit = rate_limit if rate_limit is not None else chosen.rate_limit
    chosen.verbose = verbose or chosen.verbose
    limit_of(chosen.rate_limit)


def forget() -> None:
    """Resets the options for another command line."""
    vars(chosen).update(vars(Chosen()))


def connects(command: Callable[P, T]) -> Callable[P, T]:
    """Adds the options of the connection to a command, and stores them. The command itself does not receive them."""
    signature = inspect.signature(command, eval_str=True)
    own = list(signature.parameters.values())
    options: dict[str, tuple[Any, Any]] = {
        "profile": (Profile, None),
        "timeout": (Timeout, None),
        "rate_limit": (Rate, None),
        "verbose": (Verbose, False),
    }
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in options.items()
    ]

    @wraps(command)
    def connected(*args: P.args, **keywords: P.kwargs) -> T:
        chosen: dict[str, Any] = {name: keywords.pop(name, default) for name, (_, default) in options.items()}
        choose(**chosen)
        return command(*args, **keywords)

    connected.__signature__ = signature.replace(parameters=[*own, *more])  # type: ignore[attr-defined]
    connected.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *more)}
    return connected


class NoKeyError(AuthenticationError):
    """There is no API key."""


def connect(*hooks: Hooks, kind: type[Client] | None = None) -> Client:
    """A client of the workspace that the command line, the environment or the configuration names.

    It is a bare `Client`, without namespaces for the standard objects, unless `kind` is another class.

    A --profile comes first, then TWENTY_API_URL and TWENTY_API_KEY of the environment and of .env, then the default
    profile. An address and a key of different sources are never combined. Raises `NoKeyError`, and
    `ConfigurationError`.
    """
    from aiotwenty.cli.profiles import Profiles, stored_key
    from aiotwenty.client import Client
    from aiotwenty.settings import environment

    url, key = environment()
    settings: dict[str, Any] = {}
    profiles = Profiles.read()
    name = chosen.profile or (profiles.default if url is None and key is None else None)
    if name is not None:
        settings = dict(profiles.named(name))
        url, key = settings.pop("url"), stored_key(name)
        if key is None:
            raise NoKeyError(f"profile {name!r} has no stored key: run aiotwenty login --profile {name}.")
    elif key is None:
        raise NoKeyError(
            "no API key: run `aiotwenty login`, or set TWENTY_API_KEY in the environment or in .env. "
            "Create keys in Twenty under Settings, APIs & Webhooks."
        )
    rate = chosen.rate_limit or settings.get("rate_limit")
    return (kind or Client)(
        url,
        api_key=key,
        trust_env=True,
        timeout=chosen.timeout or settings.get("timeout") or 30.0,
        rate_limit=limit_of(rate),
        hooks=_with_log(hooks),
    )


def has_workspace() -> bool:
    """Whether there is an address or a key to connect with."""
    from aiotwenty.cli.profiles import Profiles
    from aiotwenty.settings import environment

    return environment()[1] is not None or (chosen.profile or Profiles.read().default) is not None


def limit_of(text: str | None) -> Literal["auto"] | RateLimit | None:
    """`100/60` or `100/60s` as a limit. Raises `BadParameter`."""
    if text in (None, "auto"):
        return "auto"
    if text == "none":
        return None
    from aiotwenty.transport.rate_limit import RateLimit

    match = re.fullmatch(r"(\d+)/(\d+(?:\.\d+)?)s?", str(text))
    if match is None or not int(match[1]) or not float(match[2]):
        raise typer.BadParameter(f"{text!r} is not REQUESTS/SECONDS, such as 100/60", param_hint="--rate-limit")
    return RateLimit(int(match[1]), per=float(match[2]))


def _with_log(hooks: Sequence[Hooks]) -> Sequence[Hooks]:
    if not chosen.verbose:
        return hooks
    from aiotwenty.cli.wording import request_log

    return [*hooks, request_log()]
