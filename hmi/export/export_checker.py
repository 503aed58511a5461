"""Checks what Watchkeeper has delivered, on a machine without Watchkeeper.

    python export_checker.py FOLDER                     of the exporter ``files``: the folder of one job
    python export_checker.py --messages LOG [STREAM]    of the exporter ``mqtt``: its log, as it came
    python export_checker.py --postgres URL STREAM      of the exporter ``postgres``; STREAM is PLANT-ID/JOB
      [--schema watchkeeper]                            where the tables are
      [--statement STATEMENT.json]                      what ``hmi prove PLANT JOB`` says that there has to be
      [--until 2026-11-28T14:05:00Z]                    and that it has to be complete until then
      [--first NUMBER]                                  packages before this one are kept elsewhere

Needs Python 3.11; for Parquet also pyarrow, for XLSX openpyxl, for a database psycopg. Is faster where numpy is there.
Writes nothing. Exit 0: all that was promised is there, once, and unchanged. Exit 1: the first thing that is wrong, in
one sentence. Exit 2: it cannot be checked.

A log of messages is recorded from the broker, from before the job's first package on, with (PREFIX and JOB of the job)

    mosquitto_sub -h BROKER -i office-log -c -q 1 -t PREFIX/_log/JOB >> LOG

How it is proved. Each package carries a statement: its number, the digest of the statement before it, how many rows it
has and their sum, and up to when nothing is missing. Numbers without a hole and digests that fit mean that no package
is missing; the sum means that no row of it is missing, doubled or changed. A row counts as the two 64-bit results of
SplitMix64's finaliser over the words key, time, version, status, value, kind, flags, deleted (key and texts: the first
eight bytes of their SHA-256), halves added modulo 2**64. A package that came twice counts once: as
the next one names it, and the newest at the end.
What is no part of the sum (revision, names, units) stands under the SHA-256 of files and of the list of series.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import math
import re
import struct
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote

try:
    import numpy as np
except ImportError:
    np: Any = None

SEEDS = (0x57617463686B6565, 0x706572206578706F)
STEP, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
MASK = 2**64 - 1
NONE, FLOAT, INT, UINT, BOOL, OBJECT = range(6)
QUALITY = ("Good", "Uncertain", "Bad", "Bad")
DAY_NS = 86_400 * 10**9
AT_ONCE = 100_000
PART = re.compile(r"site=([^/\\]+)/date=(\d{4}-\d\d-\d\d)/part-(\d{9,})\.(parquet|csv|xlsx)")
Row = tuple[str, int, int, int, Any, int, int, bool]
"""Key, UTC ns, version, status, value, kind, flags, deleted."""
Words = tuple[int, int, int, int, int, int, int, int]
"""A row as it is mixed; the time with its sign."""
Tags = Mapping[str, tuple[str, str]]
"""Name and unit by key."""


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
class Start:
    """Where the chain begins: behind this package. ``digest`` None: not known."""

    number: int = 0
    digest: str | None = ""
    why: str = ""


@dataclass
class Report:
    """What was proved. ``number`` of the last package; ``complete_until`` UTC ns; ``dropped`` commits that fell out of
    the quota; ``wanted``: the digest of the package that the sender's statement names, where it was seen.
    """

    stream: str = ""
    number: int = 0
    packages: int = 0
    rows: int = 0
    complete_until: int = 0
    dropped: int = 0
    quarantined: int = 0
    digest: str = ""
    doubles: int = 0
    wanted: str | None = None
    remarks: list[str] = field(default_factory=list)

    def sentence(self) -> str:
        """Complete until when, how many packages and rows, and what is to be known beside."""
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


def mixed(state: Any, word: Any) -> Any:
    """One step of the finaliser."""
    state = ((state ^ word) + STEP) & MASK
    state = ((state ^ (state >> 30)) * FIRST) & MASK
    state = ((state ^ (state >> 27)) * SECOND) & MASK
    return state ^ (state >> 31)


def mixed_columns(columns: Sequence[Any]) -> list[Any]:
    """The two results of each row, out of eight columns of words; lists, or arrays of numpy."""
    if np is None:
        found: list[Any] = [[], []]
        for words in zip(*columns, strict=True):
            for half, state in enumerate(SEEDS):
                for place, word in enumerate(words):
                    state = mixed(state, int(word) & MASK if place == 1 else int(word))
                found[half].append(state)
        return found
    arrays = [
        np.asarray(one, np.int64 if place == 1 else np.uint64).view(np.uint64)
        for place, one in enumerate(columns)
    ]
    step, first, second = (np.uint64(one) for one in (STEP, FIRST, SECOND))
    found = []
    for seed in SEEDS:
        state = np.full(len(arrays[0]), seed, np.uint64)
        for word in arrays:
            state = (state ^ word) + step
            state = (state ^ (state >> np.uint64(30))) * first
            state = (state ^ (state >> np.uint64(27))) * second
            state ^= state >> np.uint64(31)
        found.append(state)
    return found


@lru_cache(maxsize=100_000)
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


def words_of(row: Row) -> Words:
    key, time, version, status, value, kind, flags, deleted = row
    return (text_word(key), time, version, status, value_word(value, kind), kind, flags, int(deleted))


def held(kind: int, double: Any, whole: Any, unsigned: Any, text: Any) -> Any:
    """The value out of the column that the kind says; ValueError where another one has something."""
    value = (None, double, whole, whole if unsigned is None else unsigned, whole, text)[kind]
    filled = sum(one is not None for one in (double, whole, unsigned, text))
    if filled != (kind != NONE) or (value is None) != (kind == NONE):
        raise ValueError(f"a row of kind {kind} has its value in another column")
    return value


class Sum:
    """Rows in any order; ``low`` and ``high`` are their first and last time."""

    def __init__(self) -> None:
        self.rows, self._halves = 0, [0, 0]
        self.low, self.high = 2**63, -(2**63)

    def add(self, row: Row) -> None:
        self.add_columns([[word] for word in words_of(row)])

    def add_columns(self, columns: Sequence[Any]) -> None:
        """Eight columns of words."""
        count, times = len(columns[0]), columns[1]
        if not count:
            return
        for half, results in enumerate(mixed_columns(columns)):
            total = sum(results) if np is None else int(results.sum(dtype=np.uint64))
            self._halves[half] = (self._halves[half] + total) & MASK
        self.rows += count
        for found in (min(times), max(times)):
            self._saw(int(found))

    def add_words(self, rows: Iterable[Words]) -> None:
        rest = iter(rows)
        while some := list(islice(rest, AT_ONCE)):
            self.add_columns(list(zip(*some, strict=True)))

    def add_event(self, content: Sequence[Any]) -> None:
        """Number, time, kind, event, fields."""
        number, time, kind, event, fields = content
        self.add_event_text(number, time, kind, event, canonical(fields))

    def add_event_text(self, number: int, time: int, kind: str, event: str, fields: str) -> None:
        """``fields`` as JSON."""
        text = f"{canonical([number, time, kind, event])[:-1]},{fields}]"
        digest = hashlib.sha256(text.encode()).digest()
        for half in (0, 1):
            word = int.from_bytes(digest[8 * half : 8 * half + 8], "big")
            self._halves[half] = (self._halves[half] + word) & MASK
        self.rows += 1
        self._saw(time)

    def merge(self, other: Sum) -> None:
        self.rows += other.rows
        self._halves = [(one + two) & MASK for one, two in zip(self._halves, other._halves, strict=True)]

    def _saw(self, time: int) -> None:
        self.low, self.high = min(self.low, time), max(self.high, time)

    def text(self) -> str:
        return "".join(f"{half:016x}" for half in self._halves)


# ---------------------------------------------------------------------------- statements


def canonical(content: Any) -> str:
    """JSON with sorted keys, without blanks, UTF-8 as it is."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def statement_digest(statement: Mapping[str, Any]) -> str:
    return sha256(canonical({key: value for key, value in statement.items() if key != "digest"}))


