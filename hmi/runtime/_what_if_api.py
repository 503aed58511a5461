"""GET /v1/alarms/what-if: recorded values through the alarm engine again, beside the loop and in slices of time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hmi.client.what_if import SETTINGS, AlarmEdit, AlarmSettings, WhatIfAnswer, WhatIfResult
from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.core.errors import CommunicationError, ConfigurationError, UsageError
from hmi.core.principal import Mode, Principal, Role
from hmi.core.texts import tr
from hmi.journal import alarm_tally, link_turns
from hmi.project.alarm_edit import alarm_cells
from hmi.project.plant import Plant
from hmi.runtime._alarm_change import AlarmChanges
from hmi.runtime._figures_api import window
from hmi.runtime._runtime import Runtime
from hmi.runtime._verbs import BadRequest, NotFound, Verb

WAIT_S = 1.0
"""An answer that is not there yet says how far it is after so long."""
SLICE_NS, REST_S = 3_000_000, 0.002
"""The loop gets its turn after so long, however much there is to replay."""
FORGOTTEN_NS = 10 * NS_PER_S
KEPT_NS, KEPT = 600 * NS_PER_S, 8
ID_LIMIT, TEXT_LIMIT, MOST_CHANGES = 200, 500, len(SETTINGS)
Key = tuple[str, tuple[tuple[str, str], ...], int, int, str]  # alarm, changes, start, end, plant revision


class WhatIfApi:
    """One replay at a time, on one thread. The same question is asked again until it is answered; a replay that
    nobody has asked for during 10 s is given up.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._one_at_a_time = asyncio.Semaphore(1)
        self._replays: dict[Key, _Replay] = {}
        self._changes = AlarmChanges(runtime)

    def verbs(self) -> tuple[Verb, ...]:
        """What the API has of it."""
        return (
            Verb(
                "GET", "/v1/alarms/what-if", Role.VIEW, self._what_if,
                "What other settings (`change`: column=text) of an alarm would have done from `start` (0: 7 days ago) "
                "to `end` (0: this minute), UTC ns; ask again until there is a `result`.",
                {"alarm_id": "string", "change": "array", "start": "integer", "end": "integer"},
            ),
            Verb(
                "GET", "/v1/alarms/settings", Role.VIEW, self._settings,
                "What can be changed of an alarm, as texts of cells.", {"alarm_id": "string"},
            ),
            Verb(
                "POST", "/v1/alarms/change", Role.ENGINEER, self._change,
                "Write other cells for an alarm into the plant folder as it is at `revision`, and reload it; only "
                "these cells change. Journalled with the reason.",
                {"alarm_id": "string", "changes": "object", "reason": "string", "revision": "string"},
            ),
        )  # fmt: skip

    # ------------------------------------------------------------------ the replay

    async def _what_if(self, principal: Principal, given: Mapping[str, Any]) -> WhatIfAnswer:
        plant, now_ns = self._runtime.plant, self._runtime.services.clock.now_ns()
        start, end = window(given["start"], given["end"], now_ns)
        changes = _changes_of(given["change"])
        _alarm_id(plant, given["alarm_id"])
        key: Key = (given["alarm_id"], tuple(sorted(changes.items())), start, end, plant.revision)
        found = self._replays.get(key)
        if found is None or found.is_old:
            self._forget()
            found = self._replays[key] = _Replay()
            found.begin(self._run(found, key, plant))
        return await found.answer(start, end)

    async def _run(self, replay: _Replay, key: Key, plant: Plant) -> WhatIfResult:
        async with self._one_at_a_time:
            replay.check()
            with ThreadPoolExecutor(1, thread_name_prefix="alarm what-if") as thread:
                work = asyncio.get_running_loop().run_in_executor(thread, self._work, replay, key, plant)
                try:
                    return await asyncio.shield(work)
                except asyncio.CancelledError:
                    replay.stop.set()
                    await asyncio.wait([work])
                    work.exception()  # nobody asks for it any more
                    raise

    def _work(self, replay: _Replay, key: Key, plant: Plant) -> WhatIfResult:
        """On the thread of its own."""
        from hmi.alarms.what_if import what_if

        alarm_id, changes, start, end, _ = key
        services = self._runtime.services
        simulator = services.simulator
        run_id = "" if services.mode is Mode.PLANT else simulator.run_id if simulator else services.run_id

        def tally(alarm_id: str, start: int, end: int) -> tuple[int, int]:
            return alarm_tally(services.journal.path, alarm_id, start, end, run_id=run_id)

        def links(connection: str, end: int) -> list[tuple[int, str, bool]]:
            return link_turns(services.journal.path, connection, end, run_id=run_id)

        return what_if(
            plant,
            alarm_id,
            dict(changes),
            services.history,
            start,
            end,
            tally=tally,
            pace=replay.pace,
            links=links,
        )

    def _forget(self) -> None:
        for key in [key for key, one in self._replays.items() if one.is_old]:
            del self._replays[key]
        while len(self._replays) >= KEPT:
            self._replays.pop(next(iter(self._replays))).give_up()

    # ------------------------------------------------------------------ the alarm itself

    async def _settings(self, principal: Principal, given: Mapping[str, Any]) -> AlarmSettings:
        from hmi.alarms.what_if import alarm_of

        plant = self._runtime.plant
        alarm = alarm_of(plant, _alarm_id(plant, given["alarm_id"]))
        tag = plant.by_id.get(alarm.tag_id)
        problem = ""
        if tag is None:
            problem = tr("only alarms that judge values of tags can be replayed")
        elif not tag.history and alarm.kind != "expression":
            problem = tr("{tag} is not recorded, so its past cannot be replayed", tag=tag.name)
        return AlarmSettings(
            alarm.id, tag.name if tag else "", alarm.name, alarm.message, alarm.kind, tag.unit if tag else "",
            plant.revision, alarm_cells(alarm, SETTINGS), problem,
        )  # fmt: skip

    async def _change(self, principal: Principal, given: Mapping[str, Any]) -> Any:
        changes = given.get("changes", {})
        if not isinstance(changes, dict):
            raise BadRequest("changes is not an object of texts")
        edit = AlarmEdit(
            alarm_id=_text(given, "alarm_id"),
            changes=_checked({str(name): text for name, text in changes.items()}),
            reason=_text(given, "reason"),
            revision=_text(given, "revision"),
        )
        _alarm_id(self._runtime.plant, edit.alarm_id)
        if not edit.reason:
            raise BadRequest("a change of an alarm needs a reason")
        return await self._changes.make(principal, edit)


