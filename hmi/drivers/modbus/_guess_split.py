"""Cuts ranges of words into the likeliest sequence of values and tells how sure each one is; pure.

A chain of families of types (neighbours tend to be alike) under each order that the device may have. Sums over all
ways to cut the range give the share of those in which a value is of one type and order; all logarithms are of base 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hmi.drivers.modbus._guess_costs import NEVER
from hmi.drivers.modbus._guess_kinds import (
    COMMON,
    FAMILIES,
    KINDS,
    LASTS,
    WIDEST,
    Bits,
    Kind,
    Samples,
    hypotheses,
    share_of_order,
)
from hmi.drivers.modbus._guess_score import scores
from hmi.drivers.modbus._guess_text import text_cost

_COUNT = len(FAMILIES)
_TEXTS = {kind.family: FAMILIES.index(kind.family) for kind in KINDS if kind.wire == "string"}
_WIDTHS = tuple(sorted({kind.words for kind in KINDS}))
_ORDERS = hypotheses()


@dataclass(frozen=True, slots=True)
class Costs:
    """Cost of every kind at every place of a range; ``goes_on`` that of a word of a text behind another one."""

    start: int
    size: int
    of: Mapping[Kind, Bits]
    goes_on: Mapping[str, Bits]


@dataclass(frozen=True, slots=True)
class Chosen:
    """One value of the likeliest cut. ``share`` of all cuts have it so, 0 to 1; ``rival`` is the next best that has
    one of its words: where it begins, its kind and its share.
    """

    offset: int
    kind: Kind
    share: float
    rival: tuple[int, Kind, float]


def costs_of(span: Sequence[Samples]) -> Costs:
    """Costs of a range that was read in parts; a value is judged in a part that has all of its words."""
    start, end = span[0].start, max(part.end for part in span)
    size = end - start
    of = {kind: np.full(size, NEVER) for kind in KINDS}
    goes_on = {family: np.full(size, NEVER) for family in _TEXTS}
    plain = np.zeros(size)
    filled = 0
    for part in span:
        at = part.start - start
        told = scores(part)
        alone = next(cost for kind, cost in told.items() if kind.wire == "integer16")
        plain[max(at, filled) : at + len(alone)] = alone[max(0, filled - at) :]
        filled = max(filled, at + len(alone))
        for kind, cost in told.items():
            _fill(of[kind], at, cost + _other_answers(plain[at : at + len(alone)] - alone, kind.words))
        for kind in KINDS:
            if kind.wire == "string":
                begin, following = text_cost(part.words, swapped=kind.order == "BADC")
                _fill(of[kind], at, begin)
                _fill(goes_on[kind.family], at, following)
    return Costs(start, size, of, goes_on)


def _other_answers(differences: Bits, words: int) -> Bits:
    """What words cost less or more in the part that has them first, for values of so many words.

    Where parts overlap, the cuts of a range are told by different answers; without this a cut would win because its
    answers happened to be calmer.
    """
    return np.convolve(differences, np.ones(words), "valid")


def _fill(target: Bits, at: int, cost: Bits) -> None:
    """What a part before has told stays."""
    place = target[at : at + len(cost)]
    np.copyto(place, cost, where=place >= NEVER)


def cut(ranges: Sequence[Costs]) -> tuple[list[list[Chosen]], dict[str, float]]:
    """The likeliest cut of each range, and how likely each order of the device is (empty = mixed)."""
    chains = [_Chain(costs) for costs in ranges]
    weights = np.log2([share for _order, share in _ORDERS]) + sum(chain.total for chain in chains)
    weights = np.exp2(weights - np.logaddexp2.reduce(weights))
    orders = {order: float(weight) for (order, _share), weight in zip(_ORDERS, weights, strict=True)}
    return [_best(chain.costs, chain.shares(weights)) for chain in chains], orders


class _Chain:
    """Sums over all cuts from the left and from the right, by hypothesis of the order and by family."""

    def __init__(self, costs: Costs) -> None:
        self.costs = costs
        self._moves = _moves()
        self._told = {width: self._emissions(width) for width in _WIDTHS}
        self._going = {family: _log_last(family) - cost for family, cost in costs.goes_on.items()}
        self._entered, self._ended = self._forward()
        self.total = np.logaddexp2.reduce(self._ended[costs.size], axis=1)
        self._rest = self._backward()

    def _emissions(self, width: int) -> Bits:
        """Log-likelihood by place, hypothesis and family of a value of so many words; orders are summed over."""
        out = np.full((self.costs.size, len(_ORDERS), _COUNT), -NEVER)
        for kind in KINDS:
            if kind.words != width:
                continue
            family = FAMILIES.index(kind.family)
            share = np.log2([share_of_order(kind, order) for order, _share in _ORDERS])
            told = share[None, :] - self.costs.of[kind][:, None]
            out[:, :, family] = np.logaddexp2(out[:, :, family], told)
        return out

    def _forward(self) -> tuple[Bits, Bits]:
        size = self.costs.size
        ended = np.full((size + WIDEST, len(_ORDERS), _COUNT), -NEVER)
        entered = np.full((size, len(_ORDERS), _COUNT), -NEVER)
        first = np.log2([COMMON[family] for family in FAMILIES])
        for place in range(size):
            if place:
                entered[place] = np.logaddexp2.reduce(ended[place][:, :, None] + self._moves, axis=1)
            else:
                entered[place] = first
            for width in _WIDTHS:
                if place + width <= size:
                    told = entered[place] + self._told[width][place]
                    np.logaddexp2(ended[place + width], told, out=ended[place + width])
            for family, index in _TEXTS.items():
                stays = ended[place][:, index] + self._going[family][place]
                ended[place + 1][:, index] = np.logaddexp2(ended[place + 1][:, index], stays)
        return entered, ended

    def _backward(self) -> Bits:
        size = self.costs.size
        rest = np.full((size + WIDEST, len(_ORDERS), _COUNT), -NEVER)
        rest[size] = 0.0
        for place in reversed(range(size)):
            new = np.full((len(_ORDERS), _COUNT), -NEVER)
            for width in _WIDTHS:
                if place + width <= size:
                    np.logaddexp2(new, self._told[width][place] + rest[place + width], out=new)
            here = np.logaddexp2.reduce(new[:, None, :] + self._moves, axis=2)
            for family, index in _TEXTS.items():
                stays = rest[place + 1][:, index] + self._going[family][place]
                here[:, index] = np.logaddexp2(here[:, index], stays)
            rest[place] = here
        return rest

    def shares(self, weights: NDArray[np.float64]) -> dict[Kind, Bits]:
        """In which share of all cuts each kind begins at each place (of texts: the word belongs to one)."""
        size = self.costs.size
        out: dict[Kind, Bits] = {}
        for kind in KINDS:
            family = FAMILIES.index(kind.family)
            order = np.log2([share_of_order(kind, hypothesis) for hypothesis, _share in _ORDERS])
            rest = self._rest[kind.words : size + kind.words, :, family]
            told = self._entered[:, :, family] + order[None, :] + rest - self.total[None, :]
            share = (np.exp2(np.minimum(told - self.costs.of[kind][:, None], 0.0)) * weights).sum(axis=1)
            out[kind] = share + (self._going_shares(kind, weights) if kind.wire == "string" else 0.0)
        return out

    def _going_shares(self, kind: Kind, weights: NDArray[np.float64]) -> Bits:
        """In which share of all cuts a word goes on with the text before it."""
        size, family = self.costs.size, FAMILIES.index(kind.family)
        told = self._ended[:size, :, family] + self._going[kind.family][:, None] - self.total[None, :]
        told = told + self._rest[1 : size + 1, :, family]
        return (np.exp2(np.minimum(told, 0.0)) * weights).sum(axis=1)


def _log_last(family: str) -> float:
    return float(np.log2(LASTS[family]))


def _moves() -> Bits:
    """Log-probability from the family of one value (row) to that of the next; a text that goes on is no new value."""
    common = np.array([COMMON[family] for family in FAMILIES])
    lasts = np.array([LASTS[family] for family in FAMILIES])
    moves = (1 - lasts)[:, None] * common[None, :]
    stays = [0.0 if family in _TEXTS else LASTS[family] for family in FAMILIES]
    return np.log2(moves + np.diag(stays))


def _best(costs: Costs, shares: Mapping[Kind, Bits]) -> list[Chosen]:
    """The cut in which as many words as possible are probably right."""
    size = costs.size
    by_width = {width: [kind for kind in KINDS if kind.words == width] for width in _WIDTHS}
    tables = {width: np.stack([shares[kind] for kind in kinds]) for width, kinds in by_width.items()}
    picks = {width: table.argmax(axis=0) for width, table in tables.items()}
    gains = {width: width * table.max(axis=0) for width, table in tables.items()}
    total = [-1.0] * (size + 1)
    back = [0] * (size + 1)
    total[0] = 0.0
    for place in range(size):
        for width in _WIDTHS:
            end = place + width
            if end <= size and (gain := total[place] + float(gains[width][place])) > total[end]:
                total[end], back[end] = gain, width
    chosen: list[Chosen] = []
    end = size
    while end > 0:
        width = back[end]
        end -= width
        kind = by_width[width][int(picks[width][end])]
        rival = _rival(costs.start, shares, end, kind)
        chosen.append(Chosen(costs.start + end, kind, min(1.0, float(shares[kind][end])), rival))
    return chosen[::-1]


def _rival(start: int, shares: Mapping[Kind, Bits], place: int, kind: Kind) -> tuple[int, Kind, float]:
    best = (place, kind, -1.0)
    for other, share in shares.items():
        first = max(0, place - other.words + 1)
        near = share[first : place + kind.words].copy()
        if other is kind:
            near[place - first] = -1.0
        if (top := float(near.max())) > best[2]:
            best = (first + int(near.argmax()), other, min(1.0, top))
    return best[0] + start, best[1], best[2]
