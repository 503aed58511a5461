"""Killing the writer at any moment loses no acknowledged record and breaks no chain (reliability row 32)."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from hmi.journal import SqliteJournal
from hmi.testing.clock import ManualClock

KILLS = 20
WRITER = """
import asyncio, sys
from pathlib import Path
from hmi.core.clock import SystemClock
from hmi.core.journal import Entry, Kind
from hmi.core.principal import SYSTEM
from hmi.journal import SqliteJournal

async def write(path, run):
    stamp = dict(runtime_id="rt", run_id=run, plant_revision="r", simulated=True)
    journal = SqliteJournal(path, clock=SystemClock(), **stamp)
    await journal.open()
    while True:
        records = await asyncio.gather(*(journal.append(Entry(Kind.NOTE, "n", SYSTEM)) for _ in range(5)))
        sys.stdout.write("".join(f"{one.seq} {one.hash}\\n" for (one,) in records))
        sys.stdout.flush()

asyncio.run(write(Path(sys.argv[1]), sys.argv[2]))
"""


def acknowledged_until_killed(path: Path, run: int, lines: int) -> dict[int, str]:
    """Kill the writer after some lines; its output is the record of what was acknowledged."""
    command = [sys.executable, "-c", WRITER, str(path), f"run{run}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as writer:
        assert writer.stdout is not None
        seen = [writer.stdout.readline() for _ in range(lines)]
        writer.kill()
        seen += writer.stdout.readlines()
    whole = [line.split() for line in seen if line.endswith("\n") and len(line.split()) == 2]
    return {int(seq): digest for seq, digest in whole}


@pytest.mark.slow
@pytest.mark.asyncio
async def test_twenty_kills_lose_no_acknowledged_record(tmp_path: Path) -> None:
    path, chance, promised = tmp_path / "journal.sqlite", random.Random(20), {}
    for run in range(KILLS):
        promised.update(acknowledged_until_killed(path, run, chance.randint(1, 40)))
    journal = SqliteJournal(
        path, clock=ManualClock(), runtime_id="rt", run_id="check", plant_revision="r", simulated=True
    )
    await journal.open()
    kept = {record.seq: record.hash for record in await journal.read(limit=10_000)}
    assert await journal.verify() == ""
    await journal.close()
    assert len(promised) >= KILLS
    assert promised.items() <= kept.items()
    assert sorted(kept) == list(range(1, len(kept) + 1))
