"""Checks a Watchkeeper journal, or an exported package of one, on a machine without Watchkeeper.

    python audit_checker.py journal.sqlite [SEALS ...] [--key-file FILE]
    python audit_checker.py PACKAGE [--key-file FILE]

SEALS are files of sealed heads or folders with them; without one ``seals`` beside the journal is taken. The key,
one line of text, also checks who wrote the seals. Needs Python 3.11 and nothing else; writes nothing. Exit 0: whole.
Exit 1: the first record that is wrong, in one sentence. Exit 2: it cannot be checked.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TextIO

GENESIS = "0" * 64
SEALED = "audit.sealed"
NOBODY = "system"
"""The actor of what the program does by itself."""
FIELDS = (
    "seq", "runtime_id", "run_id", "event_time", "receive_time", "actor", "station", "object_id", "plant_revision",
    "kind", "event", "version", "simulated", "payload", "prev_hash", "hash",
)  # fmt: skip
SEAL_FIELDS = ("n", "time", "seq", "hash", "why", "runtime", "prev", "digest", "mac")
RECORDS_FILE, CSV_FILE, SEALS_FILE, MANIFEST_FILE = (
    "records.jsonl",
    "audit.csv",
    "seals.jsonl",
    "manifest.json",
)
Row = tuple[Any, ...]
_compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class WrongRecord(Exception):
    """One sentence that names the first thing that is not as it was written."""


class NotCheckable(Exception):
    """One sentence: there is nothing to check, or it cannot be read."""


class Seal(NamedTuple):
    """A head of the journal as it was sealed; ``time`` UTC ns of the wall clock."""

    n: int
    time: int
    seq: int
    hash: str
    why: str
    runtime: str
    prev: str
    digest: str
    mac: str


class Whole(NamedTuple):
    """What was checked and found whole."""

    records: int
    seals: int
    last: int
    sealed: int

    def sentence(self) -> str:
        """For a person; names what no seal covers yet."""
        open_end = (
            f"; records {self.sealed + 1} to {self.last} are not sealed yet"
            if self.sealed < self.last
            else ""
        )
        return f"{self.records} records, {self.seals} seals: the chain holds{open_end}"


# ------------------------------------------------------------------------------------------ seals


def sealed(n: int, time: int, head: tuple[int, str], why: str, runtime: str, prev: str, key: bytes) -> Seal:
    """A new seal of a head after the seal with the digest ``prev``."""
    digest = _seal_digest((n, time, *head, why, runtime, prev))
    return Seal(n, time, *head, why, runtime, prev, digest, _mac(key, digest))


def seal_line(seal: Seal) -> str:
    """As it stands in the file, with its end of line."""
    return _compact(dict(zip(SEAL_FIELDS, seal, strict=True))) + "\n"


def seal_of(line: str) -> Seal:
    """ValueError when the line is not one that ``seal_line`` writes."""
    found = json.loads(line)
    if not isinstance(found, dict) or tuple(found) != SEAL_FIELDS:
        raise ValueError("not a seal")
    seal = Seal(**found)
    numbers = (seal.n, seal.time, seal.seq)
    if any(type(one) is not int for one in numbers) or any(type(one) is not str for one in seal[3:]):
        raise ValueError("not a seal")
    if seal_line(seal) != line + "\n":
        raise ValueError("written in another form")
    return seal


def seals_in(text: str, where: str) -> list[Seal]:
    """The lines of a file of seals; WrongRecord for one that was not written by a runtime."""
    lines = text.split("\n")
    if lines.pop():
        raise WrongRecord(f"{where}: line {len(lines) + 1} ends in the middle")
    found: list[Seal] = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(seal_of(line))
        except (ValueError, TypeError, RecursionError):
            raise WrongRecord(
                f"{where}: line {number} is not a seal: it was changed after it was written"
            ) from None
    return found


def check_seals(seals: Sequence[Seal], where: str, key: bytes = b"", *, slice_of: bool = False) -> None:
    """WrongRecord for the first seal that was changed, moved or removed; with a key also for one that was forged."""
    n, prev, seq = (seals[0].n, seals[0].prev, 0) if slice_of and seals else (1, GENESIS, 0)
    for seal in seals:
        if seal.n != n:
            raise WrongRecord(f"{where}: seal {n} is missing: in its place stands seal {seal.n}")
        if seal.prev != prev or seal.seq < seq:
            raise WrongRecord(
                f"{where}: seal {n} does not follow the seal before it: one was changed or moved"
            )
        if _seal_digest(seal[:7]) != seal.digest:
            raise WrongRecord(f"{where}: seal {n} was changed after it was written")
        if key and not hmac.compare_digest(seal.mac, _mac(key, seal.digest)):
            raise WrongRecord(f"{where}: seal {n} was not made with the key of this runtime: it is forged")
        n, prev, seq = n + 1, seal.digest, seal.seq


def _seal_digest(content: tuple[Any, ...]) -> str:
    return hashlib.sha256(_compact(list(content)).encode("utf-8", "surrogatepass")).hexdigest()


def _mac(key: bytes, digest: str) -> str:
    return hmac.new(key, digest.encode("ascii", "replace"), hashlib.sha256).hexdigest()


# ------------------------------------------------------------------------------------------ records


def row_hash(row: Row) -> str:
    """SHA-256 (hex) over every field of a stored row but the hash itself."""
    content = [*row[:12], bool(row[12]), *row[13:15]]
    return hashlib.sha256(_compact(content).encode("utf-8", "surrogatepass")).hexdigest()


def signature_digest(user: str, meaning: str, time: int, command_id: str, object_id: str, value: Any) -> str:
    """What binds a signature to its record; a whole number has one digest, however it was typed."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = _compact([user, meaning, time, command_id, object_id, value])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Chain:
    """Goes along the records and says where they leave the chain, the seals or their signatures."""

    def __init__(self, seals: Iterable[Seal], seq: int = 0, previous: str = GENESIS) -> None:
        self.seq, self.previous, self.count = seq, previous, 0
        self.named: list[tuple[int, int, str]] = []
        self.sealed = seq
        self._heads: dict[int, set[str]] = {}
        for seal in seals:
            self._heads.setdefault(seal.seq, set()).add(seal.hash)

    def take(self, row: Row) -> None:
        """The next record; WrongRecord when it is not the one that was written."""
        seq = self.seq + 1
        if row[0] != seq:
            raise WrongRecord(f"record {seq} is missing: in its place stands record {row[0]}")
        if row[14] != self.previous:
            raise WrongRecord(
                f"record {seq} does not follow the record before it: one was changed, moved or removed"
            )
        if row[12] not in (0, 1) or row_hash(row) != row[15]:
            raise WrongRecord(f"record {seq} was changed after it was written")
        if seq in self._heads:
            if self._heads[seq] != {row[15]}:
                since = f" or one after record {self.sealed}" if self.sealed < seq - 1 else ""
                raise WrongRecord(f"record {seq} is not the one that was sealed: it{since} was written anew")
            self.sealed = seq
        if row[10] == SEALED or '"signers":[{' in row[13]:
            self._look_inside(row)
        self.seq, self.previous, self.count = seq, row[15], self.count + 1

    def end(self) -> None:
        """After the last record: sealed ones that are not there were cut off."""
        last = max(self._heads, default=0)
        if last > self.seq:
            raise WrongRecord(f"record {self.seq + 1} is missing: records up to {last} were sealed")

    def _look_inside(self, row: Row) -> None:
        try:
            payload = json.loads(row[13])
            if row[10] == SEALED and row[9] == "system":
                self.named.append((row[0], payload["n"], payload["digest"]))
            for signer in payload.get("signers", ()) if row[10].startswith("command.") else ():
                made = signature_digest(
                    signer["user"],
                    signer["meaning"],
                    signer["time"],
                    payload["command_id"],
                    row[7],
                    payload["new"],
                )
                if made != signer["digest"]:
                    raise WrongRecord(
                        f"record {row[0]}: the signature of {signer['user']} belongs to another record or was changed"
                    )
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise WrongRecord(f"record {row[0]}: its content is not what Watchkeeper writes") from None


