"""From windows of samples to segments: simple bounding values, and interpolated ones that bridge what is Bad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hmi.historian.aggregates._intervals import TICK_NS
from hmi.historian.aggregates._segments import Classes, Segments, classes_of
from hmi.historian.aggregates._source import Window
from hmi.historian.aggregates._status import BAD_CLASS, UNCERTAIN_CLASS
from hmi.historian.samples import Samples, joined


@dataclass(frozen=True, slots=True)
class Rules:
    """``usable``: the worst class that is worked with. ``known_until``: up to there (UTC ns) the last sample is known
    to hold. ``extend``: the line through the last two samples goes on behind them.
    """

    numeric: bool
    stepped: bool
    usable: int
    known_until: int
    end: int
    extend: bool = False


class SimpleWalk:
    """Immediate neighbours, Bad or not."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def segments(self, window: Window) -> Segments:
        samples = window.samples
        classes, numbers = classes_of(samples, self._rules.numeric), samples.numbers()
        count = max(len(samples) - 1, 0)
        begins, held, mine = samples.times[:count], numbers[:count], classes[:count]
        following = classes[1:]
        sloped = np.zeros(count, np.bool_)
        inside = mine.copy()
        if not self._rules.stepped:
            is_number = ~np.isnan(numbers)
            sloped = (following <= self._rules.usable) & is_number[1:] & is_number[:-1]
            inside = np.where(sloped, np.maximum(mine, following), np.maximum(mine, UNCERTAIN_CLASS))
        inside = np.where(mine <= self._rules.usable, inside, BAD_CLASS).astype(np.uint8)
        sloped = sloped & (inside < BAD_CLASS)
        found = Segments(
            begins, samples.times[1:], held, np.where(sloped, numbers[1:], held), mine, inside,
            samples.take(slice(0, count)), np.ones(count, np.bool_), sloped,
        )  # fmt: skip
        if window.last and not window.tail and len(samples):
            return _added(found, self._tail(samples, classes))
        return found

    def _tail(self, samples: Samples, classes: Classes) -> Segments:
        """Behind the last sample of all: one tick, or as long as it is known to hold."""
        last = samples.take(slice(len(samples) - 1, None))
        mine, number = classes[-1:], last.numbers()
        known = self._rules.known_until > int(last.times[0])
        inside = mine if known or self._rules.stepped else np.maximum(mine, UNCERTAIN_CLASS)
        inside = np.where(mine <= self._rules.usable, inside, BAD_CLASS).astype(np.uint8)
        end = max(int(last.times[0]) + TICK_NS, self._rules.known_until + 1)
        return Segments(
            last.times, np.array([end]), number, number, mine, inside,
            last, np.ones(1, np.bool_), np.zeros(1, np.bool_),
        )  # fmt: skip


