"""`aiotwenty doctor`: checks of the connection, with advice."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import platform
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import mktime_tz, parsedate_tz
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from aiotwenty.cli.connection import NoKeyError, chosen, connect, connects
from aiotwenty.cli.exit_codes import ExitCode
from aiotwenty.cli.output import Output, OutputOption, folded, piped, print_rows
from aiotwenty.cli.profiles import Profiles
from aiotwenty.cli.wording import said
from aiotwenty.errors import AuthenticationError, ConfigurationError, PermissionDenied, TwentyError
from aiotwenty.settings import environment

if TYPE_CHECKING:
    from aiotwenty.client import Client

_LIBRARIES = ("gql", "graphql-core", "aiohttp", "pydantic", "ariadne-codegen", "typer")
_CLOCK = 30.0
"""The most seconds between two clocks; beyond, signatures and expiries are judged wrongly."""
_CONFIG = Path("codegen.toml")
_SOON = 14 * 86_400
_COLUMNS = ("check", "state", "result", "advice")


class Health(StrEnum):
    """The result of a check."""

    FINE = "ok"
    LOOK = "warning"
    WRONG = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """A check with its result, and what to do."""

    check: str
    state: Health
    result: str
    advice: str = ""
    code: ExitCode = ExitCode.FAILED


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(connects(doctor))


def doctor(output: OutputOption = Output.TABLE) -> None:
    """Check the connection, and print what to do.

    Exit code 0 if all is well, 3 for an invalid key, 4 if only the generated client is out of date, else 1.
    """
    findings = asyncio.run(_examine(_CONFIG.exists()))
    if output is Output.TABLE and not piped():
        for finding in findings:
            mark, colour = {
                Health.FINE: ("✓", typer.colors.GREEN),
                Health.LOOK: ("!", typer.colors.YELLOW),
                Health.WRONG: ("✗", typer.colors.RED),
                Health.SKIPPED: ("-", typer.colors.BRIGHT_BLACK),
            }[finding.state]
            result = folded(f"  {finding.check:<9} {finding.result}", " " * 12).removeprefix("  ")
            typer.echo(f"{mark if os.environ.get('NO_COLOR') else typer.style(mark, fg=colour)} {result}")
            if finding.advice:
                typer.echo(folded(f"{'':<12}→ {finding.advice}", " " * 14))
    else:
        rows = [{name: str(getattr(finding, name)) for name in _COLUMNS} for finding in findings]
        print_rows(rows, _COLUMNS, output)
    codes = [finding.code for finding in findings if finding.state is Health.WRONG]
    if codes:
        raise typer.Exit(min(codes, key=[ExitCode.AUTHENTICATION, ExitCode.FAILED, ExitCode.FINDINGS].index))


async def _examine(is_project: bool) -> list[Finding]:
    findings = [_versions()]
    try:
        client = connect()
    except NoKeyError as error:
        return [*findings, Finding("key", Health.WRONG, "missing", said(error), ExitCode.AUTHENTICATION)]
    except ConfigurationError as error:
        return [*findings, Finding("address", Health.WRONG, said(error), "correct it")]
    async with client:
        return [*findings, *[finding async for finding in _connected(client, is_project)]]


def _versions() -> Finding:
    known = [f"Python {platform.python_version()}"]
    for name in ("aiotwenty", *_LIBRARIES):
        try:
            known.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            known.append(f"no {name}")
    return Finding("versions", Health.FINE, ", ".join(known))


async def _connected(client: Client, is_project: bool) -> AsyncIterator[Finding]:
    address = f"{client.base_url} ({_origin()})"
    try:
        answered = await _answered(client)
    except AuthenticationError as error:
        yield Finding("address", Health.FINE, f"{address} answers")
        advice = "create a key in this workspace, under Settings, APIs & Webhooks, and run aiotwenty login"
        yield Finding("key", Health.WRONG, error.said or said(error), advice, ExitCode.AUTHENTICATION)
        return
    except TwentyError as error:
        yield Finding("address", Health.WRONG, f"{address}: {said(error)}", _advice(client.base_url))
        return
    yield Finding("address", Health.FINE, f"{address} answers in {answered.seconds * 1000:.0f} ms")
    yield await _key(client)
    yield await _schema(client)
    yield _clock(answered)
    yield _limit(client)
    yield await _drift(client, is_project)


@dataclass(frozen=True)
class _Answered:
    seconds: float
    date: str | None


async def _answered(client: Client) -> _Answered:
    """The response to a small request, sent twice because the first opens the connection."""
    question = "{ currentWorkspace { id displayName } }"
    await client.execute(question, endpoint="metadata")
    begun = time.perf_counter()
    raw = await client.raw.execute(question, endpoint="metadata")
    return _Answered(time.perf_counter() - begun, raw.headers.get("date") if raw.headers else None)


def _origin() -> str:
    if chosen.profile:
        return f"profile {chosen.profile!r}"
    url, key = environment()
    if key is not None:
        if url is None:
            return "the default"
        return "from the environment" if os.environ.get("TWENTY_API_URL") else "from .env"
    return f"profile {Profiles.read().default!r}"


def _advice(url: str) -> str:
    if url.startswith("https://api.twenty.com"):
        return "check the network; for a self-hosted server, set the address: aiotwenty login --url, or TWENTY_API_URL"
    return "check that the address is the one in the browser, and that the server is running"


async def _key(client: Client) -> Finding:
    """The name, role and expiry of the key, as far as the key and the workspace show them."""
    claims = _claims((await client._endpoint("metadata")._engine.http.keys.current()).secret)
    known: dict[str, Any] = {}
    try:
        answer = await client.execute("{ apiKeys { id name expiresAt role { label } } }", endpoint="metadata")
        known = next((key for key in answer["apiKeys"] if key["id"] == claims.get("jti")), {})
    except PermissionDenied:
        pass
    except TwentyError as error:
        return Finding("key", Health.LOOK, f"valid, but the workspace does not show it: {said(error)}")
    role = (known.get("role") or {}).get("label")
    who = f"{known['name']!r}" if known.get("name") else "valid"
    text = f"{who}, role {role}" if role else f"{who}; its role can't see the key's name"
    expires = _moment(known.get("expiresAt")) or (claims.get("exp") and float(claims["exp"])) or None
    if expires is None:
        return Finding("key", Health.FINE, text)
    text += f", expires on {datetime.fromtimestamp(expires, UTC):%Y-%m-%d}"
    if expires - time.time() < _SOON:
        return Finding("key", Health.LOOK, text, "create a new key in time, under Settings, APIs & Webhooks")
    return Finding("key", Health.FINE, text)


def _claims(key: bytes) -> dict[str, Any]:
    """The claims of a key. They are not verified here; the server does that."""
    try:
        payload = key.split(b".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _moment(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None


async def _schema(client: Client) -> Finding:
    """The server's features: no server says its version, only its schema shows it (Twenty, July 2026)."""
    objects = await client.workspace.objects()
    custom = sum(bool(item.is_custom) for item in objects)
    text = f"{len(objects)} objects, {custom} of them custom; servers don't report their version"
    return Finding("server", Health.FINE, text)


