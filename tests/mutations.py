"""Damage done to bytes that were right, and a watch over whoever has to read them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

LIMIT_S: Final = 1.0
ODD: Final = (
    b"", b"\0", b"\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\x80\0\0\0", b"\0" * 8, b"\xff" * 8,
    b"-1", b"0", b"1e999", b"9" * 400, b"nan", b"null", b"true", b'"', b"'", b'"""', b",", b";", b"=", b"[", b"]",
    b"{", b"}", b"[[", b"{{", b"}}", b"{i}", b"$x", b"\\", b"\\u0000", b"\\ud800", b"\n", b"\r", b"\r\n", b"\t", b"#",
    b"../../etc", b"\xc3\x28", b"\xef\xbb\xbf", "\u202eöß😀".encode(), b"a" * 5_000, b"(" * 200, b"[" * 200,
)  # fmt: skip


def damaged(data: bytes, pick: random.Random) -> bytes:
    """One to four wounds: bits, bytes, pieces lost, doubled, moved or replaced by something odd."""
    for _ in range(pick.choice((1, 1, 1, 2, 4))):
        data = _wounded(data, pick)
    return data


def _wounded(data: bytes, pick: random.Random) -> bytes:
    at = pick.randrange(len(data) + 1)
    end = min(len(data), at + pick.choice((1, 1, 2, 4, 8, 40, 400)))
    kind = pick.randrange(8)
    if kind == 0:
        return data[:at] + bytes(byte ^ 1 << pick.randrange(8) for byte in data[at : at + 1]) + data[at + 1 :]
    if kind == 1:
        return data[:at] + pick.randbytes(end - at) + data[end:]
    if kind == 2:
        return data[:at] + data[end:]
    if kind == 3:
        return data[:end] + data[at:end] * pick.choice((1, 1, 30)) + data[end:]
    if kind == 4:
        to = pick.randrange(len(data) + 1)
        return data[:to] + data[at:end] + data[to:]
    if kind == 5:
        return data[:at] if pick.random() < 0.3 else data[:at] + pick.randbytes(pick.randrange(60))
    odd = pick.choice(ODD)
    return data[:at] + odd + data[at if kind == 6 else end :]


@dataclass
class Examination:
    """``findings``: what went wrong with which input, by its kind; one example of each is kept."""

    allowed: tuple[type[Exception], ...]
    findings: dict[str, str] = field(default_factory=dict[str, str])
    refused: int = 0
    taken: int = 0
    limit_s: float = LIMIT_S

    @contextmanager
    def case(self, describe: Callable[[], object]) -> Iterator[None]:
        """One input. An error that is not allowed, and more than ``limit_s`` of this thread's work, are findings."""
        started = time.thread_time()
        try:
            yield
            self.taken += 1
        except self.allowed:
            self.refused += 1
        except Exception as error:  # every other one is what is looked for
            place = error.__traceback__
            while place is not None and place.tb_next is not None:
                place = place.tb_next
            where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
            self.findings.setdefault(f"{type(error).__name__} {where}", f"{error}: {describe()!r}"[:1_500])
        if (spent := time.thread_time() - started) > self.limit_s:
            self.findings.setdefault("slow", f"{spent:.1f} s: {describe()!r}"[:1_500])
