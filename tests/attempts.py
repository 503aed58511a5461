"""Limits by the clock on the wall, judged fairly on a machine that is busy with something else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

MOST = 3


class Attempts:
    """``for one in Attempts(limit_s)``: a body that measures and calls ``took`` once each time.

    The first measurement within the limit ends it. A delay of ours comes every time and fails the test; one of the
    machine does not.
    """

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self.found_s: list[float] = []

    def __iter__(self) -> Iterator[Attempts]:
        for number in range(1, MOST + 1):
            yield self
            assert len(self.found_s) == number, "the body has to measure once"
            if self.found_s[-1] < self.limit_s:
                return
        pytest.fail(f"not within {self.limit_s} s: {self.found_s}")

    def took(self, seconds: float) -> None:
        self.found_s.append(seconds)
