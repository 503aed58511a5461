"""The live connection: a snapshot, then what changes, the newest of each tag; numbered, with heartbeats."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import msgspec
from starlette.types import Message, Receive, Send

from hmi.core.clock import monotonic_ns
from hmi.exporters.rest._access import Access
from hmi.exporters.rest._answers import Asked, value_content
from hmi.exporters.rest._board import Board, Lane
from hmi.exporters.rest._problem import Problem
from hmi.exporters.rest._query import LONGEST, MANY, TAGS, time_text
from hmi.exporters.rest._view import View
from hmi.exporters.rest._workers import Kind, Workers
from hmi.security.it_tokens import LIVE
from hmi.serving import Bucket, Rate

PATH: Final = "/stream"
TICK_S: Final = 0.25
"""Changes are gathered so long."""
BEAT_S: Final = 5.0
SEND_S: Final = 10.0
"""So long a client may take for one message."""
MOST_AT_ONCE: Final = 1_000
"""Values of one message: clients bound the size of one."""
MESSAGE_RATE: Final = Rate(1.0, 10.0)
LONGEST_MESSAGE: Final = 2 * LONGEST * MANY
GOING_AWAY, BAD_DATA, POLICY, TOO_BIG, TRY_AGAIN = 1001, 1007, 1008, 1009, 1013
_encode = msgspec.json.Encoder(enc_hook=str).encode


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """What a client may send: other queries."""

    tags: list[str]


class Streams:
    """All live connections of a server; ``now`` gives UTC ns."""

    SCOPES = (LIVE,)
    PARAMETERS = (TAGS,)

    def __init__(
        self, view: View, board: Board, access: Access, workers: Workers, now: Callable[[], int]
    ) -> None:
        self._view, self._board, self._access, self._now = view, board, access, now
        self._workers = workers

    async def serve(self, asked: Asked, receive: Receive, send: Send) -> None:
        """One client, until it goes, does not read, or its token ends; Problem before it is taken."""
        places = await self.places(asked, asked.given["tags"])
        await receive()
        await send({"type": "websocket.accept"})
        client = _Client(self, asked, send, places)
        tasks = [
            asyncio.create_task(client.tell(), name="rest stream"),
            asyncio.create_task(client.listen(receive), name="rest stream listens"),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            client.leave()
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        await _close(send, next((one for one in ended if isinstance(one, tuple)), None))

    def contents(self, places: Sequence[int]) -> list[Any]:
        now = self._now()
        return [value_content(self._view, self._board, place, now) for place in places]

    @property
    def is_live(self) -> bool:
        return self._board.is_live

    def head(self, kind: str, seq: int) -> dict[str, Any]:
        return {"type": kind, "seq": seq, "at": time_text(self._now()), "live": self._board.is_live}

    def is_valid(self, asked: Asked) -> bool:
        return self._access.is_valid(asked.token)

    async def places(self, asked: Asked, texts: tuple[str, ...]) -> tuple[int, ...]:
        """A query costs time with every tag there is: a working thread goes through them."""
        chosen = partial(self._view.chosen, texts, asked.areas)
        return await self._workers.run(Kind.MEMORY, asked.token.name, chosen)

    def enter(self, lane: Lane) -> None:
        self._board.enter(lane)

    def leave(self, lane: Lane) -> None:
        self._board.leave(lane)


class _Client:
    """One connection. What it gives back at its end is (code, reason) of the close, or None."""

    def __init__(self, streams: Streams, asked: Asked, send: Send, places: Sequence[int]) -> None:
        self._streams, self._asked, self._send = streams, asked, send
        self._seq = 0
        self._fresh = True
        self._was_live = False
        self._messages = Bucket(MESSAGE_RATE, monotonic_ns())
        self._lane = Lane(places)
        streams.enter(self._lane)

    def leave(self) -> None:
        self._streams.leave(self._lane)

    async def tell(self) -> tuple[int, str] | None:
        """Until somebody does not read or may not any more."""
        loop = asyncio.get_running_loop()
        told_at = loop.time()
        while self._streams.is_valid(self._asked):
            try:
                is_told = await self._tell_due()
                if not is_told and loop.time() - told_at >= BEAT_S:
                    await self._put("heartbeat")
                    is_told = True
            except TimeoutError:
                return TRY_AGAIN, "the client does not read"
            except OSError:
                return None
            told_at = loop.time() if is_told else told_at
            await asyncio.sleep(TICK_S)
        return POLICY, "the token has ended"

    async def _tell_due(self) -> bool:
        is_live = self._streams.is_live
        if (
            self._fresh or is_live != self._was_live
        ):  # a value that nobody vouches for any more, or does again
            self._fresh, self._was_live = False, is_live
            self._lane.take()
            await self._tell_values("snapshot", sorted(self._lane.places))
            return True
        places, skipped = self._lane.take()
        if skipped:
            await self._put("overrun", skipped=skipped)
        if places:
            await self._tell_values("delta", places)
        return bool(places)

    async def _tell_values(self, kind: str, places: Sequence[int]) -> None:
        for begin in range(0, max(1, len(places)), MOST_AT_ONCE):
            if not self._streams.is_valid(self._asked):  # the parts before may have taken long
                return
            values = self._streams.contents(places[begin : begin + MOST_AT_ONCE])
            await self._put(kind, values=values, more=begin + MOST_AT_ONCE < len(places))

    async def _put(self, kind: str, **more: Any) -> None:
        self._seq += 1
        content = {**self._streams.head(kind, self._seq), **more}
        async with asyncio.timeout(SEND_S):
            await self._send({"type": "websocket.send", "text": _encode(content).decode()})

    async def listen(self, receive: Receive) -> tuple[int, str] | None:
        """Until the client goes, or sends what cannot be taken."""
        while True:
            message = await receive()
            if message["type"] != "websocket.receive":
                return None
            if problem := await self._take(message):
                return problem

    async def _take(self, message: Message) -> tuple[int, str] | None:
        text = message.get("text")
        if text is None:
            return BAD_DATA, "messages are JSON texts"
        if len(text) > LONGEST_MESSAGE:
            return TOO_BIG, "the message is too long"
        if not self._messages.take(monotonic_ns()):
            return POLICY, "too many messages"
        try:
            wanted = msgspec.json.decode(text, type=Wanted)
            if len(wanted.tags) > MANY or any(len(one) > LONGEST for one in wanted.tags):
                return TOO_BIG, "too many tags, or too long ones"
            places = await self._streams.places(self._asked, tuple(wanted.tags))
        except (msgspec.MsgspecError, RecursionError, UnicodeError):
            return BAD_DATA, 'write {"tags": ["QUERY", ...]}'
        except Problem as problem:
            return POLICY, problem.detail
        self.leave()
        self._lane, self._fresh = Lane(places), True
        self._streams.enter(self._lane)
        return None


async def _close(send: Send, why: tuple[int, str] | None) -> None:
    """A client that went by itself is closed already."""
    if why is None:
        return
    code, reason = why
    with contextlib.suppress(RuntimeError, OSError, TimeoutError):
        async with asyncio.timeout(1):
            await send({"type": "websocket.close", "code": code, "reason": _short(reason)})


def _short(reason: str) -> str:
    """A reason has at most 123 bytes (RFC 6455, 5.5)."""
    return reason.encode()[:120].decode(errors="ignore")
