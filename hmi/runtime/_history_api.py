"""The verbs of the history (Part 11 and Part 13 in JSON; the trend as msgpack): reads, annotations and edits."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from hmi.client.history import MOST_PENS, MOST_PIXELS, AnnotationInfo, HistoryState, RangeFigures, TrendQuery
from hmi.core.history import (
    PAGE,
    AggregateConfiguration,
    HistoryPage,
    ReadAtTime,
    ReadProcessed,
    ReadRaw,
)
from hmi.core.principal import Principal, Role
from hmi.historian.aggregates import named
from hmi.project.plant import TagDef
from hmi.runtime._fanout import wire_value
from hmi.runtime._history_edits import HistoryEdits
from hmi.runtime._history_feed import HistoryFeed
from hmi.runtime._history_folder import HISTORY_FOLDER
from hmi.runtime._history_reads import HistoryReader, Reads
from hmi.runtime._runtime import Runtime
from hmi.runtime._verbs import BadRequest, Raw, Verb

MOST_TIMES: Final = 1_000
MOST_TAGS: Final = 1_000
MSGPACK: Final = "application/msgpack"
_RANGE: Final = {"start": "integer", "end": "integer"}
_pack = msgspec.msgpack.Encoder().encode


class HistoryApi:
    """Every read runs beside the loop, a few at once, and ends when its client goes away (HI-12)."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._reads = Reads(lambda: runtime.services.history.wait_for_archive())
        self._edits = HistoryEdits(runtime, lambda: self._reader, self._reads, self._tag)
        self._feed = HistoryFeed(runtime, self._reads, lambda one: self._tag(one).id)

    @property
    def _reader(self) -> HistoryReader:
        s = self._runtime.services
        return HistoryReader(s.history, s.clock, s.data.path / HISTORY_FOLDER)

    def verbs(self) -> tuple[Verb, ...]:
        return (
            Verb(
                "GET", "/v1/history/raw", Role.VIEW, self._raw,
                "Stored samples (ReadRaw) in time order, or backwards when start is after end; `bounds` 1 adds the "
                "ones around the range (`continued` 1: not the first of them again), "
                "`modified` 1 gives what was replaced or deleted instead, with who, when, why. "
                "`flags` as in standards 7.2.",
                {"tag": "string", **_RANGE, "limit": "integer", "bounds": "integer", "modified": "integer",
                 "continued": "integer"},
                watched=True,
            ),
            Verb(
                "GET", "/v1/history/at", Role.VIEW, self._at,
                "Values at exact times (UTC ns, at most 1,000), stored or interpolated and so marked (ReadAtTime).",
                {"tag": "string", "time": "array"}, watched=True,
            ),
            Verb(
                "GET", "/v1/history/processed", Role.VIEW, self._processed,
                "An aggregate of OPC UA Part 13 by its name, over intervals of `interval` ns (0: one). `way` stepped "
                "or sloped overrides the tag's own. At most 10,000 intervals; `continuation` is the start of the rest.",
                {"tag": "string", **_RANGE, "interval": "integer", "aggregate": "string", "way": "string",
                 "uncertain_is_good": "integer", "percent_bad": "integer", "percent_good": "integer",
                 "extend": "integer"}, watched=True,
            ),
            Verb(
                "GET", "/v1/history/trend", Role.VIEW, self._trend,
                "What a chart of `pixels` columns needs of at most 16 tags, as msgpack (`TrendAnswer`): every sample, "
                "or first, last, minimum, maximum and mean of each column.",
                {"tag": "array", **_RANGE, "pixels": "integer"}, watched=True,
            ),
            Verb(
                "GET", "/v1/history/figures", Role.VIEW, self._figures,
                "Minimum, maximum, time-weighted average, deviation and how much was Good of tags in a range.",
                {"tag": "array", **_RANGE}, watched=True,
            ),
            Verb("GET", "/v1/history/state", Role.VIEW, self._state, "How the archive is: size, newest, damage."),
            Verb(
                "GET", "/v1/history/annotations", Role.VIEW, self._annotations,
                "Remarks of people on tags in a range.", {"tag": "array", **_RANGE}, watched=True,
            ),
            *self._feed.verbs(),
            *self._edits.verbs(),
        )  # fmt: skip

    async def _raw(self, principal: Principal, given: Mapping[str, Any]) -> Any:
        if given["limit"] < 0:
            raise BadRequest(f"limit={given['limit']} is negative")
        request = ReadRaw(
            self._tag(given["tag"]).id, given["start"], given["end"] or self._now(),
            min(given["limit"] or PAGE, PAGE), bool(given["bounds"]), bool(given["modified"]),
            bool(given["continued"]),
        )  # fmt: skip
        return page_wire(await self._reads.run(lambda stop: self._reader.raw(request)))

    async def _at(self, principal: Principal, given: Mapping[str, Any]) -> Any:
        times = tuple(whole(text, "time") for text in given["time"])
        if not 1 <= len(times) <= MOST_TIMES:
            raise BadRequest(f"time is given 1 to {MOST_TIMES} times")
        request = ReadAtTime(self._tag(given["tag"]).id, times)
        return page_wire(await self._reads.run(lambda stop: self._reader.at(request, stop)))

    async def _processed(self, principal: Principal, given: Mapping[str, Any]) -> Any:
        tag, now = self._tag(given["tag"]), self._now()
        whole_request = ReadProcessed(
            tag.id, given["start"], given["end"] or now, given["interval"], self._aggregate(given),
            _way(given["way"]), _configuration(given),
        )  # fmt: skip
        request, following = page_of(whole_request)
        try:
            page = await self._reads.run(lambda stop: self._reader.processed(request, stop))
        except ValueError as error:
            raise BadRequest(str(error)) from None
        return page_wire(HistoryPage(tag.id, page.samples, following))

    async def _trend(self, principal: Principal, given: Mapping[str, Any]) -> Raw:
        ids = self._tags(given["tag"], MOST_PENS)
        start, end, pixels = given["start"], given["end"] or self._now(), given["pixels"]
        if start >= end:
            raise BadRequest("the range ends before it begins")
        if not 1 <= pixels <= MOST_PIXELS:
            raise BadRequest(f"pixels={pixels} is not in 1 to {MOST_PIXELS}")
        query = TrendQuery(list(given["tag"]), start, end, pixels)
        found = await self._reads.run(lambda stop: self._reader.trend(query, ids, stop))
        return Raw(_pack(found), MSGPACK)

    async def _figures(self, principal: Principal, given: Mapping[str, Any]) -> list[RangeFigures]:
        ids = self._tags(given["tag"], MOST_TAGS)
        start, end = given["start"], given["end"] or self._now()
        if start >= end:
            raise BadRequest("the range ends before it begins")
        return await self._reads.run(lambda stop: self._reader.figures(ids, start, end, stop))

    async def _state(self, principal: Principal, given: Mapping[str, Any]) -> HistoryState:
        return await self._reads.run(lambda stop: self._reader.state())

    async def _annotations(self, principal: Principal, given: Mapping[str, Any]) -> list[AnnotationInfo]:
        ids = self._tags(given["tag"], MOST_TAGS)
        start, end = given["start"], given["end"] or self._now()
        return await self._reads.run(lambda stop: self._reader.annotations(ids, start, end))

    def _aggregate(self, given: Mapping[str, Any]) -> str:
        try:
            return named(given["aggregate"]).name
        except ValueError as error:
            raise BadRequest(str(error)) from None

    def _now(self) -> int:
        return self._runtime.services.clock.now_ns()

    def _tags(self, references: list[str], most: int) -> list[str]:
        if not 1 <= len(references) <= most:
            raise BadRequest(f"tag is given 1 to {most} times")
        return [self._tag(one).id for one in references]

    def _tag(self, reference: str) -> TagDef:
        """By name or id."""
        plant = self._runtime.plant
        tag = plant.by_name.get(reference) or plant.by_id.get(reference)
        if tag is None:
            raise BadRequest(f"there is no tag {reference[:200]!r}")
        return tag