# ------------------------------------------------------------------------------------------ a journal


def check_journal(path: Path, seal_files: Sequence[Path] = (), key: bytes = b"") -> Whole:
    """WrongRecord names what is wrong, NotCheckable says why there is no answer. A runtime may write meanwhile."""
    if not path.is_file():
        raise NotCheckable(f"{path}: there is no such file")
    files = list(seal_files) or _seals_beside(path)
    copies = [read_seals(file) for file in files]
    try:
        database = opened(path)
        try:
            database.execute("begin")
            return _check_database(database, files, copies, key)
        finally:
            database.close()
    except sqlite3.Error as error:
        raise WrongRecord(f"this is not a whole journal: {error}") from error


def _check_database(
    database: sqlite3.Connection, files: list[Path], copies: list[list[Seal]], key: bytes
) -> Whole:
    row = _row_of_seals(database)
    if (
        copies and row and row[0] > len(copies[0])
    ):  # sealed between the two looks: what came still later is not in view
        copies[0] = read_seals(files[0])[: row[0]]
    for file, seals in zip(files, copies, strict=True):
        check_seals(seals, file.name, key)
    _compare(files, copies)
    longest = max(copies, key=len, default=[])
    chain = Chain(seal for seals in copies for seal in seals)
    for record in database.execute(f"select {', '.join(FIELDS)} from journal order by seq"):
        chain.take(record)
    heads = database.execute("select seq, hash from head").fetchall()
    if heads != ([(chain.seq, chain.previous)] if chain.seq else []):
        known = heads[0][0] if heads else 0
        raise WrongRecord(
            f"record {chain.seq + 1} is missing: {known} were written"
            if isinstance(known, int) and known > chain.seq
            else f"record {chain.seq} is not the last one that was written: the note of it says something else"
        )
    chain.end()
    _check_named(chain, row, copies[0] if copies else [], bool(files))
    return Whole(chain.count, len(longest), chain.seq, chain.sealed)