def check(packages: Iterable[Found], start: Start | None = None, wanted: int = 0) -> Report:
    """The whole chain, by ascending numbers; Wrong at the first thing that is not as promised. ``wanted``: the number
    of the package whose digest is asked for.
    """
    start = start or Start()
    report = Report(number=start.number, wanted=start.digest if wanted == start.number else None)
    copies: list[Found] = []
    digest = start.digest
    for one in packages:
        with reading(one.where):
            _check_statement(one)
        if copies and one.statement["number"] == copies[0].statement["number"]:
            report.doubles += 1
        elif copies:
            digest = _linked(report, digest, _counting(copies, str(one.statement["previous"])), wanted)
            copies = []
        copies.append(one)
    if not copies:
        raise NotCheckable("there is no package")
    _linked(report, digest, _counting(copies), wanted)
    if start.why:
        report.remarks.append(start.why)
    return report


def _counting(copies: Sequence[Found], named: str = "") -> Found:
    """Of the copies of a number the one that the next package names, else the newest: a clock may have gone back."""
    known = [one for one in copies if one.statement["digest"] == named]
    return max(known or copies, key=lambda one: one.statement["made"])


def _check_statement(one: Found) -> None:
    statement = one.statement
    if statement_digest(statement) != statement["digest"]:
        raise Wrong(f"{one.where}: the statement was changed: its digest does not fit")
    if one.rows != statement["rows"]:
        raise Wrong(f"{one.where}: {one.rows:,} rows are there, {statement['rows']:,} were promised")
    if one.sum != statement["sum"]:
        raise Wrong(f"{one.where}: the rows are not those that were sent: their sum does not fit")


