"""What the registers of one unit are, guessed from how they behave: type, order, confidence and why; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hmi.core.texts import tr
from hmi.drivers.modbus._guess_costs import integer_cost
from hmi.drivers.modbus._guess_expect import Expected, expect, scale_of, words_at
from hmi.drivers.modbus._guess_kinds import Kind, Samples
from hmi.drivers.modbus._guess_score import values_of
from hmi.drivers.modbus._guess_split import Chosen, Costs, costs_of, cut

SURE = 0.8
"""From this confidence on a guess is good enough to be taken over unread."""

# share of all cuts -> share of guesses that were right, measured over simulated maps (hmi bench engineering): they are
# the same, but no device is quite like those, so nothing is stated as certain
_CALIBRATED = ((0.0, 0.0), (0.9, 0.9), (1.0, 0.98))

_SURE_OF_SIGN = 8.0  # bits
_EITHER = 0.6
_HALF_IS_ENOUGH = 0.9
_SHORT_TEXT, _SHORT_TEXT_SURE = 4, 0.75  # of so few words, letters do not tell their order well
_WIRES = {"bits": "uint16"}
_NEAR = 8
_SPACES = (0x20, 0x20)
_SPACE_WORD = 0x2020

Span = Sequence[Samples]
"""A range without holes, as parts that were each read in one answer; parts overlap, so that no value is torn."""


@dataclass(frozen=True, slots=True)
class Guess:
    """``wire`` and ``order`` as in the options of a tag; ``flags``: bits that changed; ``scale`` 1 = not known.

    ``samples`` hold the words of the item alone. ``rival`` is what else it may be, empty where that is unlikely.
    """

    offset: int
    words: int
    wire: str
    order: str
    confidence: float
    kind: Kind
    samples: Samples
    rival: str = ""
    flags: tuple[int, ...] = ()
    scale: float = 1.0
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Guessed:
    """``order``: what most of the device is in, empty = not seen. ``unused``: (first, end) of words that say nothing.

    ``missed``: expected values that no reading shows.
    """

    items: tuple[Guess, ...]
    order: str = ""
    unused: tuple[tuple[int, int], ...] = ()
    missed: tuple[Expected, ...] = ()


def guess(spans: Sequence[Span], expected: Sequence[Expected] = ()) -> Guessed:
    """The likeliest layout of the ranges of one table of one unit."""
    told_unused = [part for span in spans for part in _still_zero(span)]
    spans = [piece for span in spans for piece in _with_content(span)]
    if not spans:
        return Guessed((), "", tuple(_joined(told_unused)), tuple(one for one in expected if one.number != 0))
    ranges = [costs_of(span) for span in spans]
    applied = [one for one in expected if _apply(one, ranges, spans)]
    cuts, orders = cut(ranges)
    items: list[Guess] = []
    unused: list[tuple[int, int]] = list(told_unused)
    for chosen, span in zip(cuts, spans, strict=True):
        for run in _runs(chosen):
            first = run[0]
            end = run[-1].offset + run[-1].kind.words
            if first.kind.wire == "unused" or _says_nothing(span, first.offset, end):
                unused.append((first.offset, end))
            elif first.kind.wire == "string":
                items += _texts(run, span)
            else:
                items.append(_item(first, span, expected))
    missed = [one for one in expected if not (one in applied or one.number == 0) or not _shown(one, items)]
    order = max(orders, key=orders.__getitem__)
    told = any(item.words > 1 and item.wire != "string" for item in items)
    return Guessed(tuple(items), order if told else "", tuple(_joined(unused)), tuple(missed))


def _content(span: Span) -> NDArray[np.bool_]:
    """Places of a range that were not 0 at some time, or are near one that was: the only ones worth a guess."""
    start, end = span[0].start, max(part.end for part in span)
    near = np.zeros(end - start + 2 * _NEAR, bool)
    for part in span:
        for place in np.flatnonzero(part.words.any(axis=0)) + part.start - start:
            near[place : place + 2 * _NEAR + 1] = True
    return near[_NEAR : _NEAR + end - start]


def _parts(flags: NDArray[np.bool_], start: int) -> list[tuple[int, int]]:
    """Runs of places that are True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(first) + start, int(end) + start) for first, end in edges.reshape(-1, 2)]


def _still_zero(span: Span) -> list[tuple[int, int]]:
    return _parts(~_content(span), span[0].start)


def _with_content(span: Span) -> list[list[Samples]]:
    """A range without its long stretches of zeros, which cost time and tell nothing."""
    pieces: list[list[Samples]] = []
    for first, end in _parts(_content(span), span[0].start):
        cut_out = [
            Samples(low, part.words[:, low - part.start : high - part.start], part.times)
            for part in span
            if (low := max(first, part.start)) < (high := min(end, part.end)) and len(part.words)
        ]
        if cut_out:
            pieces.append(cut_out)
    return pieces


def _says_nothing(span: Span, first: int, end: int) -> bool:
    """Whether all words were 0 in all answers: of those every reading is 0."""
    return not any(
        part.words[:, max(0, first - part.start) : max(0, end - part.start)].any() for part in span
    )


