"""A driver in a worker process, seen from the runtime: same port, other memory (reliability finding 6)."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Any

from hmi.acquisition import _wire as wire
from hmi.acquisition.port import (
    ConditionSink,
    DeviceIdentity,
    Group,
    LinkSettings,
    PastKept,
    PastPage,
    PastRequest,
    Sink,
    Trace,
)
from hmi.core.commands import WriteOutcome, WriteRequest, WriteState
from hmi.core.conditions import ConditionCall
from hmi.core.errors import CommunicationError, LinkLost
from hmi.core.values import DataValue

log = logging.getLogger(__name__)

SILENCE_S = 2.0
START_S = 10.0
ANSWER_S = 12.0
MEMORY_CAP_MB = 768
PIPE_LIMIT = 8_000_000


class IsolatedDriver:
    """Starts ``python -m hmi.acquisition.worker`` for one connection attempt and ends it at close.

    The worker gives a sign of life every 0.5 s; silence of 2 s (hung, stopped,
    killed) is a lost link; while it loads and connects it has longer.
    """

    command: tuple[str, ...] = (sys.executable, "-m", "hmi.acquisition.worker")

    def __init__(self, driver: str, settings: LinkSettings, *, memory_cap_mb: int = MEMORY_CAP_MB) -> None:
        self._name, self._settings, self._cap = driver, settings, memory_cap_mb
        self._process: asyncio.subprocess.Process | None = None
        self._reader_task: asyncio.Task[None] | None = None
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._sink: Sink | None = None
        self._conditions: ConditionSink | None = None
        self._opened = False
        self._lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._groups: tuple[Group, ...] = ()
        self._diagnostics: dict[str, Any] = {}

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    async def open(self) -> DeviceIdentity:
        """Start the worker and let it open the connection."""
        self._process = await asyncio.create_subprocess_exec(
            *self.command, self._name, str(self._cap),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=PIPE_LIMIT,
        )  # fmt: skip
        self._reader_task = asyncio.create_task(self._read_all())
        answer = await self._ask("open", settings=wire.pack_settings(self._settings))
        self._groups = wire.unpack_groups(answer["groups"])
        self._opened = True
        return DeviceIdentity(*answer["identity"])

    async def close(self) -> None:
        """End the worker, whatever its state."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
        if process is not None:
            await process.wait()
        if self._reader_task is not None:
            self._reader_task.cancel()
            await asyncio.wait([self._reader_task])
        self._end("the connection was closed")

    def groups(self) -> tuple[Group, ...]:
        return self._groups

    async def watch(self, sink: Sink) -> None:
        """Hand batches to the sink until the worker or its link is lost."""
        self._sink = sink
        await self._ask("watch")
        raise LinkLost(await self._lost)

    def demand(self, handles: frozenset[int]) -> None:
        """Tell the worker which points are wanted."""
        self._tell("demand", handles=sorted(handles))

    def _tell(self, verb: str, **content: Any) -> None:
        """Nothing waits for the answer."""
        process = self._process
        if process is None or process.stdin is None or self._lost.done():
            return
        message = {"t": verb, "n": next(self._numbers), **content}
        # a worker that has just ended takes nothing any more; its loss is told by what reads its output
        with contextlib.suppress(OSError, RuntimeError):
            process.stdin.write(wire.frame(message))

    def log_frames(self, seconds: float) -> None:
        """Let the worker send its messages on the wire for so long."""
        self._tell("frames", seconds=seconds)

    def plan_is(self, number: int) -> None:
        """Writes of another plan, also such as wait in the worker, are not sent."""
        self._tell("plan", number=number)

    async def write(self, request: WriteRequest) -> WriteOutcome:
        """The deadline and the plan travel along: the worker checks them right before the socket write."""
        return await self._order(
            "write", id=request.command_id, tag=request.tag_id, handle=request.handle,
            value=request.value, deadline=request.deadline_ns, epoch=request.epoch, plan=request.plan,
        )  # fmt: skip

    def conditions_to(self, sink: ConditionSink) -> None:
        """Conditions that the worker sends go to ``sink`` from now on."""
        self._conditions = sink

    async def call(self, request: ConditionCall) -> WriteOutcome:
        """As ``write``: one method call to a condition, or none."""
        return await self._order("call", call=wire.pack_call(request))

    async def _order(self, verb: str, **content: Any) -> WriteOutcome:
        if self._process is None or self._lost.done():
            return WriteOutcome(WriteState.NOT_CONNECTED, text="the worker of this connection is not running")
        try:
            answer = await self._ask(verb, **content)
        except CommunicationError as error:
            return WriteOutcome(WriteState.UNKNOWN, text=f"{error}; it may have been carried out")
        return WriteOutcome(WriteState(answer["state"]), answer["status"], answer["text"])

    async def read_now(self, handles: Sequence[int]) -> Mapping[int, DataValue]:
        answer = await self._ask("read", handles=list(handles))
        return dict(wire.updates(answer["u"]))

    async def trace(self, handle: int) -> Trace:
        answer = await self._ask("trace", handle=handle)
        return wire.unpack_trace(answer)

    async def keeps_past(self, handles: Sequence[int]) -> PastKept:
        return wire.unpack_kept(await self._ask("keeps", handles=list(handles)))

    async def past(self, request: PastRequest) -> PastPage:
        return wire.unpack_page(await self._ask("past", request=astuple(request)))

    def diagnostics(self) -> Mapping[str, Any]:
        return {**self._diagnostics, "worker_pid": self.pid}

    async def _ask(self, verb: str, **content: Any) -> dict[str, Any]:
        process = self._process
        if process is None or process.stdin is None or self._lost.done():
            raise CommunicationError("the worker of this connection is not running")
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            process.stdin.write(wire.frame({"t": verb, "n": number, **content}))
            async with asyncio.timeout(ANSWER_S):
                found = await answer
        except TimeoutError:
            raise CommunicationError(f"the worker did not answer to {verb} within {ANSWER_S:g} s") from None
        except OSError as error:
            raise CommunicationError(f"the worker of this connection has ended: {error}") from error
        finally:
            self._answers.pop(number, None)
        if "error" in found:
            raise CommunicationError(found["error"])
        return found

    async def _read_all(self) -> None:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        try:
            while True:
                async with asyncio.timeout(SILENCE_S if self._opened else START_S):
                    message = await wire.read_message(process.stdout)
                self._take(message)
                await asyncio.sleep(0)  # a full pipe must not keep the loop from everything else
        except TimeoutError:
            self._end("the worker of this connection gave no sign of life")
        except (EOFError, OSError) as error:
            self._end(f"the worker of this connection has ended: {error}")
        except Exception as error:
            # The border to another process: whatever it sends, the link is lost and a fresh worker starts.
            log.warning("The worker of connection %s sent what is no message: %s", self._settings.name, error)
            self._end(f"the worker of this connection sent what is no message: {error}")

    def _take(self, message: dict[str, Any]) -> None:
        kind = message["t"]
        if kind == "batch" and self._sink is not None:
            self._sink(wire.unpack_batch(message))
        elif kind == "conditions" and self._conditions is not None:
            self._conditions(wire.unpack_conditions(message))
        elif kind == "answer":
            answer = self._answers.get(message["n"])
            if answer is not None and not answer.done():
                answer.set_result(message)
        elif kind == "life":
            self._diagnostics = message["diagnostics"]
            self._settings.tally.merge(message.get("tally", {}))  # a worker of before has none
        elif kind == "lost":
            self._end(message["text"])

    def _end(self, text: str) -> None:
        if not self._lost.done():
            self._lost.set_result(text)
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(CommunicationError(text))
