"""Why a guess was made, in words that an engineer can check against the device; pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from hmi.core.texts import tr
from hmi.drivers.modbus._guess import SURE, Guess, Guessed
from hmi.drivers.modbus._guess_kinds import ORDERS, Kind, in_order
from hmi.drivers.modbus._guess_score import values_of
from hmi.drivers.modbus._guess_text import as_text

Values = NDArray[np.float64]
_FLOATS = ("float32", "float64")


def why(guess: Guess, guessed: Guessed) -> str:
    """All that speaks for a guess and what speaks against it."""
    parts = [*_SAYS.get(guess.wire, _of_integer)(guess)]
    if guess.expected:
        parts.insert(0, _of_expected(guess))
    if support := _of_others(guess, guessed):
        parts.append(support)
    if guess.rival and guess.confidence < SURE:
        parts.append(tr("it may also be {other}", other=guess.rival))
    return "; ".join(parts)


def readings(guess: Guess) -> Values:
    """The numbers of a guess, one for each answer, without its scale."""
    values = values_of(guess.kind, guess.samples.words)[:, 0]
    if guess.wire in ("uint16", "uint32"):
        values = values & ((1 << 16 * guess.words) - 1)
    return values.astype(float)


def shown(number: float) -> str:
    """A number for people: six digits that count."""
    return f"{number:.6g}"


def _of_expected(guess: Guess) -> str:
    if guess.scale == 1.0:
        return tr("shows the expected {value}", value=guess.expected)
    return tr(
        "shows the expected {value} as {scale} times its number",
        value=guess.expected,
        scale=shown(guess.scale),
    )


def _span(values: Values) -> str:
    low, high = float(values.min()), float(values.max())
    if low == high:
        return tr("stands at {value} in all {n} answers", value=shown(low), n=len(values))
    return tr("all {n} answers between {low} and {high}", n=len(values), low=shown(low), high=shown(high))


def _of_float(guess: Guess) -> list[str]:
    values = readings(guess)
    finite = values[np.isfinite(values)]
    if not len(finite):
        return [tr("the number that stands for 'not available'")]
    parts = [f"{_span(finite)} {tr('as {wire} {order}', wire=guess.wire, order=guess.order)}"]
    if other := _other_order(guess):
        parts[0] += f", {other}"
    if (decimals := _decimals(finite)) is not None:
        parts.append(_rounded(decimals))
    if len(finite) < len(values):
        parts.append(tr("{n} answers were no number", n=len(values) - len(finite)))
    return parts


def _other_order(guess: Guess) -> str:
    """What the words would be in the order that is most common otherwise."""
    order = next(order for order in ORDERS if order != guess.order)
    kind = Kind(guess.kind.family, guess.kind.wire, guess.kind.words, order)
    values = values_of(kind, guess.samples.words)[:, 0]
    if not np.isfinite(values).all():
        return tr("as {order} they would not be numbers", order=order)
    low, high = float(values.min()), float(values.max())
    if low == high:
        return tr("as {order} it would be {value}", order=order, value=f"{low:.3g}")
    return tr("as {order} they would be {low} … {high}", order=order, low=f"{low:.3g}", high=f"{high:.3g}")


def _decimals(values: Values) -> int | None:
    """Decimals of numbers that a device rounds; None when they have more than three."""
    for decimals in range(4):
        if all(math.isclose(value, round(value, decimals), rel_tol=1e-7, abs_tol=1e-12) for value in values):
            return decimals
    return None


def _rounded(decimals: int) -> str:
    if not decimals:
        return tr("always a whole number")
    return (
        tr("never more than 1 decimal") if decimals == 1 else tr("never more than {n} decimals", n=decimals)
    )


def _of_integer(guess: Guess) -> list[str]:
    values = readings(guess)
    parts = [*_motion(guess, values)]
    if guess.words > 1:
        parts.append(_carries(guess))
    if (values < 0).any():
        parts.append(tr("it goes below zero as a number with a sign"))
    elif guess.words == 1 and values.max() < 2**15:
        other = "uint16" if guess.wire == "int16" else "int16"
        parts.append(tr("{other} reads the same so far", other=other))
    if len(values) > 1 and values.max() in (1000.0, 10_000.0) and values.min() < values.max():
        share = "0.1" if values.max() == 1000.0 else "0.01"
        parts.append(tr("it ends at {top}: perhaps {share} % a step", top=shown(values.max()), share=share))
    return parts


def _motion(guess: Guess, values: Values) -> list[str]:
    steps = np.diff(values)
    if not steps.any() or not ((steps >= 0).all() or (steps <= 0).all()) or np.count_nonzero(steps) < 3:
        return [_span(values)]
    text = tr("only counts {way}, {first} to {last}", way=tr("up") if steps.sum() > 0 else tr("down"),
              first=shown(values[0]), last=shown(values[-1]))  # fmt: skip
    seconds = float(guess.samples.times[-1] - guess.samples.times[0])
    if seconds > 0:
        text += tr(", about {rate} a second", rate=f"{abs(steps.sum()) / seconds:.3g}")
    return [text]


def _carries(guess: Guess) -> str:
    """How often the low words ran over into the high one, which only a number of both does."""
    parts = [part[:, 0].astype(np.int64) for part in in_order(guess.samples.words, guess.order, guess.words)]
    high, low = parts[-2], parts[-1]
    high_steps, low_steps = np.diff(high), np.diff(low)
    count = int(((high_steps != 0) & (np.sign(high_steps) == -np.sign(low_steps))).sum())
    if count:
        return tr("the low word carries into the high word {n} times", n=count)
    if not high.any():
        return tr("its high word stayed 0: the low word alone would read the same")
    return tr("no carry between its words was seen")


def _of_bits(guess: Guess) -> list[str]:
    if not guess.flags:
        return [
            tr("the pattern 0x{word} looks like single bits", word=f"{int(guess.samples.words[-1, 0]):04X}")
        ]
    return [tr("single bits change: {bits}", bits=", ".join(map(str, guess.flags)))]


def _of_word(guess: Guess) -> list[str]:
    return _of_bits(guess) if guess.kind.wire == "bits" else _of_integer(guess)


def _of_text(guess: Guess) -> list[str]:
    letters = as_text(guess.samples.words[0], swapped=guess.order == "BADC")
    return [tr("reads '{letters}'", letters=letters)]


def _of_bcd(guess: Guess) -> list[str]:
    digits = tr("no digit above 9 as decimal digits")
    return [digits, *_motion(guess, readings(guess))]


def _of_time(guess: Guess) -> list[str]:
    values = readings(guess)
    when = datetime.fromtimestamp(int(values[-1]), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    runs = len(values) > 1 and values[0] != values[-1]
    return [tr("goes with the clock: {when}", when=when) if runs else tr("is the time {when}", when=when)]


def _of_others(guess: Guess, guessed: Guessed) -> str:
    """How many other values of the unit have the same order."""
    if guess.words == 1 or guess.wire == "string":
        return ""
    others = [
        item for item in guessed.items if item is not guess and item.words > 1 and item.wire != "string"
    ]
    same = sum(item.order == guess.order for item in others)
    if not others:
        return ""
    return tr(
        "{same} of {all} other values of the unit are {order}", same=same, all=len(others), order=guess.order
    )


_SAYS: dict[str, Callable[[Guess], Sequence[str]]] = {
    "float32": _of_float,
    "float64": _of_float,
    "uint16": _of_word,
    "string": _of_text,
    "bcd16": _of_bcd,
    "bcd32": _of_bcd,
    "unix32": _of_time,
}
