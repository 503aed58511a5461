"""A thousand ways to falsify a journal, by somebody who may write in the data folder and does not have the key."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from hmi.core.clock import SystemClock
from hmi.core.errors import StorageError
from hmi.core.journal import Entry, Kind
from hmi.core.principal import Principal
from hmi.core.signing import signature_digest
from hmi.journal import GENESIS, JournalReader, Sealer, SqliteJournal, audit_checker
from hmi.journal.audit_checker import FIELDS, Seal, row_hash, seal_line, seals_in

KEY = b"the key of this runtime"
FORGED = b"a key of somebody else"
RECORDS, EACH = 240, 20
STAGES = 8
CHANGED = ("new", "old", "reason", "unit", "command_id")
COUNT = 1_000
SEQ, PREV, HASH, PAYLOAD, EVENT = 0, 14, 15, 13, 10


@dataclass(frozen=True)
class Trail:
    """A journal and its seals, as they lie in the files. ``head`` and ``noted`` are rows or missing."""

    rows: tuple[tuple[Any, ...], ...]
    head: tuple[int, str] | None
    noted: tuple[int, str] | None
    seals: str | None
    table: str = "journal"

    def digest(self) -> str:
        return hashlib.sha256(
            repr((self.rows, self.head, self.noted, self.seals, self.table)).encode()
        ).hexdigest()

    def write(self, folder: Path) -> None:
        """Into an empty folder; the tables take what a real one would refuse."""
        with closing(sqlite3.connect(folder / "journal.sqlite", isolation_level=None)) as database:
            database.execute("pragma synchronous=off")
            database.execute("begin")
            database.execute(f"create table {self.table} ({', '.join(FIELDS)})")
            database.executemany(f"insert into {self.table} values ({','.join('?' * 16)})", self.rows)
            for table, columns, row in (
                ("head", "seq, hash", self.head),
                ("sealed", "n, digest", self.noted),
            ):
                database.execute(f"create table {table} (one, {columns})")
                database.executemany(f"insert into {table} values (1, ?, ?)", [row] if row else [])
            database.execute("commit")
        if self.seals is not None:
            (folder / "seals.jsonl").write_text(self.seals, encoding="utf-8", newline="")


class Tampering(NamedTuple):
    """``outside``: only a copy of the seals in another place can tell; with the key or not is said by ``forged``."""

    name: str
    trail: Trail
    forged: bool = False
    outside: bool = False


class Originals(NamedTuple):
    """The whole trail, and what it was at earlier times; the last one is ``whole``."""

    whole: Trail
    older: tuple[Trail, ...]


# ------------------------------------------------------------------------------------------ a trail to falsify


def originals(folder: Path) -> Originals:
    """Written by the real journal and sealer."""
    return asyncio.run(_originals(folder))


async def _originals(folder: Path) -> Originals:
    journal = SqliteJournal(
        folder / "journal.sqlite", clock=SystemClock(), runtime_id="r_1", run_id="run_1", plant_revision="v1",
        simulated=False,
    )  # fmt: skip
    await journal.open()
    sealer = Sealer(folder / "seals.jsonl", (), runtime_id="r_1", key=KEY)
    sealer.open(await journal.last_seal())
    older: list[Trail] = []
    for start in range(0, RECORDS, EACH):
        await journal.append(*(_entry(number) for number in range(start, start + EACH)))
        seal = sealer.seal(journal.head, "minute")
        assert seal is not None
        await journal.note_seal(seal.n, seal.digest)
        older.append(_read(folder))
    await journal.close()
    return Originals(older[-1], tuple(older[:-1][-STAGES:]))


def _read(folder: Path) -> Trail:
    with closing(sqlite3.connect(f"{(folder / 'journal.sqlite').as_uri()}?mode=ro", uri=True)) as database:
        rows = tuple(database.execute(f"select {', '.join(FIELDS)} from journal order by seq"))
        head, noted = (
            database.execute(f"select {columns} from {table}").fetchone()
            for table, columns in (("head", "seq, hash"), ("sealed", "n, digest"))
        )
    return Trail(rows, head, noted, (folder / "seals.jsonl").read_text(encoding="utf-8"))


def _entry(number: int) -> Entry:
    who = Principal(f"person{number % 5}", f"desk-{number % 3}", "s", frozenset())
    if number % 4 == 3:
        return Entry(Kind.NOTE, "note", who, f"t_{number % 7}", 0, {"text": f"Note {number}"})
    if number % 4 == 2:
        return Entry(
            Kind.ALARM, "ALM", who, f"a_{number % 7}", 0, {"message": f"High {number}", "value": number / 3}
        )
    at, value, command = 1_700_000_000_000_000_000 + number, float(number), f"c{number}"
    signer = {"user": who.user, "name": f"Person {number % 5}", "meaning": "approved", "time": at}
    digest = signature_digest(who.user, "approved", at, command, f"t_{number % 7}", value)
    payload = {
        "command_id": command, "tag": f"a/t{number % 7}.sp", "old": value - 1, "new": value, "unit": "m",
        "reason": f"Order {number}", "confirmation": "signed", "signers": [{**signer, "digest": digest}],
    }  # fmt: skip
    return Entry(Kind.AUDIT, "command.confirmed", who, f"t_{number % 7}", 0, payload)


# ------------------------------------------------------------------------------------------ how it is falsified


def tamperings(found: Originals) -> Iterator[Tampering]:
    """More than a thousand that all differ."""
    whole = found.whole
    yield from _columns(whole)
    yield from _rehashed(whole)
    yield from _removed(whole)
    yield from _moved(whole)
    yield from _added(whole)
    yield from _cut(whole)
    yield from _payloads(whole)
    yield from _tables(whole)
    yield from _seals(whole)
    yield from _forged(whole)
    for stage, older in enumerate(found.older):
        yield Tampering(
            f"journal of stage {stage}", replace(whole, rows=older.rows, head=older.head, noted=older.noted)
        )
        yield Tampering(f"everything of stage {stage}", older, outside=True)


def thousand(found: Originals) -> list[Tampering]:
    """A thousand of them, evenly from all kinds."""
    every = list(tamperings(found))
    return [every[number * len(every) // COUNT] for number in range(COUNT)]


def _columns(whole: Trail) -> Iterator[Tampering]:
    """Each column of a record in turn."""
    for index in range(4, RECORDS, 10):
        for place, column in enumerate(FIELDS):
            row = whole.rows[index]
            yield Tampering(
                f"{column} of {index + 1}", _with(whole, index, _put(row, place, _other(row[place])))
            )


def _rehashed(whole: Trail) -> Iterator[Tampering]:
    """The record alone with a hash that fits, and with all that follow."""
    for index in range(2, RECORDS, 4):
        row = _put(whole.rows[index], 5, "nobody")
        alone = _put(row, HASH, row_hash(row))
        yield Tampering(f"own hash of {index + 1}", _with(whole, index, alone))
        yield Tampering(f"all hashes from {index + 1}", _chained(_with(whole, index, row)))


def _removed(whole: Trail) -> Iterator[Tampering]:
    for index in range(1, RECORDS - 6, 6):
        rows = whole.rows
        yield Tampering(f"without {index + 1}", replace(whole, rows=rows[:index] + rows[index + 1 :]))
        yield Tampering(f"without 5 from {index + 1}", replace(whole, rows=rows[:index] + rows[index + 5 :]))
        renumbered = _numbered(rows[:index] + rows[index + 1 :])
        yield Tampering(f"without {index + 1}, written anew", _chained(replace(whole, rows=renumbered)))


def _moved(whole: Trail) -> Iterator[Tampering]:
    for index in range(0, RECORDS - 8, 6):
        rows, other = list(whole.rows), index + 1 + index % 7
        rows[index], rows[other] = _put(rows[other], SEQ, index + 1), _put(rows[index], SEQ, other + 1)
        yield Tampering(f"{index + 1} and {other + 1} changed places", replace(whole, rows=tuple(rows)))
        yield Tampering(
            f"the same from {index + 1}, written anew", _chained(replace(whole, rows=tuple(rows)))
        )


def _added(whole: Trail) -> Iterator[Tampering]:
    for index in range(3, RECORDS, 12):
        rows, row = whole.rows, whole.rows[index]
        yield Tampering(f"{index + 1} twice", replace(whole, rows=(*rows[: index + 1], *rows[index:])))
        invented = _put(_put(row, 5, "nobody"), PAYLOAD, '{"text":"never done"}')
        more = _numbered((*rows[:index], invented, *rows[index:]))
        yield Tampering(f"one more at {index + 1}", replace(whole, rows=more))
        yield Tampering(f"one more at {index + 1}, written anew", _chained(replace(whole, rows=more)))


def _cut(whole: Trail) -> Iterator[Tampering]:
    """The tail, with and without what the tables say of it."""
    for count in range(RECORDS - 1, 0, -7):
        rows = whole.rows[:count]
        head = (rows[-1][SEQ], rows[-1][HASH])
        yield Tampering(f"cut after {count}", replace(whole, rows=rows))
        yield Tampering(f"cut after {count} with head", replace(whole, rows=rows, head=head))
        yield Tampering(f"begins after {count}", replace(whole, rows=whole.rows[count:]))
    yield Tampering("empty", replace(whole, rows=(), head=None))


def _payloads(whole: Trail) -> Iterator[Tampering]:
    """One thing of a command each, with hashes that fit."""
    for index in (number for number in range(RECORDS) if number % 24 == 1):
        payload = json.loads(whole.rows[index][PAYLOAD])
        signer = payload["signers"][0]
        changes: dict[str, Any] = {
            **{
                name: {**payload, name: _other(payload[name])}
                for name in ("new", "old", "reason", "unit", "command_id")
            },
            **{
                f"signer's {name}": {**payload, "signers": [{**signer, name: _other(signer[name])}]}
                for name in signer
            },
            "signature": {
                **payload,
                "signers": json.loads(whole.rows[(index + 24) % RECORDS][PAYLOAD])["signers"],
            },
        }
        for name, content in changes.items():
            text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            changed = _put(whole.rows[index], PAYLOAD, text)
            yield Tampering(f"{name} in {index + 1}", _chained(_with(whole, index, changed)))


def _tables(whole: Trail) -> Iterator[Tampering]:
    """What the small tables say, and the name of the large one."""
    yield Tampering("no head", replace(whole, head=None))
    yield Tampering("no note of the seals", replace(whole, noted=None))
    yield Tampering("no journal", replace(whole, table="other"))
    for number in range(1, 16):
        yield Tampering(f"head {number}", replace(whole, head=(RECORDS + number - 8, f"{number:064x}")))
    for n in range(1, 11):
        yield Tampering(
            f"note {n}", replace(whole, noted=(n, seals_in(str(whole.seals), "")[n - 1].digest + "0"))
        )


def _seals(whole: Trail) -> Iterator[Tampering]:
    lines = str(whole.seals).splitlines(keepends=True)
    count = len(lines)
    yield Tampering("no seals", replace(whole, seals=None))
    yield Tampering("empty seals", replace(whole, seals=""))
    for n in range(count):
        for name in audit_checker.SEAL_FIELDS[:-1]:
            found = json.loads(lines[n])
            line = json.dumps({**found, name: _other(found[name])}, separators=(",", ":")) + "\n"
            yield Tampering(f"{name} of seal {n + 1}", _sealed(whole, [*lines[:n], line, *lines[n + 1 :]]))
        mac = json.dumps({**json.loads(lines[n]), "mac": "0" * 64}, separators=(",", ":")) + "\n"
        yield Tampering(
            f"mac of seal {n + 1}", _sealed(whole, [*lines[:n], mac, *lines[n + 1 :]]), forged=True
        )
        yield Tampering(f"without seal {n + 1}", _sealed(whole, lines[:n] + lines[n + 1 :]))
        yield Tampering(f"seal {n + 1} twice", _sealed(whole, lines[: n + 1] + lines[n:]))
        yield Tampering(f"seal {n + 1} in two halves", _sealed(whole, [*lines[:n], lines[n][:99]]))
    for n in range(count - 1):
        yield Tampering(
            f"seal {n + 1} after the next",
            _sealed(whole, [*lines[:n], lines[n + 1], lines[n], *lines[n + 2 :]]),
        )
        if n:
            yield Tampering(f"seals to {n}", _sealed(whole, lines[:n]))


def _forged(whole: Trail) -> Iterator[Tampering]:
    """The journal written anew together with seals that fit it, made without the key."""
    for index in range(5, RECORDS, 4):
        changed = _chained(_with(whole, index, _put(whole.rows[index], 5, "nobody")))
        yield Tampering(f"seals and all from {index + 1} made anew", _resealed(changed), forged=True)


# ------------------------------------------------------------------------------------------ tools of the forger


def _put(row: tuple[Any, ...], place: int, value: Any) -> tuple[Any, ...]:
    return (*row[:place], value, *row[place + 1 :])


def _other(value: Any) -> Any:
    return value + 1 if isinstance(value, int | float) else f"{value}x"


def _with(whole: Trail, index: int, row: tuple[Any, ...]) -> Trail:
    return replace(whole, rows=(*whole.rows[:index], row, *whole.rows[index + 1 :]))


def _numbered(rows: tuple[tuple[Any, ...], ...]) -> tuple[tuple[Any, ...], ...]:
    return tuple(_put(row, SEQ, seq) for seq, row in enumerate(rows, 1))


def _chained(trail: Trail) -> Trail:
    """All hashes anew, and the head."""
    rows: list[tuple[Any, ...]] = []
    previous = GENESIS
    for row in trail.rows:
        linked = _put(row, PREV, previous)
        previous = row_hash(linked)
        rows.append(_put(linked, HASH, previous))
    return replace(trail, rows=tuple(rows), head=(rows[-1][SEQ], previous))


def _sealed(whole: Trail, lines: list[str]) -> Trail:
    return replace(whole, seals="".join(lines))


def _resealed(trail: Trail) -> Trail:
    prev, made = GENESIS, list[Seal]()
    for old in seals_in(str(trail.seals), ""):
        head = (old.seq, str(trail.rows[old.seq - 1][HASH]))
        made.append(audit_checker.sealed(old.n, old.time, head, old.why, old.runtime, prev, FORGED))
        prev = made[-1].digest
    return replace(trail, seals="".join(map(seal_line, made)), noted=(made[-1].n, prev))


# ------------------------------------------------------------------------------------------ who finds it


def found_by_verify(one: Tampering, folder: Path, copy: Path) -> str:
    """What ``hmi audit PLANT verify`` says: it has the key, and the copy where there is one. Empty: nothing."""
    reader = JournalReader(folder / "journal.sqlite", read_only=True)
    try:
        if fault := reader.verify():
            return fault
    finally:
        reader.close()
    return _checked(folder, copy if one.outside else None, KEY)


def found_by_checker(one: Tampering, folder: Path, copy: Path) -> str:
    """What the checker says that stands alone: it has no key, but the copy for what was forged."""
    return _checked(folder, copy if one.outside or one.forged else None, b"")


def _checked(folder: Path, copy: Path | None, key: bytes) -> str:
    own = folder / "seals.jsonl"
    files = [*([own] if own.exists() else []), *([copy] if copy else [])]
    try:
        audit_checker.check_journal(folder / "journal.sqlite", files, key)
    except audit_checker.WrongRecord as wrong:
        return str(wrong)
    except audit_checker.NotCheckable as why:
        raise StorageError(str(why)) from why
    return ""