def page_wire(page: HistoryPage) -> dict[str, Any]:
    """A page in JSON; what is empty is left out, as older clients know it."""
    samples = [[wire_value(v.value), v.status, v.source_time, v.receive_time] for v in page.samples]
    content: dict[str, Any] = {"tag_id": page.tag_id, "samples": samples, "continuation": page.continuation}
    if page.flags:
        content["flags"] = page.flags
    if page.modifications:
        content["modifications"] = [[one.user, one.time, one.reason, one.act] for one in page.modifications]
    return content


def page_of(request: ReadProcessed) -> tuple[ReadProcessed, int]:
    """The first page of a processed read, of whole intervals, and where the next one starts (0: nowhere)."""
    length = request.interval_ns * PAGE
    if length <= 0 or abs(request.end - request.start) <= length:
        return request, 0
    following = request.start + (length if request.end > request.start else -length)
    return dataclasses.replace(request, end=following), following


def whole(text: str, name: str) -> int:
    """A whole number of 64 bits; BadRequest with one sentence."""
    try:
        number = int(text)
    except ValueError:
        raise BadRequest(f"{name}={text[:40]!r} is not a whole number") from None
    if not -(2**63) <= number < 2**63:
        raise BadRequest(f"{name} does not fit 64 bits")
    return number


def _way(text: str) -> bool | None:
    ways = {"": None, "stepped": True, "sloped": False}
    if text not in ways:
        raise BadRequest(f"way={text[:40]!r} is neither stepped nor sloped")
    return ways[text]


def _configuration(given: Mapping[str, Any]) -> AggregateConfiguration:
    percents = {name: given[name] or 100 for name in ("percent_bad", "percent_good")}
    for name, percent in percents.items():
        if not 0 <= percent <= 100:
            raise BadRequest(f"{name}={percent} is not in 1 to 100")
    return AggregateConfiguration(
        not given["uncertain_is_good"],
        percents["percent_bad"],
        percents["percent_good"],
        bool(given["extend"]),
    )
