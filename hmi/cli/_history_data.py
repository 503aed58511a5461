"""Where ``hmi history`` reads: the API of a runtime that runs, else its data folder, which is only read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from hmi.client.history import HistoryState
from hmi.core.errors import UsageError
from hmi.core.history import HistoryPage, Modification, ReadAtTime, ReadProcessed, ReadRaw
from hmi.core.texts import tr
from hmi.historian.samples import Samples, joined
from hmi.project.plant import Plant

_TIMES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Piece:
    """Some results of one tag in time order; ``modifications`` are as many, or none."""

    samples: Samples
    modifications: tuple[Modification, ...] = ()


class HistoryData(Protocol):
    """``note`` is a sentence that goes before what was read; empty = the runtime itself answers."""

    note: str

    def now(self) -> int:
        """Up to when there can be samples, UTC ns."""
        ...

    def raw(self, request: ReadRaw) -> Iterator[Piece]:
        """All samples of a range, in pieces."""
        ...

    def processed(self, request: ReadProcessed) -> Iterator[Piece]: ...

    def at(self, request: ReadAtTime) -> Iterator[Piece]: ...

    def state(self) -> HistoryState: ...


def history_data(plant: Plant, data: Path) -> HistoryData:
    """The source for a plant; UsageError when there is none."""
    from hmi.client.local import is_running

    return _Running(data) if is_running(data) else _Resting(plant, data)


def _piece(page: HistoryPage) -> Piece:
    samples = Samples.of(page.samples)
    if page.flags:
        import numpy as np

        samples = replace(samples, flags=np.array(page.flags, np.uint16))
    return Piece(samples, page.modifications)


class _Running:
    def __init__(self, data: Path) -> None:
        self._data, self.note = data, ""

    def now(self) -> int:
        return int(self._ask("/v1/status")["session_time"])

    def raw(self, request: ReadRaw) -> Iterator[Piece]:
        query = {
            "tag": request.tag_id, "start": request.start, "end": request.end,
            "bounds": int(request.bounds), "modified": int(request.modified),
        }  # fmt: skip
        yield from self._pages("/v1/history/raw", query)

    def processed(self, request: ReadProcessed) -> Iterator[Piece]:
        query = {
            "tag": request.tag_id, "start": request.start, "end": request.end,
            "interval": request.interval_ns, "aggregate": request.aggregate,
        }  # fmt: skip
        yield from self._pages("/v1/history/processed", query)

    def at(self, request: ReadAtTime) -> Iterator[Piece]:
        for begin in range(0, len(request.times), _TIMES_AT_ONCE):
            times = request.times[begin : begin + _TIMES_AT_ONCE]
            yield from self._pages("/v1/history/at", {"tag": request.tag_id, "time": times})

    def state(self) -> HistoryState:
        import msgspec

        return msgspec.convert(self._ask("/v1/history/state"), HistoryState)

    def _pages(self, path: str, query: Mapping[str, Any]) -> Iterator[Piece]:
        """Page after page; a bound before the range is in the first of them, and one behind it in the last."""
        from hmi.client._decode import history_page

        while True:
            page = history_page(self._ask(path, query))
            yield _piece(page)
            if not page.continuation:
                return
            query = {**query, "start": page.continuation}
            if "bounds" in query:
                query["continued"] = 1

    def _ask(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        from hmi.client.once import ask

        return ask(self._data, path, query)


class _Resting:
    """The archive of a runtime that has ended."""

    def __init__(self, plant: Plant, data: Path) -> None:
        from hmi.bootstrap import open_history

        reader = open_history(plant, data)
        if reader is None:
            raise UsageError(
                tr(
                    "{data}: no runtime runs here and there is no history; start one with: hmi run PLANT",
                    data=data,
                )
            )
        self._plant, self._reader = plant, reader
        self._numbers = reader.tags()
        from hmi.cli._alarm_data import shown_time

        until = shown_time(plant, reader.coverage().until)
        self.note = tr("No runtime is running: this is what was stored until {until}.", until=until)

    def now(self) -> int:
        return self._reader.coverage().until

    def raw(self, request: ReadRaw) -> Iterator[Piece]:
        number = self._numbers.get(request.tag_id)
        if number is None:
            return
        if request.modified:
            found = self._reader.modified(number, request.start, request.end)
            yield Piece(joined(one for one, _ in found), tuple(why for _, why in found))
            return
        if request.bounds:
            yield Piece(self._reader.before(number, request.start))
        for samples in self._reader.blocks(number, request.start, request.end):
            yield Piece(samples)
        if request.bounds:
            yield Piece(self._reader.after(number, request.end))

    def processed(self, request: ReadProcessed) -> Iterator[Piece]:
        from hmi.historian.aggregates import processed

        def remarks(start: int, end: int) -> list[int]:
            notes = self._reader.annotations(request.tag_id, start, end)
            return [one.time for one in notes if not one.deleted]

        try:
            found = processed(
                self._source(request.tag_id), request, self._stepped(request.tag_id),
                known_until=self.now(), annotations=remarks,
            )  # fmt: skip
        except ValueError as error:
            raise UsageError(str(error)) from None
        yield Piece(Samples.of(found))

    def at(self, request: ReadAtTime) -> Iterator[Piece]:
        from hmi.historian.aggregates import values_at

        tag_id = request.tag_id
        found = values_at(
            self._source(tag_id), tag_id, request.times, self._stepped(tag_id), known_until=self.now()
        )
        yield Piece(Samples.of(found))

    def state(self) -> HistoryState:
        from hmi.historian.care import damage_line

        coverage = self._reader.coverage()
        damaged = [damage_line(one, self.tag_name(one.tag)) for one in self._reader.damaged()]
        return HistoryState(
            coverage.seq, coverage.until, coverage.compacted, coverage.first_seq, damaged=damaged
        )

    def tag_name(self, number: int) -> str:
        """What people call a tag of the archive; '' for none."""
        tag_id = next((one for one, known in self._numbers.items() if known == number), "")
        tag = self._plant.by_id.get(tag_id)
        return tag.name if tag is not None else tag_id

    def _source(self, tag_id: str) -> Any:
        from hmi.historian.aggregates import ArchiveSource, SamplesSource

        number = self._numbers.get(tag_id)
        return SamplesSource(Samples.empty()) if number is None else ArchiveSource(self._reader, number)

    def _stepped(self, tag_id: str) -> bool:
        return self._plant.by_id[tag_id].record.is_stepped
