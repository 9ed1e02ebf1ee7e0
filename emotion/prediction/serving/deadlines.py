"""Close HTTP connections on which no request arrives; uvicorn has no such timeout."""

import asyncio
from typing import cast

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS = 10.0  # from the connection, or the last response, to the end of the headers


class TimedProtocol(H11Protocol):
    """uvicorn's protocol for HTTP, of which each connection has a timer that closes it.

    The timer starts when asyncio makes the connection, and pauses while a request is handled.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the timer."""
        super().connection_made(cast(asyncio.Transport, transport))
        self._handle, self.app = self.app, self._pause_timer
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._timer.cancel()
        super().connection_lost(exc)

    async def _pause_timer(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._timer.cancel()
        try:
            await self._handle(scope, receive, send)
        finally:
            self._start_timer()

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(HEADER_SECONDS, self.transport.close)
