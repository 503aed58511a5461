"""Forged write requests: any handle, any value, any deadline, any name; what a fault or a stranger could hand over."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Hashable, Sequence
from typing import Any, cast

from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.core.commands import WriteRequest


class _Liar(int):
    """A number that claims to be another one."""

    def __index__(self) -> int:
        return 65_535

    def __int__(self) -> int:
        return -1


class Forger:
    """Makes requests; ``handles`` are those of a plant, and most requests name one of them."""

    def __init__(self, handles: Sequence[int], seed: int) -> None:
        self.random = random.Random(seed)
        self._handles = handles
        chance = self.random
        self._values: tuple[Callable[[], Any], ...] = (
            lambda: chance.randrange(65_536),
            lambda: chance.randrange(2),
            lambda: chance.choice((True, False)),
            lambda: chance.randrange(-(2**70), 2**70),
            lambda: chance.uniform(-100_000, 100_000),
            lambda: chance.choice((math.nan, math.inf, -math.inf, 1e308, -0.0, 5e-324)),
            lambda: chance.choice(("", "on", "7", "Ж" * 300, "\0", "x" * chance.randrange(600))),
            lambda: chance.randbytes(chance.randrange(300)),
            lambda: chance.choice(
                (None, (), (1, 2), {"a": 1}, [3], 1j, object(), _Liar(chance.randrange(9)))
            ),
        )

    def request(self) -> WriteRequest:
        """One forged request; four of five have a deadline that is still ahead."""
        value = self.random.choice(self._values)()
        name = self.random.choice(("t_1", "", "t_" + "x" * self.random.randrange(50), None, 7))
        return WriteRequest(
            cast("str", self.random.choice(("c1", "", None))), cast("str", name), cast("int", self._handle()),
            value, self._deadline(), self.random.choice((0, 0, -1, 2**40)),
        )  # fmt: skip

    def named(self, handle: int) -> WriteRequest:
        """One that is not forged: 1 to a point, in time."""
        return WriteRequest("c1", "t_1", handle, 1, monotonic_ns() + 60 * NS_PER_S)

    def _handle(self) -> Hashable:
        if self.random.random() < 0.7:
            return self.random.choice(self._handles)
        return self.random.choice(
            (-1, 10_000, 2**63, -(2**63), 0.5, "0", "", None, math.nan, self.random.randrange(2**32))
        )

    def _deadline(self) -> int:
        if self.random.random() < 0.8:
            return monotonic_ns() + 60 * NS_PER_S
        return self.random.choice((0, 1, -1, -(2**63), monotonic_ns() - 1, monotonic_ns() - 5 * NS_PER_S))

    def pdu(self) -> bytes:
        """The body of any Modbus request at all: any function, any address, any length."""
        function = self.random.choice((5, 6, 15, 16, 22, 22, self.random.randrange(256)))
        offset = self.random.choice((self.random.randrange(65_536), self.random.randrange(400)))
        head = bytes((function,)) + offset.to_bytes(2, "big")
        if function in (15, 16) and self.random.random() < 0.8:
            count = self.random.choice((1, 2, 4, self.random.randrange(2_100)))
            size = (count + 7) // 8 if function == 15 else count * 2
            return head + count.to_bytes(2, "big") + bytes((size & 0xFF,)) + bytes(size)
        return head + self.random.randbytes(self.random.choice((0, 1, 2, 4, self.random.randrange(260))))
