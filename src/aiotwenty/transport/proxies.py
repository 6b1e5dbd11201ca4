"""Proxies of the environment: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, or the system's settings."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from aiotwenty.errors import ConfigurationError


class Proxies:
    """The proxy for an address, looked up once for each server.

    aiohttp's trust_env also looks for credentials in ~/.netrc, in a thread for each request. These can't go with the
    API key, and aiohttp refuses to send both.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str | None] = {}

    def proxy_for(self, url: str) -> str | None:
        """The proxy's address; None without one. Raises `ConfigurationError` for kinds that aiohttp doesn't support."""
        parts = urlsplit(url)
        server = parts.scheme, parts.netloc
        if server not in self._known:
            self._known[server] = _look_up(*server)
        return self._known[server]


def _look_up(scheme: str, server: str) -> str | None:
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or proxy_bypass(server):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if (kind := proxy.partition("://")[0]) not in ("http", "https"):
        raise ConfigurationError(
            f"the environment names a {kind} proxy for {scheme}: give `session` an aiohttp session that can use it, or "
            "turn trust_env off."
        )
    return proxy
