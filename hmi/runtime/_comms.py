"""What is told about a link: its tally, its blocks and what its driver says, as records of the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from hmi.acquisition import Link
from hmi.acquisition.port import ReadBlock
from hmi.acquisition.tally import ErrorNote, Frame, Spread, Tally, percentile
from hmi.client.comms import (
    BlockFigures,
    FrameInfo,
    LineDetail,
    LineError,
    LineInfo,
    LineTimes,
    ScanFigures,
    UnitFigures,
)
from hmi.core.clock import NS_PER_MS, NS_PER_S, monotonic_ns, wall_ns
from hmi.core.texts import tr
from hmi.project.plant import Plant
from hmi.runtime._units import UNKNOWN, UnitHealth

BLOCKS: Final = 200
_REQUESTS, _SENT, _RECEIVED, _BUSY, _FAULTS = 0, 1, 2, 3, 5
_RATE_S: Final = 10
_NOTIFIED: Final = ("notifications", "values", "gaps", "republished", "overflows")
_NOTES: Final = 30
_Block = tuple[ReadBlock, int, float, int]


def line_of(link: Link, units: UnitHealth) -> LineInfo:
    """One connection in one line."""
    tally, now = link.tally, monotonic_ns()
    seconds = tally.seconds.whole(now)
    recent = seconds[-_RATE_S:]
    return LineInfo(
        name=link.name,
        driver=link.definition.driver,
        state=link.state,
        since=link.changed,
        text=link.text,
        simulated=link.definition.simulated,
        endpoint=link.endpoint,
        requests_s=_rate(recent, _REQUESTS),
        sent_s=_rate(recent, _SENT),
        received_s=_rate(recent, _RECEIVED),
        load=_load(recent) if link.style == "poll" else -1.0,
        faults=sum(row[_FAULTS] for row in seconds),
        times=times_of(tally.times, now),
        units=_units(link, units),
        logging_s=round(tally.log_left_s, 1),
    )


def _rate(rows: Sequence[Sequence[int]], column: int) -> float:
    return round(sum(row[column] for row in rows) / _RATE_S, 2)


def _load(rows: Sequence[Sequence[int]]) -> float:
    """An answer counts for the second in which it ends: one that took long may fill more than that."""
    return round(min(1.0, sum(row[_BUSY] for row in rows) / (_RATE_S * NS_PER_S)), 4)


def times_of(spread: Spread, now: int, still_ns: Sequence[int] = ()) -> LineTimes:
    """Percentiles and the worst of the last minute; ``still_ns`` are lengths that have not come to their end."""
    ordered = sorted([*spread.sorted_ns(now), *still_ns]) if still_ns else spread.sorted_ns(now)
    worst = max(spread.worst_ns(now), ordered[-1] if ordered else 0)
    if not ordered:
        return LineTimes()
    return LineTimes(len(ordered), _ms(percentile(ordered, 0.5)), _ms(percentile(ordered, 0.99)), _ms(worst))


def _ms(ns: int) -> float:
    return round(ns / NS_PER_MS, 2)


def _units(link: Link, health: UnitHealth) -> list[UnitFigures]:
    """Devices of the plan, in the order of their numbers."""
    since, wall, now = health.since(link.name), wall_ns(), monotonic_ns()
    demoted: Mapping[str, float] = link.figures().get("demoted", {})
    found: list[UnitFigures] = []
    for name, state in health.of(link.name).items():
        tally = link.tally.units.get(name)
        known: dict[str, Any] = {}
        if tally is not None:
            known = {
                "requests": tally.requests, "answers": tally.answers, "timeouts": tally.timeouts,
                "exceptions": tally.exceptions, "heard": wall - (now - tally.last_ns) if tally.last_ns else 0,
                "times": times_of(tally.times, now),
            }  # fmt: skip
        began = wall - (now - since[name]) if since.get(name) and state != UNKNOWN else 0
        found.append(
            UnitFigures(
                name=name,
                state=state,
                since=began,
                demoted=name in demoted,
                retry_s=demoted.get(name, 0.0),
                **known,
            )
        )
    return sorted(found, key=lambda unit: (len(unit.name), unit.name))


def detail_of(link: Link, units: UnitHealth, plant: Plant) -> LineDetail:
    """Everything about one connection."""
    figures, tally, blocks = link.figures(), link.tally, link.blocks()
    return LineDetail(
        at=wall_ns(),
        line=line_of(link, units),
        endpoints=list(link.endpoints),
        counted=tally.since,
        counts=dict(tally.counts) | _told_counts(figures),
        codes=dict(tally.by_code),
        identity=_identity(link, figures),
        security=dict(figures.get("security", {})),
        scans=[*_scans(blocks, tally), *_subscriptions(figures)],
        blocks=_worst_blocks(blocks),
        block_count=len(blocks),
        errors=[_error(note, plant) for note in tally.errors],
        seconds=_seconds(tally),
        notes=_notes(figures),
        points=len(link.points),
    )


def _told_counts(figures: Mapping[str, Any]) -> dict[str, int]:
    """What a driver that is sent things counts of them, since it has connected."""
    told: Mapping[str, Any] = figures.get("counts", {})
    return {name: int(told[name]) for name in _NOTIFIED if name in told}


def _identity(link: Link, figures: Mapping[str, Any]) -> dict[str, str]:
    """What the device said of itself when it was met last; what it left out is left out."""
    found = {key: str(value) for key, value in asdict(link.identity).items() if value}
    if uri := figures.get("server", {}).get("application_uri"):
        found["application_uri"] = str(uri)
    if state := figures.get("server_state"):
        found["server_state"] = str(state)
    return found


def _scans(blocks: Sequence[_Block], tally: Tally) -> list[ScanFigures]:
    """By the rate at which blocks are read now, fastest first."""
    now, by_rate = monotonic_ns(), dict[int, list[_Block]]()
    for block in blocks:
        by_rate.setdefault(block[1], []).append(block)
    return [
        ScanFigures(
            name=f"{rate} ms",
            planned_ms=rate,
            blocks=len(own),
            points=sum(len(block.handles) for block, *_ in own),
            overruns=sum(overruns for *_, overruns in own),
            achieved=times_of(tally.scans[rate].gaps, now, _late_ns(own))
            if rate in tally.scans
            else LineTimes(),
        )
        for rate, own in sorted(by_rate.items())
    ]


def _late_ns(blocks: Sequence[_Block]) -> list[int]:
    """How long blocks that miss their slots have not been read."""
    return [int(actual * NS_PER_MS) for _, rate, actual, _ in blocks if actual > 2 * rate]


def _subscriptions(figures: Mapping[str, Any]) -> list[ScanFigures]:
    return [
        ScanFigures(
            name=one["name"], planned_ms=one["planned_ms"], granted_ms=one["granted_ms"],
            keep_alive_ms=one["keep_alive_ms"], silent_ms=one["silent_ms"], points=one["points"],
        )
        for one in figures.get("subscriptions", ())
    ]  # fmt: skip


def _worst_blocks(blocks: Sequence[_Block]) -> list[BlockFigures]:
    """Those that are furthest behind their rate first."""
    found = [
        BlockFigures(
            name=block.key, unit=block.unit, planned_ms=block.period_ms, read_ms=rate, actual_ms=round(actual, 1),
            overruns=overruns, points=len(block.handles), resting=rate > block.period_ms,
        )
        for block, rate, actual, overruns in blocks
    ]  # fmt: skip
    return sorted(found, key=lambda one: one.actual_ms / max(one.read_ms, 1.0), reverse=True)[:BLOCKS]


def _error(note: ErrorNote, plant: Plant) -> LineError:
    names = [plant.by_handle[handle].name for handle in note.handles if handle in plant.by_handle]
    return LineError(
        text=note.text, first=note.first, last=note.last, count=note.count, unit=note.unit, where=note.where,
        tags=names,
    )  # fmt: skip


def _seconds(tally: Tally) -> list[list[float]]:
    """As ``SECOND_COLUMNS``."""
    return [
        [
            requests,
            sent,
            received,
            _ms(busy),
            _ms(slowest),
            faults,
            answers,
            _ms(trips // timed) if timed else 0.0,
        ]
        for requests, sent, received, busy, slowest, faults, answers, trips, timed in tally.seconds.whole(
            monotonic_ns()
        )
    ]


def _notes(figures: Mapping[str, Any]) -> list[str]:
    """What else the driver says in words."""
    found = [str(note) for note in figures.get("notes", ())]
    found += [f"{address}: {text}" for address, text in figures.get("faults", {}).items()]
    found += [str(why) for why in figures.get("faulty_points", {}).values()]
    found += [
        tr("the device has no {address}", address=part) for part in figures.get("missing_addresses", ())
    ]
    if wrong := figures.get("wrong_device"):
        found.insert(0, str(wrong))
    return found[:_NOTES]


def frame_info(frame: Frame, *, raw: bool) -> FrameInfo:
    """``raw``: with its bytes."""
    return FrameInfo(
        frame.number, frame.at, frame.direction, frame.unit, frame.what, frame.where, frame.size, frame.result,
        round(frame.took_ms, 2), frame.raw.hex(" ") if raw else "",
    )  # fmt: skip