def _linked(report: Report, before: str | None, one: Found, wanted: int) -> str:
    """Counts a package that follows the one before; its digest."""
    statement, number, last = one.statement, int(one.statement["number"]), report.number
    if number != last + 1:
        hole = f"packages {last + 1:,} to {number - 1:,} are missing"
        raise Wrong(hole if number > last else f"{one.where}: its number was there before")
    if before is not None and statement["previous"] != before:
        raise Wrong(f"{one.where}: it does not follow package {last:,}: the digest of that does not fit")
    if report.stream not in ("", statement["stream"]):
        raise Wrong(f"{one.where}: it belongs to the stream {statement['stream']}")
    report.stream, report.number, report.digest = statement["stream"], number, statement["digest"]
    report.packages += 1
    report.rows += one.rows
    report.complete_until = int(statement["complete_until"])
    report.quarantined += int(statement["quarantined"])
    report.dropped += sum(int(end) - int(begin) + 1 for begin, end in statement["dropped"])
    first, end = statement["coverage"].get("instead", (0, 0))
    if end:
        report.remarks.append(
            f"commits {first:,} to {end:,} were read out of the archive: all samples of then are there,"
            " corrections of older times in them are not"
        )
    if number == wanted:
        report.wanted = report.digest
    return report.digest


def compare(report: Report, wanted: Mapping[str, Any]) -> None:
    """Against the statement of the sender: the same chain, at least as long."""
    if wanted["stream"] != report.stream:
        raise Wrong(f"the statement is about {wanted['stream']}, this is {report.stream}")
    number = int(wanted["number"])
    if number > report.number:
        raise Wrong(f"packages {report.number + 1:,} to {number:,} of the statement are missing")
    if number and report.wanted is None:
        raise NotCheckable(
            f"package {number:,} of the statement is kept elsewhere; make a new one: hmi prove"
        )
    if number and report.wanted != wanted["digest"]:
        raise Wrong(f"package {number:,} is another one than the statement says")
    series = wanted.get("series", ())
    gaps = [(one["name"], gap) for one in series for gap in one["gaps"]]
    if series:
        report.remarks.append(f"{len(gaps):,} gaps in {len(series):,} series{_gap_text(gaps)}")
    if final := [one["final_until"] for one in series if one["compressed"]]:
        report.remarks.append(
            f"{len(final):,} series are compressed on purpose, final until {time_text(min(final))} at least"
        )
    if behind := len(wanted.get("waiting", ())) + len(wanted.get("waiting_past", ())):
        report.remarks.append(f"the sender still has {behind:,} ranges to deliver that waited")


