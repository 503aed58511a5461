"""How many bits it takes to tell a series of values: smooth, small, round and steady ones take few; pure.

All functions take one column per place and one row per answer. A wrong type or order makes a smooth quantity jump,
which takes many bits; the right one takes few. The difference in bits is the evidence.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hmi.drivers.modbus._guess_kinds import Bits, Words

NEVER = 1e6
LIVES = 1.0  # a value is as likely to stand still as to move while it is watched
_ROUND = 4  # decimals that a device may round to
_HUGE = 1e30  # no quantity of a plant is larger, and none smaller than one by it
_LARGEST_ROUND = 4e6  # beyond it nearly every 32-bit float would look round

Real = NDArray[np.float64]


def _log2_choose(total: Real, chosen: Real) -> Real:
    return _log2_factorial(total) - _log2_factorial(chosen) - _log2_factorial(total - chosen)


def _log2_factorial(number: Real) -> Real:
    """By Stirling; near enough for counts."""
    safe = np.maximum(number, 1.0)
    exact = safe * np.log2(safe / np.e) + 0.5 * np.log2(2 * np.pi * safe) + np.log2(np.e) / (12 * safe)
    return np.where(number < 2, 0.0, exact)


def octave(magnitude: Real) -> Real:
    """Number of bits of a whole number that is not negative."""
    return np.ceil(np.log2(np.maximum(magnitude, 0.0) + 1.0))


def first_cost(value: Real, bits: int) -> Bits:
    """Telling a whole number alone: small ones are common, negative ones are rare."""
    size = octave(np.abs(value))
    number = 0.42 + np.log2(bits) + 0.06 * size + np.maximum(size - 1, 0)
    return np.where(value == 0, 2.0, number + np.where(value < 0, 2.3, 0.32))


def steps_cost(steps: Real, bits: int) -> Bits:
    """Telling how a value goes on from answer to answer; ``steps`` are differences in its smallest unit.

    It stands or moves about, counts at a steady pace, or goes on as it went (a slow wave).
    """
    if not len(steps):
        return np.full(steps.shape[1], LIVES)
    pace = np.median(steps, axis=0)
    steady = octave(np.abs(pace)) + np.log2(bits) + _moves_cost(steps - pace, bits)
    cost = np.minimum(_moves_cost(steps, bits), steady)
    if len(steps) > 2:
        wave = 2 * (octave(np.abs(steps[0])) + np.log2(bits)) + _moves_cost(np.diff(steps, axis=0), bits)
        cost = np.minimum(cost, wave)
    return LIVES + np.where((steps == 0).all(axis=0), 0.0, cost + 1.585)


def _moves_cost(steps: Real, bits: int) -> Bits:
    """Telling each step by itself."""
    count = len(steps)
    size = np.abs(steps)
    moved = size > 0
    moves = moved.sum(axis=0).astype(float)
    ups = (steps > 0).sum(axis=0).astype(float)
    total = np.full_like(moves, float(count))
    when = np.log2(count + 1.0) + _log2_choose(total, moves)
    way = np.log2(moves + 1.0) + _log2_choose(moves, ups)
    mean = size.sum(axis=0) / np.maximum(moves, 1)
    far = np.minimum(_even(mean, moves), _uneven(size, moved, moves))
    wild = np.maximum(0.0, octave(mean) - (bits - 6))  # as far as the whole range: no quantity does that
    return np.where(moves > 0, when + way + far + np.log2(bits) + 1.5 * wild, np.log2(count + 1.0))


def _even(mean: Real, moves: Real) -> Bits:
    """Steps of one size, more or less (geometric)."""
    rest = np.maximum(mean - 1.0, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.log2(1 + rest) + np.where(rest > 0, rest * np.log2((1 + rest) / rest), 0.0)
    return moves * each


def _uneven(size: Real, moved: NDArray[np.bool_], moves: Real) -> Bits:
    """Small steps with some large ones among them."""
    sizes = octave(size)
    usual = np.round((sizes * moved).sum(axis=0) / np.maximum(moves, 1))
    each = np.maximum(sizes - 1, 0) + 1.585 + np.abs(sizes - usual)
    return (each * moved).sum(axis=0)


def integer_cost(values: NDArray[Any], bits: int) -> Bits:
    """A whole number in every answer; differences are those of the integers, without rounding."""
    steps = (values[1:] - values[:-1]).astype(float)
    return first_cost(values[0].astype(float), bits) + steps_cost(steps, bits)


def either_sign_cost(signed: NDArray[np.int64], bits: int) -> Bits:
    """With a sign or without one, whichever is the simpler story."""
    cost = integer_cost(signed, bits)
    if bits < 64:
        cost = np.minimum(cost, integer_cost(signed & ((1 << bits) - 1), bits))
    return 1.0 + cost


def float_cost(values: Real, *, mantissa: int) -> Bits:
    """A floating-point number in every answer: of a plausible size, or round in decimals. ``mantissa`` 23 or 52."""
    unset = ~np.isfinite(values)
    misses = unset.sum(axis=0)
    known = np.where(unset, _middle(values), values)
    size = np.abs(known)
    absurd = ((size > _HUGE) | ((size < 1 / _HUGE) & (size > 0))).any(axis=0)
    known = np.where(absurd, 0.0, known)
    cost = np.minimum(_plain_float(known, mantissa), _decimal_float(known, mantissa))
    cost = cost + 14.0 * misses
    cost = np.where(absurd, NEVER, cost)
    return np.where(misses == values.shape[0], np.where(_all_same(values), 12.0, NEVER), cost)


def _all_same(values: Real) -> NDArray[np.bool_]:
    raw = np.nan_to_num(values, nan=1.0, posinf=2.0, neginf=3.0)
    return (raw == raw[0]).all(axis=0)


def _middle(values: Real) -> Real:
    """One finite value of each column."""
    finite = np.isfinite(values)
    first = finite.argmax(axis=0)
    return np.where(finite.any(axis=0), values[first, np.arange(values.shape[1])], 0.0)


def _exponents(values: Real) -> Real:
    with np.errstate(divide="ignore"):
        return np.where(values == 0, 0.0, np.floor(np.log2(np.abs(values))))


def _plain_float(values: Real, mantissa: int) -> Bits:
    exponent = _exponents(values)
    first = exponent[0]
    size = 4.6 + 0.12 * np.abs(first - 4) + 0.8 * (np.maximum(first - 20, 0) + np.maximum(-14 - first, 0))
    start = np.where(values[0] == 0, 6.0, size + mantissa + np.where(values[0] < 0, 2.3, 0.32))
    top = exponent.max(axis=0)
    unit = np.exp2(top - mantissa)
    steps = np.diff(values, axis=0) / unit
    finer = np.where(values[1:] == 0, 0.0, np.clip(top - exponent[1:], 0, 2 * mantissa))
    moved = steps != 0
    steps = np.where(moved, np.sign(steps) * np.maximum(np.abs(steps), 1.0), 0.0)
    told = steps_cost(steps, mantissa + 9) + (finer * moved).sum(axis=0)
    return start + np.minimum(told, steps_cost(_places_apart(values, mantissa), mantissa + 9))


def _places_apart(values: Real, mantissa: int) -> Real:
    """Steps by how many numbers of the type lie between: where a value goes through a power of two, an integer of
    the same bits would tell it by these.
    """
    single = mantissa == 23
    pattern = (values.astype(np.float32).view(np.int32) if single else values.view(np.int64)).astype(np.int64)
    place = np.where(pattern < 0, -(pattern & (2 ** (31 if single else 63) - 1)), pattern)
    return np.diff(place, axis=0).astype(float)


def _decimal_float(values: Real, mantissa: int) -> Bits:
    """All values have few decimals: a device that rounds, or somebody who typed them."""
    cost = np.full(values.shape[1], NEVER)
    for decimals in range(_ROUND):
        whole = np.rint(np.clip(values * 10.0**decimals, -1e15, 1e15))
        back = whole / 10.0**decimals
        back = back.astype(np.float32).astype(float) if mantissa == 23 else back
        fits = ((back == values) & (np.abs(whole) < _LARGEST_ROUND)).all(axis=0)
        told = 2.0 + first_cost(whole[0], 24) + steps_cost(np.diff(whole, axis=0), 24)
        cost = np.minimum(cost, np.where(fits, told, NEVER))
    return cost


def bits_cost(words: Words) -> Bits:
    """Sixteen flags, of which a few change now and then."""
    flips = words[1:] ^ words[:-1]
    flipped = np.bitwise_count(flips).astype(float)
    ever = np.bitwise_or.reduce(flips, axis=0) if len(flips) else np.zeros(words.shape[1], np.uint16)
    living = np.bitwise_count(ever).astype(float)
    changes = (flips != 0).sum(axis=0).astype(float)
    total = np.full_like(changes, float(max(1, len(flips))))
    set_bits = np.bitwise_count(words[0]).astype(float)
    which = _log2_choose(np.full_like(living, 16.0), living) + 4.0
    when = np.log2(total + 1) + _log2_choose(total, changes)
    flips_in_all = flipped.sum(axis=0)
    together = 2.0 * np.maximum(flips_in_all - changes, 0.0)  # flags seldom change at the same moment
    each = flips_in_all * (np.log2(np.maximum(living, 1.0)) + 0.6) + together
    looks_counted = np.where((living > 1) & ((ever & (ever + 1)) == 0), 4.0, 0.0)  # the low bits only
    moving = when + which + each + looks_counted
    return 2.0 * set_bits + 0.415 * (16 - set_bits) + LIVES + np.where(changes > 0, moving, 0.0)