class _GivenUp(Exception):
    """Nobody waits for the replay any more."""


class _Replay:
    """One that is under way or done."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._asked_at = self._slice_at = monotonic_ns()
        self._done_at, self._progress = 0, 0.0
        self._task: asyncio.Task[WhatIfResult] | None = None

    def begin(self, work: Any) -> None:
        self._task = asyncio.create_task(work, name="alarm what-if")
        self._task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[WhatIfResult]) -> None:
        self._done_at = monotonic_ns()
        if not task.cancelled():
            task.exception()  # told to whoever asks again; without one it is no fault of the loop

    def check(self) -> None:
        """Before and during the work."""
        if self.stop.is_set() or monotonic_ns() - self._asked_at > FORGOTTEN_NS:
            raise _GivenUp

    def pace(self, done: float) -> None:
        """On the thread: rest after each slice, end when nobody asks any more."""
        self._progress = done
        if monotonic_ns() - self._slice_at >= SLICE_NS:
            self.check()
            self.stop.wait(REST_S)
            self._slice_at = monotonic_ns()

    @property
    def is_old(self) -> bool:
        """Kept for some minutes, or without a result that was told."""
        task = self._task
        if task is None or not task.done():
            return self.stop.is_set()
        return task.cancelled() or monotonic_ns() - self._done_at > KEPT_NS or task.exception() is not None

    async def answer(self, start: int, end: int) -> WhatIfAnswer:
        """The result, or after a moment how far it is. BadRequest for a question that cannot be answered."""
        assert self._task is not None
        self._asked_at = monotonic_ns()
        await asyncio.wait([self._task], timeout=WAIT_S)
        if not self._task.done():
            return WhatIfAnswer(start, end, self._progress)
        try:
            return WhatIfAnswer(start, end, 1.0, self._task.result())
        except (UsageError, ConfigurationError) as error:
            raise BadRequest(str(error)) from error
        except (asyncio.CancelledError, _GivenUp):
            raise CommunicationError(tr("the replay was given up for others; ask again")) from None

    def give_up(self) -> None:
        """End it."""
        self.stop.set()
        if self._task is not None:
            self._task.cancel()


def _changes_of(given: list[str]) -> dict[str, str]:
    if len(given) > MOST_CHANGES:
        raise BadRequest(f"more than {MOST_CHANGES} changes")
    found: dict[str, Any] = {}
    for one in given:
        name, mark, text = one.partition("=")
        if not mark:
            raise BadRequest(f"change {one[:40]!r} is not column=text")
        found[name.strip()] = text.strip()
    return _checked(found)


def _checked(changes: Mapping[str, Any]) -> dict[str, str]:
    for name, text in changes.items():
        if name not in SETTINGS:
            raise BadRequest(f"{name[:40]!r} is no setting to try; use one of: {', '.join(SETTINGS)}")
        if not isinstance(text, str) or len(text) > TEXT_LIMIT:
            raise BadRequest(f"{name} is not a text of up to {TEXT_LIMIT} characters")
    return dict(changes)


def _alarm_id(plant: Plant, alarm_id: str) -> str:
    """NotFound for an alarm that the plant does not define: connections and the product itself have theirs."""
    from hmi.alarms.what_if import alarm_of

    try:
        return alarm_of(plant, alarm_id).id
    except UsageError as error:
        raise NotFound(str(error)) from error


def _text(given: Mapping[str, Any], name: str) -> str:
    found = given.get(name, "")
    if not isinstance(found, str):
        raise BadRequest(f"{name} is not a text")
    if len(found) > TEXT_LIMIT:
        raise BadRequest(f"{name} is longer than {TEXT_LIMIT} characters")
    return found.strip()
