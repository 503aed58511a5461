"""Delivers to a folder, so that a reader and a checker need nothing but the files (standards 8.5, 8.6).

::

    FOLDER/JOB/site=SITE/date=YYYY-MM-DD/part-000000001.parquet    rows of package 1 that are of that UTC day
    FOLDER/JOB/manifests/000000001.json                            written last: the package is whole once it is there
    FOLDER/JOB/schemas/DIGEST.json                                 the list of series (or of no series, for events)
    FOLDER/JOB/removed.json                                        the last package that keep_days has removed
    FOLDER/JOB/unfinished.json                                     what may be there without its manifest just now

SITE is percent-encoded. A name that begins with a dot and ends in ``.tmp`` is not finished. Every other file is whole.
A reader that must not see half of a package reads the files that manifests name. When a package comes again, its
manifest goes first and comes last.

**Manifest**: ``watermark`` (the statement, ``hmi.export.digest.watermark_content``), ``schema_file``, and ``files``:
path from FOLDER/JOB, format, ``form`` (of CSV), size, rows, ``min_ts`` and ``max_ts`` (UTC ns), SHA-256. A package
without rows has no files. **Schema**: ``digest``, ``tags`` (``hmi.export.digest.schema_content``), ``stream``,
``site``, ``title``, ``zone``, ``quality_rule``, ``made``, ``simulated``.

**Samples as Parquet**, sorted by tag_id, ts, ns, seq, rev: ``site``, ``tag_id`` (the key), ``ts`` (UTC microseconds),
``ns`` (0..999 to be added), ``seq`` (version), ``value_d`` (kind 1), ``value_i`` (kinds 2, 4 and 3 up to 2^63-1),
``value_u`` (kind 3 beyond), ``value_s`` (kind 5), ``kind``, ``status``, ``q`` (0 Good, 1 Uncertain, 2 Bad), ``flags``,
``rev``, ``deleted``. Of one (tag_id, ts, ns, seq) the highest rev counts; deleted says that there is no such sample.
**Events as Parquet**: ``site``, ``number``, ``ts``, ``ns``, ``kind``, ``event``, ``fields`` (canonical JSON, so that
the canonical text of the event is ``[number,time,kind,event,fields]``).

**CSV** (UTF-8, RFC 4180, lines end in CR LF): ``time`` (UTC, nine digits), ``tag_id``, ``name``, ``value``, ``unit``,
``quality`` (Good, Uncertain, Bad), ``status``, ``kind``, ``flags``, ``seq``, ``rev``, ``deleted`` (0 or 1), ``bits``,
``site``. ``value`` is a number for kinds 1 to 4 (of kind 1 the shortest text that gives the float64 again, also nan,
inf, -inf, -0), a text for kind 5, empty for kind 0. ``bits`` has the 64 bits as 16 hexadecimal digits where the value
does not give them. Texts are guarded against formulas; ``_texts`` has the rule and the way back. Numbers are never
guarded. Events: ``time``, ``number``, ``kind``, ``event``, ``fields``, ``site``.
**XLSX**: the same columns, with the time by the clock of the plant (to the millisecond) behind ``time``. Integers
beyond 2^53, nan and inf are texts. A cell has 16 digits, so ``bits`` is there for a value that needs 17.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hmi.core.clock import NS_PER_S
from hmi.core.texts import tr
from hmi.export.digest import schema_content
from hmi.export.port import ExportContext, Package, Schema, TargetRefused, Watermark
from hmi.exporters.files._folder import JobFolder
from hmi.exporters.files._manifest import Manifests, json_bytes, manifest_bytes, manifest_path
from hmi.exporters.files._pieces import Piece, date_of, event_pieces, sample_pieces
from hmi.exporters.files.definition import DELIMITERS

Chunks = Callable[[Piece], Iterable[Any]]
DAY_NS: Final = 86_400 * NS_PER_S
SWEEP_NS: Final = 3_600 * NS_PER_S
SWEPT_AT_ONCE: Final = 100


class FilesExporter:
    """One job. ``chunks`` makes the content of a file out of a piece; ``form`` tells how, in the manifest."""

    def __init__(self, settings: Mapping[str, Any], context: ExportContext) -> None:
        self._context = context
        self._format = str(settings["format"])
        self._keep_ns = int(settings["keep_days"]) * DAY_NS
        mount = settings["mount"]
        self._folder = JobFolder(Path(settings["folder"]), context.job, Path(mount) if mount else None)
        self._manifests = Manifests(self._folder, context.stream)
        self._zone = ZoneInfo("UTC")
        self._sweep_at = 0
        self._chunks, self._check, self._form = self._writer(settings)

    # ------------------------------------------------------------------ port

    def open(self) -> Watermark | None:
        """Remove what was not finished; the statement of the last manifest."""
        self._folder.open()
        last = self._manifests.last()
        self._manifests.recover()
        return last

    def describe(self, schema: Schema) -> None:
        """The list of series in a file of its own; one that says the same stays as it is."""
        self._folder.check()
        self._zone = _zone(schema.zone)
        content = {
            "stream": schema.stream, "digest": schema.digest, "site": schema.site, "title": schema.title,
            "zone": schema.zone, "quality_rule": schema.quality_rule, "made": schema.made,
            "simulated": self._context.is_simulated, "tags": schema_content(schema.tags),
        }  # fmt: skip
        path = f"schemas/{schema.digest}.json"
        if not _says(self._folder.get(path), content):
            self._folder.put(path, json_bytes(content))

    def deliver(self, package: Package) -> None:
        """All parts, then the manifest. RecordsRefused for texts that do not fit into a cell."""
        self._folder.check()
        self._check(package)
        mark = package.watermark
        before = self._manifests.read(mark.number)
        if before is not None and before["mark"].digest == mark.digest and self._manifests.is_whole(before):
            return
        pieces = {self._path(piece.day, mark.number): piece for piece in _pieces(package)}
        stale = [one["path"] for one in before["files"] if one["path"] not in pieces] if before else []
        self._manifests.intend(mark.number, [*pieces, *stale])
        files = self._write(pieces)
        if before is not None:
            self._folder.remove(manifest_path(mark.number), durable=True)
        self._folder.rename(pieces)
        for path in stale:
            self._folder.remove_part(path, mark.number)
        self._folder.put(manifest_path(mark.number), manifest_bytes(mark, self._about(), files))
        self._manifests.finished()

    def idle(self) -> None:
        """Remove what is older than ``keep_days``, a part at a time."""
        now = _ns(self._context.now())
        if not self._keep_ns or now < self._sweep_at:
            return
        self._folder.check()
        if not self._manifests.remove_older(now - self._keep_ns, SWEPT_AT_ONCE):
            self._sweep_at = now + SWEEP_NS

    def close(self) -> None:
        """Nothing is held open."""

    # ------------------------------------------------------------------ parts of it

    def _write(self, pieces: Mapping[str, Piece]) -> list[dict[str, Any]]:
        files: list[dict[str, Any]] = []
        try:
            for path, piece in pieces.items():
                size, digest = self._folder.write_beside(path, self._chunks(piece))
                times = piece.times
                files.append({
                    "path": path, "format": self._format, **self._form, "size": size, "rows": len(piece),
                    "min_ts": int(times.min()), "max_ts": int(times.max()), "sha256": digest,
                })  # fmt: skip
        except BaseException:
            self._folder.discard(pieces)
            raise
        return files

    def _path(self, day: int, number: int) -> str:
        return f"site={_encoded(self._context.site)}/date={date_of(day)}/part-{number:09d}.{self._format}"

    def _about(self) -> dict[str, Any]:
        context = self._context
        return {
            "job": context.job,
            "site": context.site,
            "what": context.what,
            "simulated": context.is_simulated,
        }

    def _writer(
        self, settings: Mapping[str, Any]
    ) -> tuple[Chunks, Callable[[Package], None], dict[str, Any]]:
        """What makes files of this format, what checks a package for it, and what the manifest tells of it."""
        site = self._context.site
        try:
            if self._format == "parquet":
                from hmi.exporters.files._parquet import parquet_chunks

                about = {"stream": self._context.stream, "simulated": str(self._context.is_simulated).lower()}
                return (lambda piece: parquet_chunks(piece, site, about)), _takes_all, {}
            if self._format == "csv":
                from hmi.exporters.files._csv import CsvForm, csv_chunks

                form = CsvForm(
                    DELIMITERS[settings["delimiter"]],
                    "," if settings["decimal"] == "comma" else ".",
                    bool(settings["units_row"]),
                    bool(settings["bom"]),
                )
                told = {"delimiter": form.delimiter, "decimal": form.decimal, "units_row": form.units_row}
                return (lambda piece: csv_chunks(piece, site, form)), _takes_all, {"form": told}
            from hmi.exporters.files._xlsx import check_texts, xlsx_chunks

            stop = self._context.stop
            return (lambda piece: xlsx_chunks(piece, site, self._zone, stop)), check_texts, {}
        except ImportError as error:
            raise TargetRefused(
                tr(
                    'files of {format} need {module}; install it with: pip install "watchkeeper[export]"',
                    format=self._format,
                    module=error.name,
                )
            ) from error


def create(settings: Mapping[str, Any], context: ExportContext) -> FilesExporter:
    """TargetRefused where a library is missing."""
    return FilesExporter(settings, context)


def _pieces(package: Package) -> Iterable[Piece]:
    return sample_pieces(package.rows) if package.rows is not None else event_pieces(package.events)


def _takes_all(_package: Package) -> None:
    """This format holds every row."""


def _encoded(site: str) -> str:
    """As a part of a path on every system; readers of such folders decode it."""
    name = quote(site or "_", safe="")
    return f"{name[:-1]}%2E" if name.endswith(".") else name


def _says(data: bytes | None, content: Mapping[str, Any]) -> bool:
    """Whether a file has this content, made whenever."""
    try:
        found = json.loads(data or b"{}")
        return {**found, "made": 0} == {**json.loads(json_bytes(content)), "made": 0}
    except (ValueError, TypeError):
        return False


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _ns(at: datetime) -> int:
    return int(at.timestamp()) * NS_PER_S
