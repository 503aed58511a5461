"""A TCP proxy on loopback, in threads of its own, that can swallow, cut or refuse."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self


class StuckProxy:
    """Passes all on at first. ``swallow``: what comes is read and goes nowhere, either way, and nobody hangs up."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.is_swallowing = False
        self.swallows_answers = False
        self.last_heard = b""
        """Words of the client after which no answer comes back any more; empty: never."""
        self.cut_after = -1
        """Bytes from the client until both sides are cut; -1 never."""
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_why: object) -> None:
        with suppress(OSError):  # closing alone would leave the thread in its accept
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Hangs up on everybody there is; who is cut may come again before it ends."""
        there, self._sockets = self._sockets, []
        for one in there:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._sockets += (near, far)
                threading.Thread(target=self._pump, args=(near, far, True), daemon=True).start()
                threading.Thread(target=self._pump, args=(far, near, False), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, is_asking: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if self.is_swallowing or (self.swallows_answers and not is_asking):
                    continue
                if is_asking and self.last_heard and self.last_heard in data:
                    self.swallows_answers = True
                if is_asking and self.cut_after >= 0:
                    self.cut_after -= len(data)
                    if self.cut_after < 0:
                        self.cut()
                        return
                target.sendall(data)
        # a side that ended by itself ends the other; while swallowing nobody hears of it
        if not self.is_swallowing and not self.swallows_answers:
            with suppress(OSError):
                target.shutdown(socket.SHUT_RDWR)