def _gap_text(gaps: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    if not gaps:
        return ""
    name, gap = gaps[0]
    why = ", ".join(gap["reasons"]) or "the source does not say why"
    span = f"from {time_text(gap['start'])} to {time_text(gap['end'])}"
    return f" where nothing is known, the first: {name} {span} ({why})"


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


@contextmanager
def reading(where: str) -> Iterator[None]:
    """What cannot be understood was not sent like that: Wrong."""
    try:
        yield
    except (Wrong, NotCheckable, MemoryError):
        raise
    except ImportError as error:
        raise NotCheckable(f"{where} needs {error.name}; run: pip install {error.name}") from error
    except OSError as error:
        raise NotCheckable(f"{error.filename or where}: {error.strerror or error}") from error
    except Exception as error:
        text = str(error).partition("\n")[0][:200] or type(error).__name__
        raise Wrong(f"{where}: it is damaged ({text})") from error


# ---------------------------------------------------------------------------- files


class Folder:
    """The folder of one job, as ``files`` writes it."""

    def __init__(self, job: Path) -> None:
        self.job, self._schemas = job, dict[str, Tags]()
        if not (job / "manifests").is_dir():
            inside = sorted(one.parent.name for one in job.glob("*/manifests")) if job.is_dir() else []
            hint = f"; name the folder of one job: {', '.join(inside)}" if inside else ""
            raise NotCheckable(f"{job} holds no folder manifests{hint}")
        removed = self._noted("removed.json")
        number = removed.get("number", 0)
        text = f"packages 1 to {number:,} were removed because of keep_days"
        self.start = Start(number, removed["digest"], text) if number else Start()

    def _noted(self, name: str) -> Mapping[str, Any]:
        path = self.job / name
        with reading(name):
            return json.loads(path.read_bytes()) if path.exists() else {}

    def packages(self, first: int) -> Iterator[Found]:
        """From number ``first`` on; at the end it is looked for what belongs to no package."""
        numbers = [number for number in self._numbers() if number >= first]
        rest = self._parts(first)
        for number in numbers:
            yield self._package(number, rest)
        writing = self._noted("unfinished.json").get("number", 0)  # the sender may be at work
        for path in sorted(rest):
            part = PART.fullmatch(path)
            number = int(part[3]) if part else 0
            is_new = number > max(numbers, default=0) and (self.job / manifest(number)).exists()
            if not is_new and (part is None or number != writing):
                raise Wrong(f"{path} belongs to no package: its manifest is missing, or it was put there")

    def _numbers(self) -> list[int]:
        names = [path.name for path in (self.job / "manifests").iterdir() if not path.name.startswith(".")]
        for name in names:
            if not re.fullmatch(r"\d{9,}\.json", name):
                raise Wrong(f"manifests/{name} is no manifest")
        return sorted(int(name.removesuffix(".json")) for name in names)

    def _parts(self, first: int) -> set[str]:
        """Files where readers look for rows."""
        found: set[str] = set()
        for path in self.job.glob("site=*/**/*"):
            name = path.relative_to(self.job).as_posix()
            part = PART.fullmatch(name)
            is_older = part is not None and int(part[3]) < first
            if not is_older and not path.is_dir() and not re.fullmatch(r"\..*\.tmp", path.name):
                found.add(name)
        return found

    def _package(self, number: int, rest: set[str]) -> Found:
        where, total = manifest(number), Sum()
        with reading(where):
            content = json.loads((self.job / where).read_bytes())
            if (content["format"], content["version"]) != ("watchkeeper-files", 1):
                raise NotCheckable(f"{where} has another format than this program knows; take a newer one")
            statement = content["watermark"]
            if statement["number"] != number:
                raise Wrong(f"{where}: it is about package {statement['number']:,}")
            tags = self._tags(content)
            for file in content["files"]:
                with reading(file["path"]):
                    self._add(total, file, content, tags, rest)
        return Found(statement, total.rows, total.text(), where)

    def _tags(self, content: Mapping[str, Any]) -> Tags:
        """The list of series that the statement names."""
        digest, path = content["watermark"]["schema"], content["schema_file"]
        job = content["watermark"]["stream"].partition("/")[2]
        if (path, content["job"]) != (f"schemas/{digest}.json", job):
            raise Wrong(f"{manifest(content['watermark']['number'])}: its job or schema is another one")
        if digest not in self._schemas:
            with reading(path):
                if not (self.job / path).exists():
                    raise Wrong(f"{path} is missing")
                schema = json.loads((self.job / path).read_bytes())
                if sha256(canonical(schema["tags"])) != digest or schema["digest"] != digest:
                    raise Wrong(f"{path}: the list of series was changed: its digest does not fit")
                self._schemas[digest] = {one["key"]: (one["name"], one["unit"]) for one in schema["tags"]}
        return self._schemas[digest]

    def _add(
        self, total: Sum, file: Mapping[str, Any], content: Mapping[str, Any], tags: Tags, rest: set[str]
    ) -> None:
        path, number = file["path"], content["watermark"]["number"]
        part, place = PART.fullmatch(path), re.sub(r"\.$", "%2E", quote(content["site"] or "_", safe=""))
        if part is None or (part[1], int(part[3]), part[4]) != (place, number, file["format"]):
            raise Wrong(f"{path} is no file of package {number:,}")
        if path not in rest:
            raise Wrong(f"{path} is missing")
        rest.discard(path)
        data = (self.job / path).read_bytes()
        if len(data) != file["size"]:
            raise Wrong(f"{path}: {len(data):,} bytes are there, {file['size']:,} were promised")
        if hashlib.sha256(data).hexdigest() != file["sha256"]:
            raise Wrong(f"{path}: it was changed: its SHA-256 does not fit")
        own = Sum()
        READERS[part[4]](data, own, file, content["site"], tags)
        if (own.rows, own.low, own.high) != (file["rows"], file["min_ts"], file["max_ts"]):
            raise Wrong(f"{path}: its rows or their times are not what the manifest says")
        days = {datetime.fromtimestamp(at // DAY_NS * 86_400, UTC).date() for at in (own.low, own.high)}
        if days != {date.fromisoformat(part[2])}:
            raise Wrong(f"{path}: its rows are of another day")
        total.merge(own)


def manifest(number: int) -> str:
    return f"manifests/{number:09d}.json"


def add_parquet(data: bytes, total: Sum, _file: Mapping[str, Any], site: str, tags: Tags) -> None:
    """The rows of a Parquet file."""
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    for batch in pq.ParquetFile(pa.BufferReader(data)).iter_batches(AT_ONCE):
        columns = {name: batch.column(name) for name in batch.schema.names}
        if columns["ts"].type != pa.timestamp("us", tz="UTC"):
            raise ValueError("ts is not in microseconds of UTC")
        columns["ts"] = columns["ts"].cast(pa.int64())
        if columns["site"].unique().to_pylist() != [site]:
            raise ValueError("it has rows of another site")
        if "number" in columns:
            _add_event_columns(total, {name: one.to_pylist() for name, one in columns.items()})
        elif strangers := set(columns["tag_id"].unique().to_pylist()) - set(tags):
            raise ValueError(f"the list of series does not have {min(map(str, strangers))}")
        elif np is None:
            total.add_words(_plain_words({name: one.to_pylist() for name, one in columns.items()}))
        else:
            total.add_columns(_numpy_words(columns))


def _add_event_columns(total: Sum, columns: Mapping[str, list[Any]]) -> None:
    names = ("number", "ts", "ns", "kind", "event", "fields")
    for number, micros, rest, kind, event, fields in zip(*(columns[name] for name in names), strict=True):
        total.add_event_text(number, micros * 1000 + rest, kind, event, fields)


def _plain_words(columns: Mapping[str, list[Any]]) -> Iterator[Words]:
    names = (
        "tag_id", "ts", "ns", "seq", "status", "kind", "flags", "deleted", "q", "value_d", "value_i", "value_u",
        "value_s",
    )  # fmt: skip
    for row in zip(*(columns[name] for name in names), strict=True):
        key, micros, rest, version, status, kind, flags, deleted, q, *values = row
        if q != min(status >> 30, 2):
            raise ValueError("q does not fit to status")
        value = held(kind, *values)
        yield words_of((key, micros * 1000 + rest, version, status, value, kind, flags, deleted))


def _numpy_words(columns: Mapping[str, Any]) -> list[Any]:
    """The same, a column at a time."""

    def plain(name: str) -> Any:
        if columns[name].null_count:
            raise ValueError(f"{name} is empty in some rows")
        return columns[name].to_numpy(zero_copy_only=False)

    def words(column: Any) -> Any:
        coded = column.dictionary_encode()
        found = [text_word(one) for one in coded.dictionary.to_pylist()] or [0]
        return np.array(found, np.uint64)[coded.indices.fill_null(0).to_numpy()]

    status, kind = plain("status"), plain("kind")
    there = {name: columns[f"value_{name}"].is_valid().to_numpy(zero_copy_only=False) for name in "dius"}
    is_whole = there["i"] ^ (there["u"] & (kind == UINT))
    is_held = (there["d"] == (kind == FLOAT)) & (is_whole == ((kind >= INT) & (kind <= BOOL)))
    is_held &= (there["s"] == (kind == OBJECT)) & ~(there["u"] & ((kind != UINT) | there["i"]))
    if not is_held.all():
        raise ValueError("a row has its value in another column than its kind says")
    if (np.minimum(status >> 30, 2) != plain("q")).any():
        raise ValueError("q does not fit to status")
    bits = np.zeros(len(kind), np.uint64)
    for name in "diu":
        if there[name].any():
            bits |= columns[f"value_{name}"].fill_null(0).to_numpy(zero_copy_only=False).view(np.uint64)
    if there["s"].any():
        bits = np.where(there["s"], words(columns["value_s"]), bits)
    time = plain("ts") * 1000 + plain("ns")
    key, version, flags, deleted = words(columns["tag_id"]), plain("seq"), plain("flags"), plain("deleted")
    return [key, time, version, status, bits, kind, flags, deleted]


def add_csv(data: bytes, total: Sum, file: Mapping[str, Any], site: str, tags: Tags) -> None:
    """The rows of a CSV file."""
    csv.field_size_limit(2**31 - 1)
    form = file["form"]
    stream = io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline="")
    lines = csv.reader(stream, delimiter=form["delimiter"], strict=True)
    names = next(lines)
    if form["units_row"]:
        next(lines)
    _add_texts(total, names, lines, Texts(form["decimal"], unguarded, site, tags))


def add_xlsx(data: bytes, total: Sum, _file: Mapping[str, Any], site: str, tags: Tags) -> None:
    """The rows of all sheets of a workbook."""
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    texts = Texts(".", lambda text: unguarded(unspelled(text)), site, tags)
    for sheet in load_workbook(io.BytesIO(data), read_only=True).worksheets:
        rows = (
            ["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)
        )
        _add_texts(total, next(rows), rows, texts)


READERS: Mapping[str, Callable[..., None]] = {"parquet": add_parquet, "csv": add_csv, "xlsx": add_xlsx}


def unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") else text


def unspelled(text: str) -> str:
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)


@dataclass
class Texts:
    """How the texts of a table are to be read."""

    decimal: str
    plain: Callable[[str], str]
    site: str
    tags: Tags


def _add_texts(total: Sum, names: Sequence[str], lines: Iterable[Sequence[str]], texts: Texts) -> None:
    if "number" not in names:
        total.add_words(_text_words(names, lines, texts))
        return
    for row in _chosen(names, ("time", "number", "kind", "event", "fields", "site"), lines):
        kind, event, fields, site = map(texts.plain, row[2:])
        if site != texts.site:
            raise ValueError("it has rows of another site")
        total.add_event_text(int(row[1]), nanoseconds(row[0]), kind, event, fields)


def _chosen(
    names: Sequence[str], wanted: Sequence[str], lines: Iterable[Sequence[str]]
) -> Iterator[list[str]]:
    places = [names.index(name) for name in wanted]
    for number, line in enumerate(lines, 2):
        if len(line) != len(names):
            raise ValueError(f"row {number} has {len(line)} fields")
        yield [line[place] for place in places]


def _text_words(names: Sequence[str], lines: Iterable[Sequence[str]], texts: Texts) -> Iterator[Words]:
    wanted = (
        "tag_id", "name", "unit", "site", "time", "value", "quality", "status", "kind", "flags", "seq", "deleted",
        "bits",
    )  # fmt: skip
    known: dict[tuple[str, ...], int] = {}
    for row in _chosen(names, wanted, lines):
        head, (time, value, quality) = tuple(row[:4]), row[4:7]
        status, kind, flags, version, deleted = map(int, row[7:12])
        if head not in known:
            key, name, unit, site = map(texts.plain, head)
            if texts.tags.get(key) != (name, unit) or site != texts.site:
                raise ValueError(f"name, unit or site of {key} is another one")
            known[head] = text_word(key)
        if quality != QUALITY[status >> 30]:
            raise ValueError("quality does not fit to status")
        bits = _text_bits(value, kind, row[12], texts)
        yield (known[head], nanoseconds(time), version, status, bits, kind, flags, deleted)


def _text_bits(value: str, kind: int, bits: str, texts: Texts) -> int:
    if kind == FLOAT:
        number = float(value.replace(texts.decimal, "."))
        if not bits:
            return value_word(number, FLOAT)
        exact = struct.unpack(">d", bytes.fromhex(bits))[0]
        if not (math.isclose(number, exact, rel_tol=1e-14) or (math.isnan(number) and math.isnan(exact))):
            raise ValueError(f"the value {value} is not that of bits")
        return int(bits, 16)
    if kind == NONE and value:
        raise ValueError("a row without a value has one")
    return 0 if kind == NONE else value_word(texts.plain(value) if kind == OBJECT else int(value), kind)


@lru_cache(maxsize=10_000)
def _seconds(text: str) -> int:
    return round((datetime.fromisoformat(f"{text}+00:00") - datetime.fromtimestamp(0, UTC)).total_seconds())


def nanoseconds(text: str) -> int:
    """UTC ns of a time with nine digits behind the point."""
    if len(text) != 30 or text[19] != "." or text[29] != "Z":
        raise ValueError(f"{text} is no time")
    return _seconds(text[:19]) * 10**9 + int(text[20:29])


# ---------------------------------------------------------------------------- messages


ROW_COLUMNS = ["key", "time", "seq", "kind", "value", "status", "flags", "rev", "deleted"]


def message_packages(log: Path, stream: str) -> list[Found]:
    """Each whole transmission in a log of ``mqtt``, by ascending numbers; what is not whole counts nothing."""
    found: list[Found] = []
    seen: set[str] = set()
    head: dict[str, Any] = {}
    rows: list[Words] = []
    total = Sum()
    with reading(str(log)), log.open("rb") as lines:
        for number, data in enumerate(lines, 1):
            if not data.strip():
                continue
            try:
                line = json.loads(data)
            except ValueError:  # a recorder that was ended in the middle
                head = {}
                continue
            with reading(f"{log}, line {number:,}"):
                if isinstance(line, dict) and "part" in line:
                    head, before = line, head
                    if line["part"] == 1:
                        total, rows = Sum(), []
                    elif (line["sent"], line["part"]) != (before.get("sent"), before.get("part", 0) + 1):
                        head = {}
                elif not head or stream not in ("", head["stream"]):
                    continue
                elif isinstance(line, dict):
                    total.add_words(rows)
                    where = f"package {head['number']:,} of {log}, line {number:,}"
                    found.append(Found(line["watermark"], total.rows, total.text(), where))
                    seen.add(head["stream"])
                    head, rows = {}, []
                elif head["columns"] == ROW_COLUMNS:
                    rows.append(_message_words(*line))
                    if len(rows) >= AT_ONCE:
                        total.add_words(rows)
                        rows = []
                else:
                    total.add_event(line)
    if len(seen) > 1:
        raise NotCheckable(f"{log} has several streams; name one of them: {', '.join(sorted(seen))}")
    return sorted(found, key=lambda one: int(one.statement["number"]))


def _message_words(
    key: str, time: int, version: int, kind: int, value: Any, status: int, flags: int, _rev: int, deleted: int
) -> Words:
    if (value is None) != (kind == NONE):
        raise ValueError(f"a row of kind {kind} has the value {value}")
    if kind == FLOAT and isinstance(value, str) and ":" in value:  # NaN with other bits than usual
        return (text_word(key), time, version, status, int(value.partition(":")[2], 16), kind, flags, deleted)
    return words_of((key, time, version, status, value, kind, flags, bool(deleted)))


# ---------------------------------------------------------------------------- database


TIME = "(extract(epoch from {0}.ts) * 1000000000)::bigint + {0}.ns"
PACKAGES = (
    'select number, digest, previous, "rows", sum, superseded_rows, superseded_sum, watermark, '
    "(extract(epoch from complete_until) * 1000000)::bigint from package where stream_id = %s order by number"
)
SAMPLES = (
    "select e.package, t.key, {time}, e.seq, e.status, e.kind, e.flags, e.value_d, e.value_i, e.value_u, e.value_s "
    "from {table} e left join tag t on t.tag_no = e.tag_no and t.version = 1 and t.stream_id = e.stream_id "
    "where e.stream_id = %s"
)
EVENTS = (
    "select e.package, e.number, {time}, e.kind, e.event, e.fields::text from event e where e.stream_id = %s"
)
LISTED = "select key, name, unit, unit_code from tag where stream_id = %s and is_listed and valid_to is null"


class Database:
    """The tables of one stream, as ``postgres`` fills them, in one snapshot."""

    def __init__(self, link: Any, schema: str, stream: str) -> None:
        from psycopg import sql

        self._link, self._stream = link, stream
        link.execute(sql.SQL("set search_path to {}").format(sql.Identifier(schema)))
        row = link.execute("select stream_id, schema_digest from stream where name = %s", [stream]).fetchone()
        if row is None:
            there = [one for (one,) in link.execute("select name from stream order by name")]
            raise NotCheckable(f"there is no stream {stream}; there is: {', '.join(there) or 'none'}")
        self._id, self._schema = row
        self._sums: dict[int, list[int]] = {}

    def packages(self, first: int) -> Iterator[Found]:
        """From number ``first`` on."""
        self._check_series()
        for table, deleted in (("sample", 0), ("sample_deleted", 1)):
            query = SAMPLES.format(table=table, time=TIME.format("e"))
            for rows in self._read(query):
                with reading(table):
                    self._add(rows, deleted)
        for rows in self._read(EVENTS.format(time=TIME.format("e"))):
            for package, *event in rows:
                total = Sum()
                total.add_event_text(*event)
                self._count(package, [int(total.text()[at : at + 16], 16) for at in (0, 16)])
        for rows in self._read(PACKAGES):
            yield from (self._found(*row) for row in rows if row[0] >= first)
        for number in self._sums:
            if number >= first:
                raise Wrong(f"there are rows of package {number:,}, of which there is no statement")

    def _read(self, query: str) -> Iterator[list[tuple[Any, ...]]]:
        with self._link.cursor(name="checker", binary=True) as cursor:
            cursor.execute(query, [self._id])
            while rows := cursor.fetchmany(AT_ONCE):
                yield rows

    def _add(self, rows: list[tuple[Any, ...]], deleted: int) -> None:
        words: list[Words] = []
        for package, key, time, version, status, kind, flags, double, whole, unsigned, text in rows:
            if key is None:
                raise Wrong(f"a row of package {package:,} belongs to no series")
            value = held(kind, double, whole, unsigned, text)
            words.append(words_of((key, time, version, status, value, kind, flags, bool(deleted))))
        halves = [
            one if np is None else one.tolist() for one in mixed_columns(list(zip(*words, strict=True)))
        ]
        for (package, *_), *digest in zip(rows, *halves, strict=True):
            self._count(package, digest)

    def _count(self, package: int, halves: Sequence[int]) -> None:
        one = self._sums.setdefault(package, [0, 0, 0])
        one[0] += 1
        one[1] += halves[0]
        one[2] += halves[1]

    def _found(self, number: int, digest: str, previous: str, rows: int, total: str, gone: int, gone_sum: str,
               statement: Any, until: int | None) -> Found:  # fmt: skip
        """What stands and what gave way to newer rows are together what was sent."""
        where = f"package {number:,}"
        with reading(where):
            count, *halves = self._sums.pop(number, [0, 0, 0])
            told = [statement[name] for name in ("number", "digest", "previous", "rows", "sum")]
            if [*told, statement["complete_until"] // 1000] != [
                number,
                digest,
                previous,
                rows,
                total,
                until or 0,
            ]:
                raise Wrong(f"{where}: its columns are not what its statement says")
            first, second = (
                one + int(gone_sum[at : at + 16], 16) for one, at in zip(halves, (0, 16), strict=True)
            )
            return Found(statement, count + gone, f"{first & MASK:016x}{second & MASK:016x}", where)

    def _check_series(self) -> None:
        lists: dict[str, str] = dict(
            self._link.execute(
                "select digest, content from series_list where stream_id = %s", [self._id]
            ).fetchall()
        )
        for digest, content in lists.items():
            if sha256(content) != digest:
                raise Wrong(f"the list of series {digest[:12]} was changed: its digest does not fit")
        with reading("the list of series"):
            used = self._link.execute(
                "select distinct watermark ->> 'schema' from package where stream_id = %s", [self._id]
            ).fetchall()
            if missing := [one for (one,) in used if one not in lists]:
                raise Wrong(f"the list of series {missing[0][:12]} is missing")
            columns = ("name", "unit", "unit_code")
            listed = {one["key"]: [one[name].replace("\0", "\ufffd") for name in columns]
                      for one in json.loads(lists.get(self._schema, "[]"))}  # fmt: skip
            for key, *texts in self._link.execute(LISTED, [self._id]).fetchall():
                if listed.get(key) != texts:
                    raise Wrong(f"name or unit of {key} in the table tag is not that of the list of series")


# ---------------------------------------------------------------------------- command


class Arguments(argparse.ArgumentParser):
    """A mistake is one sentence."""

    def error(self, message: str) -> NoReturn:
        raise NotCheckable(f"{message}; see --help")


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = Arguments(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage=argparse.SUPPRESS
    )
    parser.add_argument("place", nargs="?", default="", metavar="FOLDER or STREAM")
    parser.add_argument("--messages", metavar="LOG", type=Path)
    parser.add_argument("--postgres", metavar="URL")
    parser.add_argument("--schema", default="watchkeeper")
    parser.add_argument("--statement", metavar="FILE", type=Path)
    parser.add_argument("--until", metavar="TIME")
    parser.add_argument("--first", metavar="NUMBER", type=int, default=0)
    options = parser.parse_args(given)
    if options.messages and options.postgres:
        parser.error("name --messages or --postgres, not both")
    if not options.place and not options.messages:
        parser.error("name the stream" if options.postgres else "name the folder of a job")
    return options


def checked(options: argparse.Namespace) -> Report:
    """The report on what the options name."""
    wanted = _wanted(options.statement) if options.statement else None
    until = time_ns(options.until) if options.until else 0
    number = int(wanted["number"]) if wanted else 0
    text = f"checked from package {options.first:,} on"
    start = Start(options.first - 1, None, text) if options.first > 1 else Start()
    if options.postgres:
        report = _of_database(options, start, number)
    elif options.messages:
        packages = message_packages(options.messages, options.place)
        report = check((one for one in packages if one.statement["number"] > start.number), start, number)
    else:
        folder = Folder(Path(options.place))
        start = max(start, folder.start, key=lambda one: one.number)
        report = check(folder.packages(start.number + 1), start, number)
    if wanted is not None:
        with reading(str(options.statement)):
            compare(report, wanted)
    if until:
        check_until(report, until)
    return report


def _wanted(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_bytes())
        if content["format"] != "watchkeeper-statement/1":
            raise ValueError
        return content
    except OSError as error:
        raise NotCheckable(f"{path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError):
        raise NotCheckable(f"{path} is no statement of this version; make one: hmi prove") from None


def _of_database(options: argparse.Namespace, start: Start, number: int) -> Report:
    with reading("the database"):
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    try:
        conninfo_to_dict(options.postgres)
    except psycopg.ProgrammingError:  # its text may have the password
        text = "the URL cannot be read; write postgresql://USER@HOST/DATABASE, and %20 for a blank"
        raise NotCheckable(text) from None
    try:
        with psycopg.connect(options.postgres) as link:
            link.isolation_level, link.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
            database = Database(link, options.schema, options.place)
            return check(database.packages(start.number + 1), start, number)
    except psycopg.Error as error:
        raise NotCheckable(f"the database says: {str(error).partition(chr(10))[0]}") from error


def main(given: Sequence[str] | None = None) -> int:
    """The exit code; one sentence to the output, or what is wrong to the error output."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        sys.stdout.write(f"{checked(arguments(given)).sentence()}\n")
    except (Wrong, NotCheckable) as error:
        sys.stderr.write(f"{str(error).rstrip('.')}.\n")
        return 1 if isinstance(error, Wrong) else 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
