"""``hmi history --edit``, ``--import``, ``--delete`` and ``--annotate``: by a person who signs in, at a runtime that
runs; every act is journalled there.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hmi.cli._signed_in import sign_out, signed_in
from hmi.cli._times import instant_ns
from hmi.core.errors import CommunicationError, ConfigurationError, UsageError
from hmi.core.texts import tr
from hmi.core.values import Value, ValueType
from hmi.project.plant import Plant, TagDef

AT_ONCE: Final = 5_000
_TIMES: Final = ("time_utc", "time", "time_local")
_FLOATS: Final = frozenset({ValueType.FLOAT32, ValueType.FLOAT64})
_INTEGERS: Final = frozenset({ValueType.INT64, ValueType.UINT64, ValueType.ENUM})
_BOOLS: Final = {"true": True, "1": True, "false": False, "0": False}
Row = tuple[Value, int, int]


@dataclass(frozen=True, slots=True)
class Who:
    """Who does it and why."""

    user: str
    password: str
    reason: str


class Writing:
    """A session at the runtime of a data folder; ends with it."""

    def __init__(self, data: Path, who: Who) -> None:
        from hmi.client.local import is_running
        from hmi.client.once import tell

        if not is_running(data):
            raise UsageError(
                tr("the history is changed by a runtime that runs; start it with: hmi run PLANT")
            )
        self._data, self._reason, self._tell = data, who.reason, tell
        self._session = signed_in(data, who.user, who.password)

    def __enter__(self) -> Writing:
        return self

    def __exit__(self, *_: object) -> None:
        sign_out(self._data, self._session)

    def put(self, rows: Mapping[str, list[Row]], *, insert: bool) -> int:
        """Samples by tag id, in portions that each are stored whole; how many."""
        count = 0
        for tag_id, samples in rows.items():
            for begin in range(0, len(samples), AT_ONCE):
                body = {
                    "tag": tag_id, "samples": samples[begin : begin + AT_ONCE], "reason": self._reason,
                    "insert": insert,
                }  # fmt: skip
                try:
                    count += self._post("/v1/history/edit", body, self._session)["count"]
                except CommunicationError as error:
                    raise CommunicationError(
                        tr("{error}; {count} samples were stored before", error=error, count=count)
                    ) from None
        return count

    def delete(self, tag: TagDef, start: int, end: int) -> int:
        body = {"tag": tag.id, "start": start, "end": end, "reason": self._reason}
        return int(self._post("/v1/history/delete", body, self._session)["count"])

    def annotate(self, tag: TagDef, at: int, text: str) -> None:
        self._post("/v1/history/annotate", {"tag": tag.id, "time": at, "text": text}, self._session)

    def hold(self, start: int, end: int) -> str:
        """Keep a range whatever the limits say; the id of the hold."""
        body = {"start": start, "end": end, "reason": self._reason}
        return str(self._post("/v1/history/hold", body, self._session)["id"])

    def release(self, hold_id: str) -> None:
        self._post("/v1/history/release", {"id": hold_id, "reason": self._reason}, self._session)

    def _post(self, path: str, body: Mapping[str, Any], session: str) -> Any:
        return self._tell(self._data, path, body, session=session)


def samples_in(path: Path, plant: Plant, now_ns: int) -> dict[str, list[Row]]:
    """The samples of a CSV as ``hmi history`` writes it, by tag id in time order; ConfigurationError names the line.

    Columns: ``time_utc`` or ``time`` (local without an offset), ``tag``, ``value``, and ``status_code`` where it is.
    """
    found: dict[str, list[Row]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line, given in _rows(file, path):
                tag = _tag(plant, given.get("tag", ""), path, line)
                found.setdefault(tag.id, []).append(_sample(given, tag, plant, path, line, now_ns))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(tr("{path}: cannot be read ({why})", path=path, why=error)) from None
    if not found:
        raise UsageError(tr("{path}: holds no samples", path=path))
    return {tag_id: sorted(rows, key=lambda row: row[2]) for tag_id, rows in found.items()}


def _rows(file: Any, path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(file)
    names = set(reader.fieldnames or ())
    missing = [name for name in ("tag", "value") if name not in names]
    if missing or not names.intersection(_TIMES):
        what = tr("has no column {name}", name=missing[0] if missing else "time_utc")
        raise ConfigurationError(what, file=str(path), line=1, do=tr("write it as hmi history does"))
    for given in reader:
        yield reader.line_num, {name: str(cell or "") for name, cell in given.items() if name}


def _tag(plant: Plant, name: str, path: Path, line: int) -> TagDef:
    tag = plant.by_name.get(name) or plant.by_id.get(name)
    if tag is None:
        what = tr("there is no tag {name}", name=repr(name))
        raise ConfigurationError(what, file=str(path), line=line, do=tr("use a name of the plant"))
    return tag


def _sample(given: Mapping[str, str], tag: TagDef, plant: Plant, path: Path, line: int, now_ns: int) -> Row:
    written = next(given[name] for name in _TIMES if name in given)
    zone = "UTC" if "time_utc" in given else plant.zone
    try:
        at = instant_ns(written, zone, "time", now_ns)
        status = int(given.get("status_code") or "0", 0)
        return _value(given["value"].removeprefix("'"), tag), status, at
    except (UsageError, ValueError) as error:
        what = str(error).removeprefix("--time ")
        raise ConfigurationError(what, file=str(path), line=line, do=tr("nothing was changed")) from None


def _value(text: str, tag: TagDef) -> Value:
    """ValueError in a sentence for what the tag cannot have; an empty cell is no value."""
    if not text and tag.type is not ValueType.STRING:
        return None
    try:
        if tag.type is ValueType.BOOL:
            return _BOOLS[text.lower()]
        if tag.type in _INTEGERS:
            return int(text)
        return float(text) if tag.type in _FLOATS else text
    except (ValueError, KeyError):
        raise ValueError(tr("{value} is no {kind}", value=repr(text), kind=tag.type.value)) from None
