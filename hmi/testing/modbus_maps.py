"""Random register maps of known layout with living values, as devices of several makers have them."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass

START_S = 1_795_000_000.0
_NAMES = (
    "PUMP",
    "Pump station",
    "Level",
    "LT-101",
    "Flow meter",
    "Boiler 2",
    "TANK",
    "Compressor",
    "Valve 7",
    "PM5560",
)
_MAKES = ("ACME Instruments", "Northwind", "FX-2000", "V1.04.2", "SN 20231187", "Rev. B")

Signal = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Item:
    """One value of a map. ``wire`` as in the options of a tag, ``bits`` for flags; ``order`` ABCD to DCBA."""

    offset: int
    words: int
    wire: str
    order: str
    read: Callable[[float], bytes]

    @property
    def end(self) -> int:
        return self.offset + self.words


@dataclass(frozen=True, slots=True)
class RegisterMap:
    """A device: registers from ``start`` on; what no item covers is 0."""

    start: int
    size: int
    items: tuple[Item, ...]
    order: str
    """The order of all items; empty where each has its own."""

    def words(self, second: float) -> list[int]:
        """All registers at a time, in seconds since the start."""
        out = [0] * self.size
        for item in self.items:
            raw = in_order(item.read(second), item.order)
            at = item.offset - self.start
            out[at : at + item.words] = struct.unpack(f">{item.words}H", raw)
        return out


def in_order(raw: bytes, order: str) -> bytes:
    """Big-endian bytes as the device sends them."""
    words = [raw[at : at + 2] for at in range(0, len(raw), 2)]
    if order in ("BADC", "DCBA"):
        words = [word[::-1] for word in words]
    return b"".join(reversed(words) if order in ("CDAB", "DCBA") else words)


def random_map(seed: int) -> RegisterMap:
    """The map of a seed: groups of alike values with gaps of unused registers between some of them."""
    rng = random.Random(f"register map {seed}")
    mixed = rng.random() < 0.05
    device = rng.choices(("ABCD", "CDAB", "BADC", "DCBA"), (50, 36, 5, 9))[0]
    start = rng.choice((0, 0, 0, 99, 1000, 4096, 40_000))
    items: list[Item] = []
    at = start
    aligned = rng.random() < 0.5
    for _group in range(rng.randint(4, 9)):
        make = rng.choices(tuple(_GROUPS), tuple(share for share, _make in _GROUPS.values()))[0]
        for _item in range(rng.choice((1, 2, 3, 4, 6, 8, 12))):
            order = rng.choice(("ABCD", "CDAB", "BADC", "DCBA")) if mixed else device
            wire, words, read = _GROUPS[make][1](rng)
            if aligned and words > 1 and at % 2:
                at += 1
            items.append(Item(at, words, wire, order if words > 1 and wire != "string" else "ABCD", read))
            if wire == "string" and device in ("BADC", "DCBA") and rng.random() < 0.6:
                items[-1] = Item(at, words, wire, "BADC", read)
            at += words
        if rng.random() < 0.4:
            at += rng.choice((1, 2, 4, 10, 20))
    return RegisterMap(start, at - start, tuple(items), "" if mixed else device)


# --- signals ----------------------------------------------------------------------------------------------


def _quantity(rng: random.Random) -> Signal:
    """A level, a temperature, a pressure: slow waves, noise, or a setpoint that stands or is changed now and then."""
    middle = 10 ** rng.uniform(-1, 4)
    swing = middle * 10 ** rng.uniform(-3, -0.3)
    period, phase = 10 ** rng.uniform(0.7, 3), rng.uniform(0, 6.28)
    noise = swing * rng.choice((0.0, 0.001, 0.02, 0.2))
    middle = -middle if rng.random() < 0.06 else 0.0 if rng.random() < 0.05 else middle
    seed = rng.random()

    def value(second: float) -> float:
        ripple = random.Random(f"{seed}{second:.3f}").gauss(0, noise) if noise else 0.0
        return middle + swing * math.sin(phase + 6.2832 * second / period) + ripple

    return value


def _still(rng: random.Random) -> Signal:
    value = rng.choice(
        (0.0, 1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 0.5, 2.5, 0.1, round(10 ** rng.uniform(-1, 4), 2))
    )
    return lambda _second: value


def _steps(rng: random.Random) -> Signal:
    """Something that people change."""
    values = [round(10 ** rng.uniform(0, 3), rng.choice((0, 1))) for _change in range(40)]
    period = rng.uniform(3, 15)
    return lambda second: values[int(second / period) % len(values)]


def _counter(rng: random.Random, bits: int) -> Signal:
    first = int(2 ** rng.uniform(4, bits - 2))
    rate = 10 ** rng.uniform(-0.7, 0.45 * math.log10(2**bits))
    return lambda second: (first + int(rate * second)) % 2**bits


def _varied(rng: random.Random) -> Signal:
    return rng.choices((_quantity, _still, _steps), (70, 20, 10))[0](rng)


# --- items ------------------------------------------------------------------------------------------------

_Made = tuple[str, int, Callable[[float], bytes]]


def _float32(rng: random.Random) -> _Made:
    signal = _varied(rng)
    decimals = rng.choice((None, None, None, 1, 2))
    if decimals is None:
        return "float32", 2, lambda second: struct.pack(">f", signal(second))
    return "float32", 2, lambda second: struct.pack(">f", round(signal(second), decimals))


def _float64(rng: random.Random) -> _Made:
    signal = _varied(rng)
    return "float64", 4, lambda second: struct.pack(">d", signal(second))


def _int16(rng: random.Random) -> _Made:
    signal, scale = _varied(rng), rng.choice((1, 1, 10, 100))
    return "int16", 1, lambda second: struct.pack(">h", int(max(-32768, min(32767, signal(second) * scale))))


def _uint16(rng: random.Random) -> _Made:
    if rng.random() < 0.25:
        count = _counter(rng, 16)
        return "uint16", 1, lambda second: struct.pack(">H", int(count(second)))
    signal, scale = _varied(rng), rng.choice((1, 1, 10, 100))
    return "uint16", 1, lambda second: struct.pack(">H", int(max(0, min(65535, signal(second) * scale))))


def _int32(rng: random.Random) -> _Made:
    signal, scale = _varied(rng), rng.choice((1, 10, 100, 1000))
    return "int32", 2, lambda second: struct.pack(">i", int(signal(second) * scale))


def _uint32(rng: random.Random) -> _Made:
    count = _counter(rng, rng.choice((16, 24, 32)))
    return "uint32", 2, lambda second: struct.pack(">I", int(count(second)))


def _int64(rng: random.Random) -> _Made:
    count = _counter(rng, rng.choice((24, 32, 44)))
    return "int64", 4, lambda second: struct.pack(">q", int(count(second)))


def _flags(rng: random.Random) -> _Made:
    base = rng.getrandbits(16) & rng.getrandbits(16)
    living = rng.sample(range(16), rng.randint(1, 4))
    periods = [rng.uniform(2, 20) for _bit in living]

    def read(second: float) -> bytes:
        word = base
        for bit, period in zip(living, periods, strict=True):
            word ^= int(second / period) % 2 << bit
        return struct.pack(">H", word)

    return "bits", 1, read


def _text(rng: random.Random) -> _Made:
    text = rng.choice(_NAMES + _MAKES)
    words = max(rng.choice((4, 8, 10)), (len(text) + 1) // 2)
    pad = rng.choice((b"\0", b" "))
    return "string", words, lambda _second: text.encode().ljust(words * 2, pad)


def _time(rng: random.Random) -> _Made:
    behind = rng.choice((0.0, 0.0, 2.0, 86_400.0 * 40))
    runs = behind < 10
    return "unix32", 2, lambda second: struct.pack(">I", int(START_S - behind + (second if runs else 0.0)))


def _bcd(rng: random.Random) -> _Made:
    count = _counter(rng, 13)
    return "bcd16", 1, lambda second: int(str(int(count(second)) % 10_000), 16).to_bytes(2, "big")


_GROUPS: dict[str, tuple[int, Callable[[random.Random], _Made]]] = {
    "float32": (32, _float32),
    "int16": (16, _int16),
    "uint16": (16, _uint16),
    "int32": (8, _int32),
    "uint32": (9, _uint32),
    "flags": (7, _flags),
    "text": (4, _text),
    "float64": (3, _float64),
    "int64": (2, _int64),
    "time": (1, _time),
    "bcd": (1, _bcd),
}
