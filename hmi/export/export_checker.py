"""Checks what Watchkeeper has delivered, on a machine without Watchkeeper.

    python export_checker.py FOLDER                    of the exporter ``files``: the folder of one job
    python export_checker.py --messages LOG            of the exporter ``mqtt``: one message a line
    python export_checker.py --postgres URL STREAM     of the exporter ``postgres``
      [--statement STATEMENT.json]                     what ``hmi prove PLANT JOB`` says that there has to be
      [--until 2026-11-28T14:05:00Z]                   and that it has to be complete until then

Needs Python 3.11; for Parquet also pyarrow, for a database psycopg. Writes nothing. Exit 0: all that was promised is
there, once, and unchanged. Exit 1: the first thing that is wrong, in one sentence. Exit 2: it cannot be checked.

How it is proved. Each package carries a statement: its number, the digest of the statement before it, how many rows it
has and their sum, and up to when nothing is missing. Numbers without a hole and digests that fit mean that no package
is missing; the sum means that no row of it is missing, doubled or changed. A row counts as the two 64-bit results of
SplitMix64's finaliser over the words key, time, version, status, value, kind, flags, deleted (key and texts: the first
eight bytes of their SHA-256), halves added modulo 2**64. A package that came twice counts once: the newest of a number.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

SEEDS = (0x57617463686B6565, 0x706572206578706F)
MASK = 2**64 - 1
NONE, FLOAT, INT, UINT, BOOL, OBJECT = range(6)
Row = tuple[str, int, int, int, Any, int, int, bool]
"""Key, UTC ns, version, status, value, kind, flags, deleted."""


class Wrong(Exception):
    """One sentence that names the first thing that is not as it was promised."""


class NotCheckable(Exception):
    """One sentence: there is nothing to check, or it cannot be read."""


@dataclass
class Found:
    """What a target holds of one package: its statement, and how many rows with which sum are there."""

    statement: Mapping[str, Any]
    rows: int
    sum: str
    where: str


@dataclass
class Report:
    """What was proved. ``complete_until`` UTC ns, ``dropped`` commits that fell out of the quota."""

    stream: str = ""
    packages: int = 0
    rows: int = 0
    complete_until: int = 0
    corrections: int = 0
    dropped: int = 0
    quarantined: int = 0
    digest: str = ""
    doubles: int = 0
    remarks: list[str] = field(default_factory=list)

    def sentence(self) -> str:
        """Complete until when, how many gaps, how many duplicates."""
        until = time_text(self.complete_until)
        parts = [
            f"{self.stream}: complete until {until}",
            f"{self.packages:,} packages, {self.rows:,} rows, 0 missing, 0 duplicates",
        ]
        if self.dropped:
            parts.append(f"{self.dropped:,} commits fell out of the quota and were never delivered")
        if self.quarantined:
            parts.append(f"{self.quarantined:,} rows are in quarantine at the sender")
        if self.doubles:
            parts.append(f"{self.doubles:,} packages came more than once and count once")
        return "; ".join([*parts, *self.remarks]) + "."


# ---------------------------------------------------------------------------- rows


def mixed(state: int, word: int) -> int:
    """One step of the finaliser."""
    state = ((state ^ word) + 0x9E3779B97F4A7C15) & MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
    return state ^ (state >> 31)


def text_word(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def value_word(value: Any, kind: int) -> int:
    """The 64 bits of a value."""
    if kind == NONE:
        return 0
    if kind == FLOAT:
        return int.from_bytes(struct.pack(">d", float(value)), "big")
    if kind in (INT, UINT, BOOL):
        return int(value) & MASK
    return text_word(str(value))


class Sum:
    """Rows in any order."""

    def __init__(self) -> None:
        self.rows, self._halves, self._keys = 0, [0, 0], dict[str, int]()

    def add(self, row: Row) -> None:
        key, time, version, status, value, kind, flags, deleted = row
        word = self._keys.get(key)
        if word is None:
            word = self._keys[key] = text_word(key)
        words = (word, time & MASK, version, status, value_word(value, kind), kind, flags, int(deleted))
        for half, seed in enumerate(SEEDS):
            state = seed
            for one in words:
                state = mixed(state, one)
            self._halves[half] = (self._halves[half] + state) & MASK
        self.rows += 1

    def add_event(self, content: Sequence[Any]) -> None:
        """Number, time, kind, event, fields."""
        digest = hashlib.sha256(canonical(list(content)).encode()).digest()
        for half in (0, 1):
            self._halves[half] = (
                self._halves[half] + int.from_bytes(digest[8 * half : 8 * half + 8], "big")
            ) & MASK
        self.rows += 1

    def text(self) -> str:
        return "".join(f"{half:016x}" for half in self._halves)


# ---------------------------------------------------------------------------- statements


def canonical(content: Any) -> str:
    """JSON with sorted keys, without blanks, UTF-8 as it is."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def statement_digest(statement: Mapping[str, Any]) -> str:
    content = {key: value for key, value in statement.items() if key != "digest"}
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def check(packages: Iterable[Found]) -> Report:
    """The whole chain; Wrong at the first thing that is not as promised."""
    newest: dict[int, Found] = {}
    report = Report()
    for one in packages:
        _check_statement(one)
        number = int(one.statement["number"])
        if number in newest:
            report.doubles += 1
        if number not in newest or one.statement["made"] >= newest[number].statement["made"]:
            newest[number] = one
    if not newest:
        raise NotCheckable("there is no package")
    before: Found | None = None
    for number in sorted(newest):
        one = newest[number]
        _check_link(before, one)
        _count(report, one)
        before = one
    return report


