"""The audit trail of a file for a reader: what people did, and packages of it that can be checked elsewhere."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from hmi.core.errors import StorageError
from hmi.journal import audit_checker
from hmi.journal.audit_checker import FIELDS, GENESIS, Row, Seal

FOREVER = 2**63 - 1


class AuditQuery(NamedTuple):
    """``start`` and ``end`` (before it) in UTC ns, 0 = open; ``user`` exact; ``thing``: an object's id or tag name."""

    start: int = 0
    end: int = 0
    user: str = ""
    thing: str = ""


def audit_rows(path: Path, query: AuditQuery) -> Iterator[Row]:
    """Stored rows in order. StorageError when the file cannot be read; a runtime may write meanwhile."""
    with _reading(path) as database:
        text = (
            f"select {', '.join(FIELDS)} from journal where event_time >= ? and event_time < ?"
            " and (kind = 'audit' or actor <> ?) order by seq"
        )
        for row in database.execute(text, (query.start, query.end or FOREVER, audit_checker.NOBODY)):
            if (not query.user or row[5] == query.user) and (not query.thing or _is_about(row, query.thing)):
                yield row


def write_package(path: Path, seals: Sequence[Seal], folder: Path, query: AuditQuery) -> tuple[int, int, int]:
    """Records of a time with the seals around them, a table of what people did, and the checker.

    First and last record, and the last that is sealed. StorageError when there is no record or it cannot be written.
    """
    with _reading(path) as database:
        first, last = _numbers(path, database, query)
        before = next((one for one in reversed(seals) if 0 < one.seq < first), None)
        after = next((one for one in seals if one.seq >= last), None)
        newest = database.execute("select max(seq) from journal").fetchone()[0]
        first, last = (before.seq + 1 if before else 1), (after.seq if after else newest)
        text = f"select {', '.join(FIELDS)} from journal where seq between ? and ? order by seq"
        rows = database.execute(text, (first, last)).fetchall()
    covering = [
        one for one in seals if (before is None or one.n >= before.n) and (after is None or one.n <= after.n)
    ]
    sealed = max((one.seq for one in covering), default=first - 1)
    texts = {
        audit_checker.RECORDS_FILE: "".join(_line(row) for row in rows),
        audit_checker.SEALS_FILE: "".join(map(audit_checker.seal_line, covering)),
        audit_checker.CSV_FILE: audit_checker.csv_text(rows),
    }
    manifest = {
        "first": first, "last": last, "prev_hash": before.hash if before else GENESIS,
        "sealed_before": before is not None, "sealed": sealed,
        "files": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()},
    }  # fmt: skip
    texts[audit_checker.MANIFEST_FILE] = json.dumps(manifest, indent=1) + "\n"
    texts["audit_checker.py"] = Path(audit_checker.__file__).read_text(encoding="utf-8")
    _write(folder, texts)
    return first, last, sealed


def _numbers(path: Path, database: sqlite3.Connection, query: AuditQuery) -> tuple[int, int]:
    found = database.execute(
        "select min(seq), max(seq) from journal where event_time >= ? and event_time < ?",
        (query.start, query.end or FOREVER),
    ).fetchone()
    if found[0] is None:
        raise StorageError(f"{path}: there is no record in this time")
    return int(found[0]), int(found[1])


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        database = audit_checker.opened(path)
    except (audit_checker.NotCheckable, sqlite3.Error) as error:
        raise StorageError(f"{path}: {error}") from error
    try:
        database.execute("begin")
        yield database
    except sqlite3.Error as error:
        raise StorageError(f"{path}: {error}") from error
    finally:
        database.close()


def _is_about(row: Row, thing: str) -> bool:
    if row[7] == thing:
        return True
    try:
        payload = json.loads(row[13])
    except ValueError:
        return False
    return isinstance(payload, dict) and payload.get("tag") == thing


def _line(row: Row) -> str:
    return json.dumps(dict(zip(FIELDS, row, strict=True)), ensure_ascii=False, separators=(",", ":")) + "\n"


def _write(folder: Path, texts: dict[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise StorageError(f"{folder}: cannot be written ({error.strerror or error})") from error
