"""The worker process of one isolated connection: ``python -m hmi.acquisition.worker DRIVER CAP_MB``.

Speaks msgpack frames on its standard input and output, keeps its memory under a cap, gives a sign of life
every 0.5 s from its event loop, and ends when the pipe from the runtime closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any, BinaryIO, cast

from hmi.acquisition import _wire as wire
from hmi.acquisition._memory import limit_memory, memory_mb
from hmi.acquisition.port import (
    Batch,
    Conditions,
    Driver,
    Past,
    PastKept,
    PastPage,
    PlanNumber,
    Point,
    PushDriver,
    Replans,
    ScansOnDemand,
    traced,
)
from hmi.acquisition.tally import Tally
from hmi.core.clock import monotonic_ns
from hmi.core.commands import WriteOutcome, WriteRequest, WriteState
from hmi.core.conditions import ConditionItem
from hmi.core.errors import CommunicationError
from hmi.core.logs import set_up
from hmi.plugins.discovery import part

LIFE_S = 0.5
END_S = 3.0
log = logging.getLogger(__name__)


class Worker:
    """Answers the runtime's requests with one driver object."""

    def __init__(self, driver_name: str, cap_mb: int, out: BinaryIO) -> None:
        self._driver_name, self._cap_mb, self._out = driver_name, cap_mb, out
        self._driver: Driver | None = None
        self._tally, self._plan = Tally(), PlanNumber()
        self._points: dict[int, Point] = {}
        self._change = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, reader: asyncio.StreamReader) -> None:
        """Until the runtime closes the pipe."""
        life = asyncio.create_task(self._live())
        try:
            while True:
                message = await wire.read_message(reader)
                task = asyncio.create_task(self._answer(message))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except EOFError:
            return
        finally:
            for task in (life, *self._tasks):
                task.cancel()
            if self._driver is not None:
                await self._driver.close()

    async def _live(self) -> None:
        while True:
            used = memory_mb()
            if used > self._cap_mb:
                self._send(
                    {
                        "t": "lost",
                        "text": f"the worker used {used} MB, more than its cap of {self._cap_mb} MB",
                    }
                )
                os._exit(3)
            self._tell_life(used)
            await asyncio.sleep(LIFE_S)

    def _tell_life(self, used_mb: int) -> None:
        diagnostics = dict(self._driver.diagnostics()) if self._driver else {}
        life = {
            "t": "life",
            "diagnostics": {**diagnostics, "memory_mb": used_mb},
            "tally": self._tally.drain(),
        }
        self._send(life)

    async def _answer(self, message: dict[str, Any]) -> None:
        try:
            result = await self._do(message)
        except CommunicationError as error:
            self._tell_life(memory_mb())  # a worker that could not connect is ended at once
            result = {"error": str(error)}
        except Exception as error:
            # The border of this process: whatever a driver raises becomes an answer, never a silent hang.
            log.exception("driver %s failed at %s", self._driver_name, message["t"])
            result = {
                "error": f"internal fault of driver {self._driver_name}: {type(error).__name__} {error}"
            }
        answer = {"t": "answer", "n": message["n"]}
        try:
            self._send({**answer, **result})
        except (OverflowError, TypeError) as error:  # the caller would wait for it in vain
            log.exception("the answer of driver %s to %s cannot be sent", self._driver_name, message["t"])
            self._send({**answer, "error": f"internal fault of driver {self._driver_name}: {error}"})

    async def _do(self, message: dict[str, Any]) -> dict[str, Any]:
        verb = message["t"]
        if verb == "open":
            return await self._open(message)
        if verb == "frames":
            self._tally.log_frames(message["seconds"])
            return {}
        if verb == "plan":
            self._plan.number = message["number"]
            return {}
        driver = self._driver
        if driver is None:
            raise CommunicationError("the connection is not open")
        if verb == "watch":
            task = asyncio.create_task(self._watch(cast("PushDriver", driver)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return {}
        if verb in ("demand", "replan"):
            self._heed(driver, message)
            return {}
        if verb == "write":
            return await self._write(driver, message)
        if verb == "call":
            return await self._call(driver, message)
        if verb in ("keeps", "past"):
            return await self._past(driver, message)
        if verb == "trace":
            return wire.pack_trace(await traced(driver, message["handle"]))
        return {"u": wire.columns((await driver.read_now(message["handles"])).items())}

    async def _open(self, message: dict[str, Any]) -> dict[str, Any]:
        settings = wire.unpack_settings(message["settings"])
        self._tally, self._plan = settings.tally, settings.plan
        self._points = {point.handle: point for point in settings.points}
        self._driver = part("drivers", self._driver_name, "driver").create(settings)
        assert self._driver is not None
        identity = await self._driver.open()
        return {"identity": wire.pack_identity(identity), "groups": wire.pack_groups(self._driver.groups())}

    def _heed(self, driver: Driver, message: dict[str, Any]) -> None:
        if message["t"] == "replan":
            self._replan(driver, message)
        elif isinstance(driver, ScansOnDemand):
            driver.demand(frozenset(message["handles"]))

    def _replan(self, driver: Driver, message: dict[str, Any]) -> None:
        """In one step: whatever is sent from here on is of the points of now."""
        try:
            for handle in message["gone"]:
                del self._points[handle]
            self._points |= {point.handle: point for point in wire.unpack_points(message["points"])}
            if not isinstance(driver, Replans):
                raise TypeError("it cannot ask for other points")
            driver.replan(tuple(self._points.values()), frozenset(message["afresh"]))
            self._change = message["change"]
        except Exception as error:
            # The border of this process: nobody waits for an answer, so the runtime hears of a loss and starts afresh.
            log.exception("driver %s cannot follow the plant", self._driver_name)
            self._lose(f"driver {self._driver_name} cannot follow the plant: {type(error).__name__} {error}")

    async def _write(self, driver: Driver, message: dict[str, Any]) -> dict[str, Any]:
        m = message
        request = WriteRequest(
            m["id"],
            m["tag"],
            m["handle"],
            wire.frozen(m["value"]),
            m["deadline"],
            m["epoch"],
            m.get("plan", 0),
        )
        if (changed := self._plan.objection(request)) is not None:
            return _packed(changed)
        if request.deadline_ns <= monotonic_ns():
            return {
                "state": WriteState.EXPIRED.value,
                "status": 0,
                "text": "not sent within its time to live",
            }
        return _packed(await driver.write(request))

    async def _call(self, driver: Driver, message: dict[str, Any]) -> dict[str, Any]:
        call = wire.unpack_call(message["call"])
        if not isinstance(driver, Conditions):
            return _packed(WriteOutcome(WriteState.REFUSED, text="this protocol has no conditions"))
        if call.deadline_ns <= monotonic_ns():
            return _packed(WriteOutcome(WriteState.EXPIRED, text="not sent within its time to live"))
        return _packed(await driver.call(call))

    async def _past(self, driver: Driver, message: dict[str, Any]) -> dict[str, Any]:
        if message["t"] == "keeps":
            kept = await driver.keeps_past(message["handles"]) if isinstance(driver, Past) else PastKept()
            return wire.pack_kept(kept)
        if not isinstance(driver, Past):
            return wire.pack_page(PastPage(fault="this protocol has no history"))
        return wire.pack_page(await driver.past(wire.unpack_past_request(message["request"])))

    async def _watch(self, driver: PushDriver) -> None:
        if isinstance(driver, Conditions):
            driver.conditions_to(self._on_conditions)
        try:
            await driver.watch(self._on_batch)
            self._lose("the driver ended by itself")
        except CommunicationError as error:
            self._lose(str(error))
        except Exception as error:
            # The border of this task: the runtime has to hear of it and start afresh.
            log.exception("driver %s failed while watching", self._driver_name)
            fault = f"{type(error).__name__} {error}"
            self._lose(f"internal fault of driver {self._driver_name}: {fault}")

    def _lose(self, text: str) -> None:
        """The last counts go before: whoever hears of the loss ends this process."""
        self._tell_life(memory_mb())
        self._send({"t": "lost", "text": text})

    def _on_batch(self, batch: Batch) -> None:
        self._send(wire.pack_batch(batch, self._change))

    def _on_conditions(self, items: Sequence[ConditionItem]) -> None:
        self._send(wire.pack_conditions(items, self._change))

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._out.write(wire.frame(message))
            self._out.flush()
        except OSError:
            os._exit(0)


def _packed(outcome: WriteOutcome) -> dict[str, Any]:
    return {"state": outcome.state.value, "status": outcome.status, "text": outcome.text}


def _feed(reader: asyncio.StreamReader, loop: asyncio.AbstractEventLoop, source: BinaryIO) -> None:
    """Standard input into the loop, from a thread: works on every system.

    When the runtime is gone the process ends, also with a loop that hangs.
    """
    with contextlib.suppress(OSError, RuntimeError):
        while chunk := os.read(source.fileno(), 65_536):
            loop.call_soon_threadsafe(reader.feed_data, chunk)
        loop.call_soon_threadsafe(reader.feed_eof)
    time.sleep(END_S)
    os._exit(4)


async def _main(driver_name: str, cap_mb: int) -> None:
    reader = asyncio.StreamReader(limit=wire.MESSAGE_LIMIT)
    loop = asyncio.get_running_loop()
    threading.Thread(target=_feed, args=(reader, loop, sys.stdin.buffer), daemon=True).start()
    with _own_output() as out:
        await Worker(driver_name, cap_mb, out).run(reader)


def _own_output() -> BinaryIO:
    """The pipe to the runtime; whatever a library prints goes to standard error and spoils no frame."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return out


def main() -> None:
    """Entry point of the process; its log goes to standard error."""
    set_up("worker %(levelname)s %(name)s: %(message)s")
    driver_name, cap = sys.argv[1], int(sys.argv[2])
    # an interrupt from the terminal goes to the runtime, which ends its workers
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_memory(cap)
    asyncio.run(_main(driver_name, cap))


if __name__ == "__main__":
    main()
