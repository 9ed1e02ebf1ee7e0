"""Who may send requests: no web page of another site.

A page in a browser on this machine can send requests to a service that listens on this machine
only. Its origin gives it away, and so does the name under which it reaches the service, if it has
let that name lead to 127.0.0.1 (DNS rebinding).
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
    """Refuse requests under other names, on this machine, and from pages of other origins.

    Args:
        app: of the service.
        host: that it listens on.
        hosts: further names, such as `faces.example.org`, that a Host header may have.
        origins: of web pages that may send requests, such as `https://example.org`.
    """
    if origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=list(origins), allow_methods=["GET", "POST"]
        )
    app.add_middleware(SameOrigin, allowed=frozenset(origins))
    if hosts or is_loopback(host):
        local = [host, "localhost", "127.0.0.1", "[::1]"] if is_loopback(host) else []
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*local, *hosts])


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class SameOrigin:
    """Answers 403 to a request that a web page of another origin has made."""

    def __init__(self, app: ASGIApp, allowed: frozenset[str]) -> None:
        self.app, self.allowed = app, allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI calls it."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        origin = headers.get("origin")
        if origin and origin not in self.allowed and not _is_own(origin, headers.get("host", "")):
            text = "web pages of other origins may not ask; emotion serve --allow-origin lets them"
            await JSONResponse({"detail": text}, 403)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _is_own(origin: str, host: str) -> bool:
    """Whether a page was served under the name that the request is sent to."""
    try:
        return bool(host) and urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:  # no address
        return False