def _check_named(chain: Chain, row: tuple[int, str] | None, seals: Sequence[Seal], are_given: bool) -> None:
    """The journal names its seals: one that it names and that is not there was removed."""
    named = [*chain.named, *([(chain.seq, *row)] if row else [])]
    if named and not are_given:
        raise WrongRecord(
            f"the journal was sealed {max(n for _, n, _ in named)} times, but its seals are not there"
        )
    if chain.named and (row is None or row[0] < max(n for _, n, _ in chain.named)):
        raise WrongRecord("the note of the last seal was changed or removed from the journal")
    if len(seals) > 1 and row is None:
        raise WrongRecord("the note of the last seal was removed from the journal")
    for seq, n, digest in named:
        if n > len(seals):
            raise WrongRecord(f"seal {len(seals) + 1} is missing: record {seq} knows of seal {n}")
        if n < 1 or seals[n - 1].digest != digest:
            raise WrongRecord(f"seal {n} is not the one that record {seq} names")
    if row and len(seals) > row[0] + 1:
        raise WrongRecord(
            f"the journal knows of {row[0]} seals but there are {len(seals)}: an older copy, or added ones"
        )


def _compare(files: Sequence[Path], copies: Sequence[Sequence[Seal]]) -> None:
    for file, seals in list(zip(files, copies, strict=True))[1:]:
        for mine, other in zip(copies[0], seals, strict=False):
            if mine != other:
                raise WrongRecord(f"seal {mine.n} in {files[0]} is not the one in {file}")


def _row_of_seals(database: sqlite3.Connection) -> tuple[int, str] | None:
    if not database.execute(
        "select 1 from sqlite_master where type = 'table' and name = 'sealed'"
    ).fetchone():
        return None
    rows = database.execute("select n, digest from sealed").fetchall()
    return (int(rows[0][0]), str(rows[0][1])) if rows else None


def opened(path: Path) -> sqlite3.Connection:
    """Read only; in a folder that cannot be written SQLite has no place for its own files."""
    uri = path.absolute().as_uri()
    for suffix in ("?mode=ro", "?mode=ro&immutable=1"):
        database = sqlite3.connect(uri + suffix, uri=True, isolation_level=None, timeout=5.0)
        database.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        try:
            database.execute("select 1 from sqlite_master").fetchone()
            return database
        except sqlite3.OperationalError as error:
            database.close()
            if "unable to open" not in str(error):
                raise
    raise NotCheckable(f"{path}: cannot be opened")


