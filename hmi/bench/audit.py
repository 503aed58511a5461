"""Falsifies a journal in a thousand ways and counts those that are found; measures how fast a journal is checked."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hmi.bench._audit_tampering import (
    COUNT,
    Originals,
    Tampering,
    found_by_checker,
    found_by_verify,
    originals,
    thousand,
)
from hmi.bench.figure import Figure
from hmi.core.clock import SystemClock
from hmi.core.journal import Entry, Kind
from hmi.core.principal import Principal
from hmi.journal import JournalReader, SqliteJournal
from hmi.journal.audit_checker import check_journal

RECORDS, BATCH = 100_000, 5_000


def run() -> list[Figure]:
    """``WATCHKEEPER_BENCH_ROWS`` sets how many records are checked against the clock."""
    records = int(os.environ.get("WATCHKEEPER_BENCH_ROWS", RECORDS))
    with tempfile.TemporaryDirectory() as folder:
        by_verify, by_checker = _found(Path(folder))
        path = Path(folder) / "large.sqlite"
        asyncio.run(_written(path, records))
        of_reader, of_checker = _rate(_verified, path, records), _rate(_checked, path, records)
    return [
        Figure("audit.tamperings_found", min(by_verify, by_checker), "",
               against=f"of {COUNT}: {by_verify} by hmi audit verify, {by_checker} by the checker that stands alone",
               goal=f"= {COUNT}", passed=min(by_verify, by_checker) == COUNT),
        Figure("audit.verify_records_per_s", of_reader, "1/s", against=f"{records:,} records, one thread"),
        Figure("audit.checker_records_per_s", of_checker, "1/s", against="the same file, standard library only"),
    ]  # fmt: skip


def _found(folder: Path) -> tuple[int, int]:
    """How many are found by each; a trail as it was written has to be found whole by both."""
    (folder / "original").mkdir()
    trails = originals(folder / "original")
    copy = folder / "copy.jsonl"
    copy.write_text(str(trails.whole.seals), encoding="utf-8")
    if any(_looked_at(folder / "whole", _untouched(trails), copy)):
        return 0, 0
    found = [_looked_at(folder / str(number), one, copy) for number, one in enumerate(thousand(trails))]
    return sum(bool(one[0]) for one in found), sum(bool(one[1]) for one in found)


def _untouched(trails: Originals) -> Tampering:
    return Tampering("none", trails.whole, forged=True, outside=True)


def _looked_at(folder: Path, one: Tampering, copy: Path) -> tuple[str, str]:
    folder.mkdir()
    one.trail.write(folder)
    return found_by_verify(one, folder, copy), found_by_checker(one, folder, copy)


async def _written(path: Path, records: int) -> None:
    journal = SqliteJournal(
        path, clock=SystemClock(), runtime_id="r", run_id="r", plant_revision="v", simulated=False
    )
    await journal.open()
    who = Principal("ann", "desk", "s", frozenset())
    for start in range(0, records, BATCH):
        numbers = range(start, min(start + BATCH, records))
        await journal.append(
            *(
                Entry(Kind.AUDIT, "command.confirmed", who, f"t_{n % 500}", 0, {"new": n, "old": n - 1})
                for n in numbers
            )
        )
    await journal.close()


def _rate(check: Callable[[Path], None], path: Path, records: int) -> float:
    begun = time.perf_counter()
    check(path)
    return records / (time.perf_counter() - begun)


def _verified(path: Path) -> None:
    reader = JournalReader(path, read_only=True)
    try:
        assert reader.verify() == ""
    finally:
        reader.close()


def _checked(path: Path) -> None:
    check_journal(path)
