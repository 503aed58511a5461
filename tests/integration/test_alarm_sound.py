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
from attempts import Attempts

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
    attempts = Attempts(P1_S)
    for one in attempts:
        one.took(await heard_after_s(tmp_path / str(len(attempts.found_s))))
    record_property("p1_heard_after_ms", round(attempts.found_s[-1] * 1_000))


async def heard_after_s(folder: Path) -> float:
    """From the value of the first P1 to the beginning of its tone."""
    folder.mkdir()
    played = folder / "played.jsonl"

    def tones() -> list[int]:
        whole = (
            played.read_text().rpartition("\n")[0] if played.exists() else ""
        )  # it is written to meanwhile
        told = map(json.loads, whole.splitlines())
        return [one["at"] for one in told if one["tone"] == "p1"]

    async with alarm_bench(folder, 1_000) as bench:
        sounder = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hmi", "sound", "--data", str(folder), "--record", str(played)
        )
        try:
            await bench.seen.until(lambda: (s := read_state(folder)) is not None and s.state == "ok", 60)
            put = await in_a_second(bench)
            await bench.seen.until(lambda: bool(tones()), 60)
            return (tones()[0] - put) / 1e9
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
        await bench.seen.until(lambda: "notify:duty" in bench.seen.active, 30)
        row = bench.seen.active["notify:duty"]
        assert (row.priority, row.state) == (4, "UNACK")
        bench.runtime._notification("duty", False)
        await bench.seen.until(lambda: bench.seen.active["notify:duty"].state == "RTNUN", 30)
