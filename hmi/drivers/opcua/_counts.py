"""Counts the services of one connection and tells them to the log of frames: names and numbers, never a content."""

# pyright: reportPrivateUsage=false
from __future__ import annotations

import asyncio
from typing import Any, Final

from hmi.acquisition.tally import RECEIVED, SENT, Tally
from hmi.core.clock import NS_PER_MS, NS_PER_S, monotonic_ns
from hmi.core.texts import tr
from hmi.drivers.opcua._values import words

_FAULT: Final = bytes((1, 0, 0x8D, 1))
"""Type of a ServiceFault in binary form: node 397 of namespace 0 in four bytes."""
_RESULT_AT: Final = 16
"""Where the result of the service stands: behind type, time and number of the request."""
_WAITS: Final = frozenset(("Publish",))
"""The server is meant to wait with its answer: its time says nothing of the line."""
_WHOLE: Final = 0.9
"""This share of the limit counts as the whole: its clock began a little earlier."""
_LISTS: Final = (
    "NodesToRead", "NodesToWrite", "MethodsToCall", "ItemsToCreate", "ItemsToModify", "MonitoredItemIds",
    "BrowsePaths", "NodesToBrowse", "SubscriptionIds", "SubscriptionAcknowledgements", "EventIds",
)  # fmt: skip


class ServiceCounts:
    """One for a socket, whose requests wait for ``limit_s``. Cheap while nobody wants frames: two calls a service."""

    def __init__(self, tally: Tally, limit_s: float) -> None:
        self._tally, self._size, self._limit_s = tally, 0, limit_s

    def measure(self, connection: Any) -> None:
        """Learn the size of each message where the library makes it."""
        make = connection.message_to_binary

        def measured(*given: Any, **named: Any) -> bytes:
            message: bytes = make(*given, **named)
            self._size = len(message)
            return message

        connection.message_to_binary = measured

    def received(self, size: int) -> None:
        self._tally.received(size, monotonic_ns())

    def sent(self, request: Any, answer: asyncio.Future[Any], asked_ns: int) -> None:
        """A request is on its way; its answer is counted when it is there."""
        service = type(request).__name__.removesuffix("Request")
        self._tally.sent("", self._size, asked_ns)
        if (log := self._tally.logging) is not None:
            log.add(SENT, "", service, _numbers(request), self._size, "", -1.0, b"")
        answer.add_done_callback(lambda done: self._answered(service, done, asked_ns))

    def _answered(self, service: str, done: asyncio.Future[Any], asked_ns: int) -> None:
        now = monotonic_ns()
        took = now - asked_ns
        if done.cancelled():
            result, size = tr("no answer"), 0
            if service not in _WAITS and took >= _WHOLE * self._limit_s * NS_PER_S:
                self._timed_out(service, took, now)
        elif (error := done.exception()) is not None:
            result, size = str(error) or type(error).__name__, 0
        else:
            body = done.result()
            result, size = self._result(service, body, now), len(body)
            self._tally.answered("", took, now, is_timed=service not in _WAITS)
        if (log := self._tally.logging) is not None:
            log.add(RECEIVED, "", service, "", size, result, took / NS_PER_MS, b"")

    def _timed_out(self, service: str, took: int, now: int) -> None:
        """It waited as long as it may; who gives up a question earlier says nothing of the server."""
        self._tally.failed("timeouts", "", now)
        text = tr("{service}: no answer within {s} s", service=service, s=f"{took / NS_PER_S:.0f}")
        self._tally.note(text, where=service)

    def _result(self, service: str, body: Any, now: int) -> str:
        """A fault of the service is counted by its code."""
        start = body.cur_pos
        head = body._data[start : start + _RESULT_AT + 4]
        if bytes(head[:4]) != _FAULT:
            return tr("ok")
        told = words(int.from_bytes(head[_RESULT_AT:], "little"))
        self._tally.exception("", told, now)
        self._tally.note(tr("{service} was refused: {why}", service=service, why=told), where=service)
        return told


def _numbers(request: Any) -> str:
    """How many nodes or items a request is about; nothing of what it carries."""
    given = getattr(request, "Parameters", request)
    for name in _LISTS:
        items = getattr(given, name, None)
        if isinstance(items, list):
            return tr("{n} items", n=len(items))
    return ""