def _seals_beside(path: Path) -> list[Path]:
    return seal_files_in(path.parent / "seals", ()) if (path.parent / "seals").is_dir() else []


def _newest_runtime(path: Path) -> tuple[str, ...]:
    """A folder may hold the seals of several runtimes."""
    try:
        database = opened(path)
        try:
            return tuple(
                database.execute("select runtime_id from journal order by seq desc limit 1").fetchone() or ()
            )
        finally:
            database.close()
    except sqlite3.Error:
        return ()


def seal_files_in(place: Path, runtimes: Sequence[str]) -> list[Path]:
    """A file as it is; of a folder the files of seals (of these runtimes, when some are named)."""
    if place.is_file():
        return [place]
    found = sorted(place.glob("*.jsonl")) if place.is_dir() else []
    return [file for file in found if not runtimes or _runtime_of(file) in runtimes]


def _runtime_of(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as stream:
            return str(json.loads(stream.readline())["runtime"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def read_seals(file: Path) -> list[Seal]:
    """All seals of a file; WrongRecord or NotCheckable."""
    try:
        return seals_in(file.read_text(encoding="utf-8", errors="surrogateescape"), file.name)
    except OSError as error:
        raise NotCheckable(f"{file}: cannot be read ({error.strerror or error})") from error


# ------------------------------------------------------------------------------------------ a package

CSV_HEAD = (
    "seq", "time", "user", "full_name", "roles", "station", "area", "object", "item", "event", "old", "new", "unit",
    "reason", "confirmation", "signers", "result", "reason_codes", "text", "sent", "accepted", "ended",
    "feedback_status", "plant_revision", "simulated", "prev_hash", "hash",
)  # fmt: skip


def csv_text(rows: Iterable[Row]) -> str:
    """What people did in some rows, as a table; no text cell is a formula for a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(CSV_HEAD)
    for row in rows:
        if row[9] == "audit" or row[5] != NOBODY:
            writer.writerow([_cell(value) for value in _csv_row(row)])
    return out.getvalue()


def _csv_row(row: Row) -> tuple[Any, ...]:
    found = json.loads(row[13])
    payload: dict[str, Any] = found if isinstance(found, dict) else {}
    get = payload.get
    return (
        row[0], iso_time(row[3]), row[5], get("full_name", ""), _joined(get("roles")), row[6], get("area", ""), row[7],
        get("tag", ""), row[10], get("old"), get("new"), get("unit", ""), get("reason", ""), get("confirmation", ""),
        _joined(signer_text(one) for one in _dicts(get("signers"))), get("state", ""),
        _joined(one[0] for one in get("refusals") or () if isinstance(one, list) and one), get("text", ""),
        _moment(get("sent")), _moment(get("accepted")), _moment(get("ended")), get("feedback_status"), row[8],
        int(bool(row[12])), row[14], row[15],
    )  # fmt: skip


def signer_text(signer: dict[str, Any]) -> str:
    """Printed name, user, date and time, and meaning (21 CFR 11.50)."""
    time = signer.get("time")
    at = iso_time(time) if isinstance(time, int) else ""
    return f"{signer.get('name', '')} ({signer.get('user', '')}), {at}: {signer.get('meaning', '')}"


def iso_time(ns: int) -> str:
    """UTC with milliseconds; the number itself when no calendar has it."""
    try:
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ns // 1000)
    except OverflowError:
        return str(ns)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(value: Any) -> Any:
    return iso_time(value) if type(value) is int and value > 10**15 else value


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _joined(values: Any) -> str:
    return "; ".join(str(one) for one in values or ())


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (bool, int, float)):
        return repr(value)
    text = value if isinstance(value, str) else _compact(value)
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") and text else text


def check_package(folder: Path, key: bytes = b"") -> Whole:
    """A slice of a journal: its chain from the record before it, the seals that cover it, and the table made of it."""
    manifest = _json_in(folder / MANIFEST_FILE)
    try:
        first, last, previous = int(manifest["first"]), int(manifest["last"]), str(manifest["prev_hash"])
        sealed_before, files = manifest["sealed_before"], dict(manifest["files"])
    except (KeyError, TypeError, ValueError):
        raise WrongRecord(f"{MANIFEST_FILE}: was changed after it was written") from None
    texts = {name: _text_in(folder / name) for name in (RECORDS_FILE, SEALS_FILE, CSV_FILE)}
    seals = seals_in(texts[SEALS_FILE], SEALS_FILE)
    check_seals(seals, SEALS_FILE, key, slice_of=True)
    _check_begin(seals, sealed_before, first, previous)
    chain = Chain((one for one in seals if one.seq >= first), first - 1, previous)
    rows = list(_rows_in(texts[RECORDS_FILE]))
    for row in rows:
        chain.take(row)
    if chain.seq != last:
        raise WrongRecord(
            f"record {min(chain.seq, last) + 1} is missing: the package holds {first} to {last}"
        )
    chain.end()
    if csv_text(rows) != texts[CSV_FILE]:
        raise WrongRecord(
            f"{CSV_FILE} does not say what the records say: it was changed after it was written"
        )
    for name, text in texts.items():
        if files.get(name) != hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest():
            raise WrongRecord(f"{name} was changed after it was written")
    _check_sealed(chain, manifest, last)
    return Whole(chain.count, len(seals), last, chain.sealed)


def _check_begin(seals: Sequence[Seal], sealed_before: object, first: int, previous: str) -> None:
    """A package begins right after a sealed head, or with the first record of the journal."""
    if not sealed_before:
        if first != 1 or previous != GENESIS:
            raise WrongRecord(f"record {first - 1} is missing: nothing seals what is before record {first}")
    elif not seals or (seals[0].seq, seals[0].hash) != (first - 1, previous):
        raise WrongRecord(f"record {first} does not begin where the seal before it says")


def _check_sealed(chain: Chain, manifest: dict[str, Any], last: int) -> None:
    if manifest.get("sealed") != chain.sealed:
        raise WrongRecord(f"record {last}: the seal that covers it is missing from {SEALS_FILE}")


def _rows_in(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else (), 1):
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict) or tuple(found) != FIELDS or not isinstance(found["payload"], str):
            raise WrongRecord(
                f"{RECORDS_FILE}: line {number} is not a record: it was changed after it was written"
            )
        yield tuple(found[name] for name in FIELDS)


def _text_in(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8", "surrogateescape")
    except OSError:
        raise WrongRecord(f"{file.name} is missing from the package") from None


def _json_in(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(_text_in(file))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise WrongRecord(f"{file.name} was changed after it was written")
    return found


# ------------------------------------------------------------------------------------------ the command


def main(arguments: Sequence[str]) -> int:
    """The exit code; prints one sentence."""
    given, key = list(arguments), b""
    try:
        if "--key-file" in given:
            at = given.index("--key-file")
            key = Path(given[at + 1]).read_bytes().strip()
            del given[at : at + 2]
        if not given or given[0].startswith("-"):
            raise NotCheckable(
                "give a file: python audit_checker.py journal.sqlite [SEALS ...] [--key-file FILE]"
            )
        path = Path(given[0])
        found = (
            check_package(path, key)
            if path.is_dir()
            else check_journal(path, _seal_files(path, given[1:]), key)
        )
    except (IndexError, OSError) as error:
        _say(sys.stderr, f"--key-file: {error}")
        return 2
    except NotCheckable as why:
        _say(sys.stderr, why)
        return 2
    except WrongRecord as wrong:
        _say(sys.stderr, f"{given[0]}: {wrong}")
        return 1
    _say(sys.stdout, f"{given[0]}: {found.sentence()}")
    return 0


def _say(stream: TextIO, sentence: object) -> None:
    stream.write(f"{sentence}\n")


def _seal_files(path: Path, places: Sequence[str]) -> list[Path]:
    runtimes = _newest_runtime(path) if places and path.is_file() else ()
    found = [file for place in places for file in seal_files_in(Path(place), runtimes)]
    for place in places:
        if not Path(place).exists():
            raise NotCheckable(f"{place}: there is no such file or folder")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