def _clock(answered: _Answered) -> Finding:
    server_time = parsedate_tz(answered.date) if answered.date else None
    if server_time is None:
        return Finding("clock", Health.SKIPPED, "the server doesn't send its time")
    off = time.time() - mktime_tz(server_time)
    if abs(off) <= _CLOCK:
        return Finding("clock", Health.FINE, "agrees with the server")
    direction = "ahead of" if off > 0 else "behind"
    return Finding(
        "clock", Health.LOOK, f"{abs(off):,.0f} s {direction} the server", "set the clock: timedatectl, or NTP"
    )


def _limit(client: Client) -> Finding:
    limits = client._endpoint("graphql").limits
    if limits:
        return Finding(
            "limits", Health.FINE, ", ".join(f"{limit.limit} requests in {limit.per:g} s" for limit in limits)
        )
    if limits is None:
        return Finding("limits", Health.LOOK, "off (--rate-limit none)", "the server may refuse requests")
    return Finding("limits", Health.FINE, "not known yet; learned from the server's first refusal")


async def _drift(client: Client, is_project: bool) -> Finding:
    """Whether the local schemas fit the workspace."""
    if not is_project:
        return Finding("drift", Health.SKIPPED, "no codegen.toml here", "run aiotwenty init to set up a typed client")
    from aiotwenty.cli.codegen import schemas
    from aiotwenty.codegen.drift import compare
    from aiotwenty.codegen.read.introspect import introspect
    from aiotwenty.codegen.read.sdl import load_schema

    paths = schemas(None, _CONFIG)
    if missing := [str(path) for path in paths.values() if not path.exists()]:
        return Finding("drift", Health.LOOK, f"no {' and no '.join(missing)}", "run aiotwenty introspect")
    load: Callable[[Path], Any] = load_schema
    drift = compare({name: load(path) for name, path in paths.items()}, await introspect(client))
    if not drift:
        return Finding("drift", Health.FINE, "the schemas are up to date")
    advice = "see aiotwenty check; update with aiotwenty introspect && aiotwenty generate"
    return Finding("drift", Health.WRONG, f"the workspace has changed ({drift.worst()})", advice, ExitCode.FINDINGS)