def _check_statement(one: Found) -> None:
    statement = one.statement
    if statement_digest(statement) != statement["digest"]:
        raise Wrong(f"{one.where}: the statement was changed: its digest does not fit")
    if one.rows != statement["rows"]:
        raise Wrong(f"{one.where}: {one.rows:,} rows are there, {statement['rows']:,} were promised")
    if one.sum != statement["sum"]:
        raise Wrong(f"{one.where}: the rows are not those that were sent: their sum does not fit")


def _check_link(before: Found | None, one: Found) -> None:
    number = int(one.statement["number"])
    if before is None:
        if number != 1:
            raise Wrong(f"{one.where}: packages 1 to {number - 1:,} are missing")
        return
    last = int(before.statement["number"])
    if number != last + 1:
        raise Wrong(f"packages {last + 1:,} to {number - 1:,} are missing")
    if one.statement["previous"] != before.statement["digest"]:
        raise Wrong(
            f"{one.where}: it does not follow {before.where}: the digest of the one before does not fit"
        )
    if one.statement["stream"] != before.statement["stream"]:
        raise Wrong(f"{one.where}: it belongs to the stream {one.statement['stream']}")


def _count(report: Report, one: Found) -> None:
    statement = one.statement
    report.stream = statement["stream"]
    report.packages += 1
    report.rows += one.rows
    report.complete_until = int(statement["complete_until"])
    report.digest = statement["digest"]
    report.quarantined += int(statement["quarantined"])
    report.dropped += sum(int(last) - int(first) + 1 for first, last in statement["dropped"])


def compare(report: Report, packages: Mapping[int, str], wanted: Mapping[str, Any]) -> None:
    """Against the statement of the sender: the same chain, at least as long. ``packages``: digest by number."""
    if wanted["stream"] != report.stream:
        raise Wrong(f"the statement is about {wanted['stream']}, this is {report.stream}")
    number = int(wanted["number"])
    if number > report.packages:
        raise Wrong(f"packages {report.packages + 1:,} to {number:,} of the statement are missing")
    if number and packages.get(number) != wanted["digest"]:
        raise Wrong(f"package {number:,} is another one than the statement says")
    for one in wanted.get("series", ()):
        for gap in one.get("gaps", ()):
            report.remarks.append(
                f"{one['name']}: nothing is known from {time_text(gap['start'])} to {time_text(gap['end'])}"
                f" ({', '.join(gap['reasons']) or 'the source does not say why'})"
            )


def check_until(report: Report, until: int) -> None:
    if report.complete_until < until:
        raise Wrong(
            f"it is complete until {time_text(report.complete_until)} only, not until {time_text(until)}"
        )


def time_text(at: int) -> str:
    """UTC ns as people read it."""
    return datetime.fromtimestamp(at // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at > 0 else "never"


def time_ns(text: str) -> int:
    """UTC ns of an ISO time; NotCheckable for anything else."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise NotCheckable(f"{text!r} is no time; write 2026-11-28T14:05:00Z") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()) * 10**9
