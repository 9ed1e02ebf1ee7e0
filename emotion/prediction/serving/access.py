"""Refuse requests that web pages of other sites make.

A page in a browser on this machine can send requests to a service that listens on this machine
only. Such a request has a foreign Origin header, or, if the page's host name resolves to 127.0.0.1
(DNS rebinding), a foreign Host header.
"""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


def guard(app: FastAPI, host: str, hosts: Collection[str], origins: Collection[str]) -> None:
    """Refuse requests with a foreign Host header, if `host` is local, or with a foreign Origin.

    Args:
        app: of the service.
        host: address that it listens on.
        hosts: further names, such as `faces.example.org`, that a Host header may have.
        origins: of web pages that may send requests, such as `https://example.org`.
    """
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization"],  # for a proxy, as are the cookies
            allow_credentials=True,
            expose_headers=["Retry-After"],
        )
    app.add_middleware(SameOrigin, allowed=frozenset(origins))
    if hosts or is_loopback(host):
        local = [host, "localhost", "127.0.0.1", "[::1]"] if is_loopback(host) else []
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*local, *hosts])


def is_loopback(host: str) -> bool:
    """Whether a server that listens on `host` is reached from this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class SameOrigin:
    """Middleware that responds with 403 to requests of web pages of other origins."""

    def __init__(self, app: ASGIApp, allowed: frozenset[str]) -> None:
        self.app, self.allowed = app, allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI interface."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        origin = headers.get("origin")
        if origin and origin not in self.allowed and not _is_own(origin, headers.get("host", "")):
            text = "pages of other origins are refused; emotion serve --allow-origin allows them"
            await JSONResponse({"detail": text}, 403)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _is_own(origin: str, host: str) -> bool:
    """Whether the page and the request have the same host."""
    try:
        return bool(host) and urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:  # not an address
        return False
