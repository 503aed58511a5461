"""The web server that everything of ours listens with: uvicorn without a will of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp


class ApiServer(uvicorn.Server):
    """uvicorn without its own signal handlers: who started it decides when it ends.

    ``on_started`` is called once when the endpoint answers.
    """

    on_started: Callable[[], None] | None = None

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self.on_started is not None:
            self.on_started()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server_options(app: ASGIApp) -> dict[str, Any]:
    """What every server of the API has in common."""
    return {
        "app": app,
        "lifespan": "off",
        "log_level": "warning",
        "log_config": None,  # its records go the way of all others
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,  # no proxy stands before it: whoever is on this machine could name any address
        "ws_max_size": 32_000_000,
        "ws_per_message_deflate": False,
        "ws_ping_interval": None,
        "timeout_graceful_shutdown": 1,
        "limit_concurrency": 200,
    }