class SteppedBridge:
    """The last usable value stands, Uncertain from the first one on that cannot be used."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._held, self._class, self._is_exact = Samples.empty(), UNCERTAIN_CLASS, True

    def segments(self, window: Window) -> Segments:
        samples = window.samples.take(slice(1 if len(self._held) else 0, None))
        exact = np.ones(len(samples), np.bool_)
        classes = classes_of(samples, self._rules.numeric)
        if len(self._held):
            samples = joined((self._held, samples))
            classes = np.concatenate((np.array([self._class], np.uint8), classes))
            exact = np.concatenate((np.array([self._is_exact]), exact))
        usable = classes <= self._rules.usable
        usable[: len(self._held)] = True
        places = np.maximum.accumulate(np.where(usable, np.arange(len(samples)), -1))
        begun = np.flatnonzero(places >= 0)
        inside = np.where(usable, classes, UNCERTAIN_CLASS).astype(np.uint8)[begun]
        rows = samples.take(places[begun])
        begins, exact = samples.times[begun], (exact & usable)[begun]
        ends = np.append(begins[1:], begins[-1:])
        held = rows.numbers()
        found = Segments(
            begins, ends, held, held, inside, inside, rows, exact, np.zeros(len(begun), np.bool_)
        )
        if not len(begun):
            self._held = Samples.empty()
            return found
        if window.last:
            return _added(_without_last(found), self._tail(found, bool(window.tail)))
        self._keep(found)
        return _without_last(found)

    def _keep(self, found: Segments) -> None:
        """The next window begins with the value that stands, at the instant of the last sample."""
        last = found.rows.take(slice(len(found.rows) - 1, None))
        self._held = _moved(last, int(found.begins[-1]))
        self._class, self._is_exact = int(found.inside[-1]), bool(found.exact[-1])

    def _tail(self, found: Segments, followed: bool) -> Segments:
        last = _last_of(found)
        if followed:
            return _until(last, self._rules.end + 1)
        return _extrapolated(last, self._rules, 0.0)


class SlopedBridge:
    """Lines from one usable sample to the next; Uncertain where something between them was passed over."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._held, self._skipped = Samples.empty(), False
        self._rise, self._seen = 0.0, False

    def segments(self, window: Window) -> Segments:
        fresh = window.samples.take(slice(1 if self._seen else 0, None))
        self._seen = self._seen or len(window.samples) > 0
        usable = classes_of(fresh, self._rules.numeric) <= self._rules.usable
        if not self._rules.numeric:
            usable &= ~np.isnan(fresh.numbers())
        places = np.flatnonzero(usable)
        skipped = np.diff(places, prepend=-1) > 1
        skipped[:1] |= self._skipped
        self._skipped = bool(len(fresh) and (not usable[-1])) or (self._skipped and not len(places))
        samples = joined((self._held, fresh.take(places)))
        if len(self._held) == 0:
            skipped = skipped[1:]
        return self._between(samples, skipped, window.last)

    def _between(self, samples: Samples, skipped: NDArray[np.bool_], is_last: bool) -> Segments:
        count = max(len(samples) - 1, 0)
        classes, numbers = classes_of(samples, self._rules.numeric), samples.numbers()
        inside = np.maximum(classes[:count], classes[1:])
        inside = np.where(skipped[:count], UNCERTAIN_CLASS, inside).astype(np.uint8)
        found = Segments(
            samples.times[:count], samples.times[1:], numbers[:count], numbers[1:], classes[:count], inside,
            samples.take(slice(0, count)), np.ones(count, np.bool_), np.ones(count, np.bool_),
        )  # fmt: skip
        self._held = samples.take(slice(count, None))
        if count and samples.times[-1] > samples.times[-2]:
            self._rise = float((numbers[-1] - numbers[-2]) / (samples.times[-1] - samples.times[-2]))
        if not is_last or not len(samples):
            return found
        last, mine = self._held, classes[-1:]
        end = Segments(
            last.times, last.times, last.numbers(), last.numbers(), mine, mine,
            last, np.ones(1, np.bool_), np.zeros(1, np.bool_),
        )  # fmt: skip
        return _added(found, _extrapolated(end, self._rules, self._rise if self._rules.extend else 0.0))


def _extrapolated(last: Segments, rules: Rules, rise: float) -> Segments:
    """Behind the last usable sample: as it is while it is known to hold, then always Uncertain."""
    begin = int(last.begins[0])
    known = min(max(rules.known_until + 1, begin), rules.end + 1) if begin <= rules.end else begin
    until = max(rules.end + 1, begin)
    sure = _until(last, known)
    count = np.array([last.first[0] + rise * (until - known)])
    doubted = Segments(
        np.array([known]), np.array([until]), last.first, count,
        last.at_begin if known == begin else np.array([UNCERTAIN_CLASS], np.uint8),
        np.array([UNCERTAIN_CLASS], np.uint8), last.rows,
        last.exact & (known == begin), np.array([rise != 0.0]),
    )  # fmt: skip
    return _added(sure, doubted) if known > begin else doubted


def _moved(one: Samples, at: int) -> Samples:
    return Samples(
        np.array([at]), one.bits, one.kinds, one.statuses, one.receives, one.flags, one.versions, one.runs,
        one.objects,
    )  # fmt: skip


def _last_of(found: Segments) -> Segments:
    return _sliced(found, slice(len(found.begins) - 1, None))


def _without_last(found: Segments) -> Segments:
    return _sliced(found, slice(0, len(found.begins) - 1))


def _until(one: Segments, end: int) -> Segments:
    return Segments(
        one.begins, np.maximum(np.array([end]), one.begins), one.first, one.first, one.at_begin, one.inside,
        one.rows, one.exact, one.sloped,
    )  # fmt: skip


def _sliced(found: Segments, kept: slice) -> Segments:
    return Segments(
        found.begins[kept], found.ends[kept], found.first[kept], found.last[kept], found.at_begin[kept],
        found.inside[kept], found.rows.take(kept), found.exact[kept], found.sloped[kept],
    )  # fmt: skip


def _added(one: Segments, other: Segments) -> Segments:
    def both(name: str) -> NDArray[Any]:
        return np.concatenate((getattr(one, name), getattr(other, name)))

    return Segments(
        both("begins"), both("ends"), both("first"), both("last"), both("at_begin"), both("inside"),
        joined((one.rows, other.rows)), both("exact"), both("sloped"),
    )  # fmt: skip
