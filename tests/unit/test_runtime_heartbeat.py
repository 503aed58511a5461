"""Heartbeat numbers: what a command's time to live is counted from."""

from __future__ import annotations

import pytest

from hmi.core.clock import NS_PER_MS, monotonic_ns
from hmi.runtime import Heartbeats, _heartbeat
from hmi.runtime._heartbeat import REMEMBERED


def test_only_numbers_that_were_sent_lately_have_a_time() -> None:
    beats = Heartbeats()
    before = monotonic_ns()
    first = beats.next()
    sent = beats.sent_at(first)
    assert sent is not None
    assert before <= sent <= monotonic_ns()
    assert (beats.sent_at(first + 1), beats.sent_at(first - 1), beats.sent_at(0)) == (None, None, None)
    for _ in range(REMEMBERED):
        beats.next()
    assert beats.sent_at(first) is None
    assert beats.sent_at(first + 1) is not None


def test_no_number_comes_again_after_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    wall_ms = 1_800_000_000_000
    monkeypatch.setattr(_heartbeat, "wall_ns", lambda: wall_ms * NS_PER_MS)
    beats = Heartbeats()
    told = [beats.next() for _ in range(10 * 3600)]  # an hour, ten a second
    wall_ms += 3_600_000
    after_restart = Heartbeats()
    assert after_restart.next() > told[-1]
    assert all(after_restart.sent_at(number) is None for number in told[-10:])