def _joined(parts: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for first, end in sorted(parts):
        if out and out[-1][1] >= first:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((first, end))
    return out


def _apply(expected: Expected, ranges: Sequence[Costs], spans: Sequence[Span]) -> bool:
    for costs, span in zip(ranges, spans, strict=True):
        if costs.start <= expected.offset < costs.start + costs.size:
            expect(costs, span, expected)
            return True
    return False


def _shown(expected: Expected, items: Sequence[Guess]) -> bool:
    if expected.number == 0 and not any(
        item.offset <= expected.offset < item.offset + item.words for item in items
    ):
        return True  # it is 0, of whatever type
    return any(item.offset == expected.offset and item.expected for item in items)


def _runs(chosen: Sequence[Chosen]) -> list[list[Chosen]]:
    """Values one by one, but unused words and words of a text together."""
    runs: list[list[Chosen]] = []
    for one in chosen:
        if runs and one.kind.wire in ("unused", "string") and one.kind == runs[-1][-1].kind:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def _texts(run: Sequence[Chosen], span: Span) -> list[Guess]:
    """Texts that follow each other are parted where one has ended; what fills up the last one is not of it."""
    swapped = run[0].kind.order == "BADC"
    found: list[list[Chosen]] = []
    ended = True
    for one in run:
        word = int(words_at(span, one.offset, 1).words[-1, 0])
        first, second = (word & 0xFF, word >> 8) if swapped else (word >> 8, word & 0xFF)
        if (first, second) == _SPACES and found:
            found[-1].append(one)
        elif ended and first:
            found.append([one])
        elif first:
            found[-1].append(one)
        ended = not second or (first, second) == _SPACES
    return [_text(_stripped(part, span), span) for part in found]


def _stripped(part: Sequence[Chosen], span: Span) -> Sequence[Chosen]:
    """Without the words of two spaces at its end."""
    size = len(part)
    while size > 1 and int(words_at(span, part[size - 1].offset, 1).words[-1, 0]) == _SPACE_WORD:
        size -= 1
    return part[:size]


def _text(part: Sequence[Chosen], span: Span) -> Guess:
    first = part[0]
    words = [words_at(span, one.offset, 1).words[-1, 0] for one in part]
    samples = Samples(first.offset, np.array([words], np.uint16), np.zeros(1))
    sure = _confidence(float(np.mean([one.share for one in part])))
    if len(part) < _SHORT_TEXT:
        sure = min(sure, _SHORT_TEXT_SURE)
    return Guess(first.offset, len(part), "string", first.kind.order, sure, first.kind, samples)


def _item(chosen: Chosen, span: Span, expected: Sequence[Expected]) -> Guess:
    kind = chosen.kind
    samples = words_at(span, chosen.offset, kind.words)
    rival_at, rival, share = chosen.rival
    is_integer = kind.wire.startswith("integer")
    wire, sure = _signed(kind, samples) if is_integer else (_WIRES.get(kind.wire, kind.wire), True)
    flags = _flags(samples) if kind.wire == "bits" else ()
    confidence = _confidence(chosen.share)
    if not sure or (kind.wire == "bits" and not flags):
        confidence = min(confidence, _EITHER)
    if is_integer and _fits_in_half(kind, samples):
        confidence = min(confidence, _HALF_IS_ENOUGH)
    made = Guess(
        chosen.offset,
        kind.words,
        wire,
        kind.order,
        confidence,
        kind,
        samples,
        rival=_rival(rival, chosen.offset - rival_at) if share > 0.1 and rival.wire != "unused" else "",
        flags=flags,
    )
    for one in expected:
        if one.offset == made.offset and (scale := scale_of(kind, samples, one)) is not None:
            return replace(made, scale=scale, expected=one.text)
    return made


def _fits_in_half(kind: Kind, samples: Samples) -> bool:
    """Whether a number of half the words would read the same: only a carry proves that all of them belong to it."""
    half = 1 << (8 * kind.words)
    values = values_of(kind, samples.words)[:, 0]
    return kind.words > 1 and bool(((values >= -half // 2) & (values < half)).all())


def _rival(kind: Kind, behind: int) -> str:
    """Its name, and that it begins with another register."""
    wire = kind.wire.replace("integer", "int")
    name = f"{wire} {kind.order}" if kind.words > 1 else wire
    if not behind:
        return name
    return tr("the rest of {name}", name=name) if behind > 0 else tr("{name} one register further", name=name)


def _confidence(share: float) -> float:
    places, values = zip(*_CALIBRATED, strict=True)
    return round(float(np.interp(share, places, values)), 2)


def _flags(samples: Samples) -> tuple[int, ...]:
    ever = (
        int(np.bitwise_or.reduce(samples.words[1:, 0] ^ samples.words[:-1, 0]))
        if len(samples.words) > 1
        else 0
    )
    return tuple(bit for bit in range(16) if ever >> bit & 1)


def _signed(kind: Kind, samples: Samples) -> tuple[str, bool]:
    """With a sign where it goes below zero, and where nothing speaks against one: only counting up does.

    Also whether that is sure: a number of the upper half may be either.
    """
    bits = kind.words * 16
    signed = values_of(kind, samples.words)[:, :1]
    if (signed < 0).any():
        if bits == 64:
            return "int64", True
        plain = integer_cost(signed & ((1 << bits) - 1), bits)[0] - integer_cost(signed, bits)[0]
        return f"uint{bits}" if plain < 0 else f"int{bits}", bool(abs(plain) > _SURE_OF_SIGN)
    steps = np.diff(signed[:, 0])
    counts = (steps >= 0).all() and (steps > 0).any()
    return f"uint{bits}" if counts and bits < 64 else f"int{bits}", True
