"""GET /v1/comms: connections with their figures; their frames for a minute; a test of one point.

Nothing is counted for somebody who looks: the figures of a link are there, and are put together when they are asked
for. Frames are kept only after an engineer has asked for them, which is journalled before it is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from hmi.acquisition import Link
from hmi.acquisition.port import Trace
from hmi.client.comms import (
    FRAMES_MOST_S,
    FRAMES_PAGE,
    Comms,
    FrameAnswer,
    Frames,
    LineDetail,
    LineInfo,
    PointTest,
)
from hmi.core import quality
from hmi.core.clock import NS_PER_MS, NS_PER_S, monotonic_ns, wall_ns
from hmi.core.journal import Entry, Kind
from hmi.core.principal import Principal, Role
from hmi.core.texts import tr
from hmi.journal import record_dict
from hmi.project.plant import Plant, TagDef
from hmi.runtime._comms import detail_of, frame_info, line_of
from hmi.runtime._inquiry import ask_device
from hmi.runtime._runtime import Runtime
from hmi.runtime._verbs import BadRequest, NotFound, Verb
from hmi.runtime._why_words import plain
from hmi.tags import converted

REASON_LIMIT: Final = 500
LIST_NS: Final = NS_PER_S * 9 // 10
"""So old the list may be: a page asks once a second, and each station for itself."""


class CommsApi:
    """Everybody may look and read a point; frames are for engineers."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._told: tuple[Comms, Plant] | None = None
        self._told_ns = 0
        self._telling = asyncio.Lock()

    def verbs(self) -> tuple[Verb, ...]:
        """What the API has of it; the longer paths first, for a name may have slashes."""
        return (
            Verb("GET", "/v1/comms", Role.VIEW, self._list, "Every connection with its figures of the last minute."),
            Verb(
                "GET", "/v1/comms/{connection}/frames", Role.ENGINEER, self._frames,
                "Messages on the wire after a number, oldest first; `raw` 1 with their bytes.",
                {"connection": "path", "after": "integer", "limit": "integer", "raw": "integer"},
            ),
            Verb(
                "POST", "/v1/comms/{connection}/frames", Role.ENGINEER, self._log_frames,
                "Keep the messages of a connection for so many seconds, 60 at most; 0 ends it.",
                {"connection": "path", "seconds": "number", "reason": "string"},
            ),
            Verb(
                "GET", "/v1/comms/{connection}", Role.VIEW, self._detail,
                "All that is known of one connection: figures, errors in words, identity, security.",
                {"connection": "path"},
            ),
            Verb(
                "GET", "/v1/tags/{tag}/read", Role.VIEW, self._read,
                "Read a tag (id or name) from its device now: raw, decoded and scaled, with the time it took.",
                {"tag": "path"}, watched=True,
            ),
        )  # fmt: skip

    async def _list(self, principal: Principal, given: Mapping[str, Any]) -> Comms:
        """Put together once in ``LIST_NS`` for all who ask, a connection at a time: the others go on meanwhile."""
        async with self._telling:
            told, plant = self._told, self._runtime.plant
            if told is None or told[1] is not plant or monotonic_ns() - self._told_ns > LIST_NS:
                self._told_ns = monotonic_ns()
                told = self._told = await self._all(), plant
            return told[0]

    async def _all(self) -> Comms:
        acquisition, units = self._runtime.acquisition, self._runtime.units
        lines: list[LineInfo] = []
        for link in tuple(acquisition.links.values()) if acquisition else ():
            lines.append(line_of(link, units))
            await asyncio.sleep(0)
        return Comms(wall_ns(), lines)

    async def _detail(self, principal: Principal, given: Mapping[str, Any]) -> LineDetail:
        found = detail_of(self._link(given), self._runtime.units, self._runtime.plant)
        if not principal.has_somewhere(Role.ENGINEER):
            found.security.pop("user", None)  # half of a login is nobody else's business
        return found

    def _link(self, given: Mapping[str, Any]) -> Link:
        acquisition, name = self._runtime.acquisition, str(given["connection"])
        link = acquisition.links.get(name) if acquisition else None
        if link is None:
            raise NotFound(f"there is no connection {name[:80]!r}")
        return link

    # frames

    async def _frames(self, principal: Principal, given: Mapping[str, Any]) -> Frames:
        tally, after, limit = self._link(given).tally, given["after"], given["limit"]
        if after < 0 or limit < 0:
            raise BadRequest("after and limit are not negative")
        log = tally.log
        if log is None:
            return Frames(0.0, 0, [])
        found = log.after(after, min(limit or FRAMES_PAGE, FRAMES_PAGE))
        raw = bool(given["raw"])
        return Frames(round(tally.log_left_s, 1), log.number, [frame_info(frame, raw=raw) for frame in found])

    async def _log_frames(self, principal: Principal, given: Mapping[str, Any]) -> FrameAnswer:
        link, seconds, reason = self._link(given), given.get("seconds"), given.get("reason", "")
        if (
            isinstance(seconds, bool)
            or not isinstance(seconds, int | float)
            or not 0 <= seconds <= FRAMES_MOST_S
        ):
            raise BadRequest(f"seconds is a number from 0 to {FRAMES_MOST_S:g}")
        if not isinstance(reason, str) or len(reason) > REASON_LIMIT:
            raise BadRequest(f"reason is a text of at most {REASON_LIMIT} characters")
        if seconds or link.tally.log_left_s:
            await self._note(principal, link.name, seconds, reason.strip())
        link.log_frames(seconds)
        left_s = link.tally.log_left_s
        longer = f"{left_s:.0f}" if left_s > seconds else f"{seconds:g}"  # somebody else wants them as well
        text = tr("the frames of {name} are kept for {s} s", name=link.name, s=longer)
        if not seconds:
            text = tr("the frames of {name} are no longer kept", name=link.name)
        return FrameAnswer(text, round(left_s, 1))

    async def _note(self, principal: Principal, name: str, seconds: float, reason: str) -> None:
        runtime = self._runtime
        text = f"{seconds:g} s" if seconds else tr("ended")
        payload = {"name": name, "seconds": seconds, "reason": reason, "text": text}
        now_ns = runtime.services.clock.now_ns()
        entry = Entry(Kind.AUDIT, "comms.frames", principal, f"connection:{name}", now_ns, payload)
        (record,) = await runtime.services.journal.append(entry)
        runtime.tell("journal", record_dict(record))

    # a test of one point

    async def _read(self, principal: Principal, given: Mapping[str, Any]) -> PointTest:
        plant, name = self._runtime.plant, str(given["tag"])
        tag = plant.by_name.get(name) or plant.by_id.get(name)
        if tag is None:
            raise NotFound(f"there is no tag {name[:80]!r}")
        if not tag.connection:
            raise BadRequest(tr("{tag} has no connection: there is no device to read it from", tag=tag.name))
        started = monotonic_ns()
        trace, fault = await ask_device(self._runtime, tag)
        took_ms = round((monotonic_ns() - started) / NS_PER_MS, 1)
        return _test(tag, trace, fault, took_ms)


def _test(tag: TagDef, trace: Trace | None, fault: str, took_ms: float) -> PointTest:
    known: dict[str, Any] = {
        "tag": tag.name, "connection": tag.connection, "address": tag.address, "at": wall_ns(), "took_ms": took_ms,
        "unit": tag.unit,
    }  # fmt: skip
    if trace is None:
        return PointTest(
            **known, raw_status=quality.BAD_NO_COMMUNICATION, status=quality.BAD_NO_COMMUNICATION, fault=fault
        )
    done = converted(tag, trace.value)
    return PointTest(
        **known, device=dict(trace.device), decode=dict(trace.decode), raw=plain(trace.value.value),
        raw_status=trace.value.status, value=plain(done.value), status=done.status, source_time=done.source_time,
        fault=trace.fault,
    )  # fmt: skip
