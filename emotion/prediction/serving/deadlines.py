"""HTTP connections that end when no request comes: uvicorn has no limit for that, and no setting.

A connection is timed from where asyncio makes it, and the timer stops while the application works
on a request of it. ASGI tells both apart by the address of the client.
"""

import asyncio
from typing import Any, cast

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS = 10.0  # from the connection, or from the last answer, to the end of the headers


class Connections:
    """Open connections, by the address of the client; one that waits too long is closed."""

    def __init__(self) -> None:
        self._transports: dict[Any, asyncio.Transport] = {}
        self._timers: dict[Any, asyncio.TimerHandle] = {}

    def add(self, transport: asyncio.Transport) -> None:
        """Begin to wait for the first request."""
        client = _client_of(transport)
        self._transports[client] = transport
        self.wait(client)

    def forget(self, transport: asyncio.Transport) -> None:
        """End with the connection."""
        client = _client_of(transport)
        self._transports.pop(client, None)
        self.stop_waiting(client)

    def wait(self, client: Any) -> None:
        """Close the connection of a client unless a request comes in time."""
        self.stop_waiting(client)
        if client in self._transports:
            close = self._transports[client].close
            self._timers[client] = asyncio.get_running_loop().call_later(HEADER_SECONDS, close)

    def stop_waiting(self, client: Any) -> None:
        """A request has come."""
        timer = self._timers.pop(client, None)
        if timer:
            timer.cancel()


class Deadline:
    """An ASGI application that times the connections of another one."""

    def __init__(self, app: ASGIApp, connections: Connections) -> None:
        self.app, self.connections = app, connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI calls it."""
        client = scope.get("client")
        self.connections.stop_waiting(client and tuple(client))
        try:
            await self.app(scope, receive, send)
        finally:
            self.connections.wait(client and tuple(client))


def timed_protocol(connections: Connections) -> type[asyncio.Protocol]:
    """uvicorn's protocol, with what asyncio tells it also told to `connections`."""

    class TimedProtocol(H11Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(cast(asyncio.Transport, transport))
            connections.add(cast(asyncio.Transport, transport))

        def connection_lost(self, exc: Exception | None) -> None:
            connections.forget(self.transport)
            super().connection_lost(exc)

    return TimedProtocol


def _client_of(transport: asyncio.Transport) -> tuple[str, int]:
    host, port = transport.get_extra_info("peername")[:2]
    return host, port
