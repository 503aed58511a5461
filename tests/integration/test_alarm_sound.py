"""AL-17, the half of the sound: in a flood of 1,000 alarms the tone of priority 1 begins within 1 s."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from alarm_plant import Bench, alarm_bench

from hmi.client.sounds import read_state
from hmi.core.clock import monotonic_ns
from hmi.project.notifications import NotificationDef

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="connects to the Unix socket"),
]
P1_S = 1.0


async def test_al_17_p1_is_heard_within_a_second_of_its_change(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    played = tmp_path / "played.jsonl"
    async with alarm_bench(tmp_path, 1_000) as bench:
        sounder = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hmi", "sound", "--data", str(tmp_path), "--record", str(played)
        )
        try:
            await bench.seen.until(lambda: (s := read_state(tmp_path)) is not None and s.state == "ok", 30)
            put = await in_a_second(bench)
            await bench.seen.until(lambda: "p1" in (played.read_text() if played.exists() else ""), 30)
            tones = [json.loads(line) for line in played.read_text().splitlines()]
            first = next(tone["at"] for tone in tones if tone["tone"] == "p1")
            record_property("p1_heard_after_ms", round((first - put) / 1e6))
            assert (first - put) / 1e9 < P1_S
        finally:
            sounder.terminate()
            await sounder.wait()


async def in_a_second(bench: Bench) -> int:
    """999 alarms of lower priorities and many of P1 among them; the monotonic time of the first P1's value."""
    order = [n for n in range(1_000) if n % 3 != 0]
    bench.put(*order[:300])
    await asyncio.sleep(0.3)
    put = monotonic_ns()
    bench.put(*(n for n in range(1_000) if n % 3 == 0))
    bench.put(*order[300:])
    return put


async def test_a_failing_notification_is_one_diagnostic_alarm(tmp_path: Path) -> None:
    async with alarm_bench(tmp_path, 1) as bench:
        channel = NotificationDef("duty", "smtp", frozenset({1}), is_local=True)
        plant = replace(bench.runtime.plant, revision="r2", notifications=(channel,))
        await bench.runtime.apply(plant)
        bench.runtime._notification("duty", True)
        bench.runtime._notification("duty", True)
        await bench.seen.until(lambda: "notify:duty" in bench.seen.active, 10)
        row = bench.seen.active["notify:duty"]
        assert (row.priority, row.state) == (4, "UNACK")
        bench.runtime._notification("duty", False)
        await bench.seen.until(lambda: bench.seen.active["notify:duty"].state == "RTNUN", 10)
