"""The history of several runtimes: each answers for its own tags, under the names that the station knows."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from hmi.client._further import Further
from hmi.client.history import (
    AnnotationInfo,
    HistoryState,
    RangeFigures,
    TrendAnswer,
    TrendQuery,
    TrendSeries,
)
from hmi.client.port import RuntimeClient
from hmi.core.errors import WatchkeeperError
from hmi.core.history import HistoryPage, ReadAtTime, ReadProcessed, ReadRaw
from hmi.core.identity import TagRef
from hmi.core.values import DataValue

T = TypeVar("T")
Ask = Callable[[RuntimeClient, list[str]], Awaitable[T]]


class FederatedHistory:
    """Mixed into Federation. Lists keep the order in which their tags were asked for."""

    _home: RuntimeClient

    def _named(self, runtime: str) -> Further:
        raise NotImplementedError

    async def read_raw(self, request: ReadRaw) -> HistoryPage:
        client, own = self._of(request.tag_id)
        page = await client.read_raw(dataclasses.replace(request, tag_id=own))
        return page if client is self._home else dataclasses.replace(page, tag_id=request.tag_id)

    async def read_at_time(self, request: ReadAtTime) -> HistoryPage:
        client, own = self._of(request.tag_id)
        page = await client.read_at_time(dataclasses.replace(request, tag_id=own))
        return page if client is self._home else dataclasses.replace(page, tag_id=request.tag_id)

    async def read_processed(self, request: ReadProcessed) -> HistoryPage:
        client, own = self._of(request.tag_id)
        page = await client.read_processed(dataclasses.replace(request, tag_id=own))
        return page if client is self._home else dataclasses.replace(page, tag_id=request.tag_id)

    async def read_trend(self, query: TrendQuery) -> TrendAnswer:
        """A runtime that does not answer gives pens that say so; the others are drawn all the same."""

        async def ask(client: RuntimeClient, tags: list[str]) -> TrendAnswer:
            return await client.read_trend(replace(query, tags=tags))

        parts = self._parts(query.tags)
        asked = [self._answer(name, [own for _, own in places], ask) for name, places in parts.items()]
        series: list[TrendSeries | None] = [None] * len(query.tags)
        until = 0
        answers = await asyncio.gather(*asked, return_exceptions=True)
        for (name, places), answer in zip(parts.items(), answers, strict=True):
            if isinstance(answer, TrendAnswer):
                until = min(until, answer.until) if until else answer.until
                for (place, _), one in zip(places, answer.series, strict=True):
                    series[place] = replace(one, tag_id=_prefixed(name, one.tag_id))
            elif not name or not isinstance(answer, WatchkeeperError):
                raise answer
            else:
                for place, _ in places:
                    series[place] = _unknown(query.tags[place], str(answer))
        return TrendAnswer(query.start, query.end, until, [one for one in series if one is not None])

    async def range_figures(self, tags: Sequence[str], start: int, end: int) -> list[RangeFigures]:
        """The tags of a further runtime that does not answer are left out."""

        async def ask(client: RuntimeClient, own: list[str]) -> list[RangeFigures]:
            return await client.range_figures(own, start, end)

        parts = self._parts(tags)
        found: list[RangeFigures | None] = [None] * len(tags)
        asked = [self._answer(name, [own for _, own in places], ask) for name, places in parts.items()]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        for (name, places), answer in zip(parts.items(), answers, strict=True):
            if isinstance(answer, BaseException):
                if not name or not isinstance(answer, WatchkeeperError):
                    raise answer
                continue
            for (place, _), one in zip(places, answer, strict=True):
                found[place] = replace(one, tag_id=_prefixed(name, one.tag_id))
        return [one for one in found if one is not None]

    async def annotations(self, tags: Sequence[str], start: int, end: int) -> list[AnnotationInfo]:
        async def ask(client: RuntimeClient, own: list[str]) -> list[AnnotationInfo]:
            return await client.annotations(own, start, end)

        parts = self._parts(tags)
        asked = [self._answer(name, [own for _, own in places], ask) for name, places in parts.items()]
        found: list[AnnotationInfo] = []
        answers = await asyncio.gather(*asked, return_exceptions=True)
        for name, answer in zip(parts, answers, strict=True):
            if isinstance(answer, BaseException):
                if not name or not isinstance(answer, WatchkeeperError):
                    raise answer
            else:
                found += [_known(name, one) for one in answer]
        return sorted(found, key=lambda one: one.time)

    async def annotate(self, tag_id: str, time: int, text: str) -> AnnotationInfo:
        client, own = self._of(tag_id)
        return _known(TagRef.parse(tag_id).runtime, await client.annotate(own, time, text))

    async def withdraw_annotation(self, annotation_id: str, reason: str) -> None:
        client, own = self._of(annotation_id)
        await client.withdraw_annotation(own, reason)

    async def edit_history(
        self, tag_id: str, samples: Sequence[DataValue], reason: str, *, insert: bool = False
    ) -> int:
        client, own = self._of(tag_id)
        return await client.edit_history(own, samples, reason, insert=insert)

    async def delete_history(self, tag_id: str, start: int, end: int, reason: str) -> int:
        client, own = self._of(tag_id)
        return await client.delete_history(own, start, end, reason)

    async def history_state(self) -> HistoryState:
        """The home runtime's."""
        return await self._home.history_state()

    def _of(self, reference: str) -> tuple[RuntimeClient, str]:
        parsed = TagRef.parse(reference)
        return (self._named(parsed.runtime).client if parsed.runtime else self._home), parsed.name

    def _parts(self, tags: Sequence[str]) -> Mapping[str, list[tuple[int, str]]]:
        """(place, name there) of each tag by its runtime."""
        parts: dict[str, list[tuple[int, str]]] = {}
        for place, tag in enumerate(tags):
            reference = TagRef.parse(tag)
            parts.setdefault(reference.runtime, []).append((place, reference.name))
        return parts

    async def _answer(self, name: str, tags: list[str], ask: Ask[T]) -> T:
        return await ask(self._named(name).client if name else self._home, tags)


def _prefixed(runtime: str, tag_id: str) -> str:
    return TagRef(runtime, "").prefix + tag_id


def _known(runtime: str, one: AnnotationInfo) -> AnnotationInfo:
    return replace(one, id=_prefixed(runtime, one.id), tag_id=_prefixed(runtime, one.tag_id))


def _unknown(tag: str, problem: str) -> TrendSeries:
    empty = b""
    return TrendSeries(
        tag, True, False, 0, empty, empty, empty, empty, empty, empty, empty, empty, problem
    )  # fmt: skip
