"""Delivers into PostgreSQL; each package and its statement are one transaction: there whole or not at all.

What a checker finds (times are ``timestamptz``, whole microseconds, and ``ns``, the 0 to 999 ns that remain):

- ``package``: one row for each statement of a stream: ``watermark`` is its canonical content
  (``hmi.export.digest.watermark_content``), ``rows`` and ``sum`` what was delivered. Each row is of the package that
  ``package`` names. Where a newer row of the same key took its place, or was there already when it came, it is gone
  from the tables and counted in ``superseded_rows`` and ``superseded_sum`` of the package that had brought it. So of
  every package, modulo 2**64 in each half: the sum over the rows that stand + ``superseded_sum`` = ``sum``.
- ``sample`` has the samples that are, ``sample_deleted`` those of which the newest word is that they are not
  (``deleted`` = 1). ``rev`` is the revision. ``kind``: 0 no value, 1 ``value_d``, 2 ``value_i`` (int64), 3 ``value_u``
  (uint64), 4 ``value_i`` (0 or 1), 5 ``value_s`` (a text; all else as JSON).
- ``sample_proof`` gives for each row of both the words of the digest: ``text_word(key)``, ``time_ns``, ``version``,
  ``status``, ``bits`` (eight bytes, big endian), ``kind``, ``flags``, ``deleted``.
- ``event``: ``[number, time, kind, event, fields]`` is the text of the digest with ``fields`` as it stands (``json``).
- ``series_list.content`` is the canonical list of series whose SHA-256 is ``digest``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from hmi.core.texts import tr
from hmi.export.port import (
    ExportContext,
    Exporter,
    Package,
    Schema,
    TargetRefused,
    TargetUnavailable,
    Watermark,
)

try:
    import psycopg
except ImportError as error:  # pragma: no cover - an optional library
    raise TargetRefused('psycopg is not installed; run: pip install "watchkeeper[export]"') from error

from hmi.exporters.postgres import _link, _tables
from hmi.exporters.postgres._encode import checked_texts
from hmi.exporters.postgres._events import EventTable, check_events
from hmi.exporters.postgres._link import Link, speaking
from hmi.exporters.postgres._packages import Arrival, PackageTable
from hmi.exporters.postgres._samples import SampleTable
from hmi.exporters.postgres._series import SeriesTable
from hmi.exporters.postgres._sums import Count

PING_S: Final = 20.0
CLAIM_S: Final = 2.0
_LOOK_S: Final = 0.1
_STREAM: Final = (
    "insert into stream(name, site, title, zone, what, quality_rule, is_simulated, schema_digest) "
    "values (%s, %s, %s, '', %s, '', %s, '') on conflict (name) do update set is_simulated = excluded.is_simulated, "
    "what = excluded.what returning stream_id"
)
_HOLDER: Final = (
    "select a.pid, a.backend_start from pg_locks l join pg_stat_activity a on a.pid = l.pid "
    "where l.locktype = 'advisory' and l.granted and l.objsubid = 1 "
    "and l.classid::bigint = %s and l.objid::bigint = %s"
)


def create(settings: Mapping[str, Any], context: ExportContext) -> Exporter:
    """The exporter of one job; nothing is connected yet."""
    return PostgresExporter(settings, context)


class _Session:
    """What stands between ``open`` and ``close``."""

    def __init__(self, link: Link, stream_id: int) -> None:
        self.link = link
        self.packages = PackageTable(link, stream_id)
        self.series = SeriesTable(link, stream_id)
        self.samples = SampleTable(link, stream_id)
        self.events = EventTable(link, stream_id)
        self.heard = time.monotonic()

    def put(self, package: Package, texts: Mapping[int, bytes]) -> dict[int, Count]:
        """The content of a package; what gave way to it, by package."""
        number = package.watermark.number
        if package.rows is None:
            return self.events.put(package.events, number)
        numbers = self.series.numbers_of(package.rows.tags)
        return self.samples.put(package.rows, texts, numbers, self.series.words, number)


class PostgresExporter:
    """One stream in one schema of one database."""

    def __init__(self, settings: Mapping[str, Any], context: ExportContext) -> None:
        self._settings, self._context = settings, context
        self._where = _link.address(settings)
        self._session: _Session | None = None
        self._own: tuple[Any, ...] = ()
        """Process number and start of the server's session that was ours last."""

    def open(self) -> Watermark | None:
        """Connects, makes or checks the tables, claims the stream; the last statement that was committed."""
        self.close()
        link = _link.dialled(self._settings, self._context)
        try:
            with speaking(self._where, link):
                _tables.made_ready(link, str(self._settings["schema"]), self._where)
                self._claim(link)
                context = self._context
                values = [
                    context.stream, context.site, context.title.replace("\0", ""), context.what,
                    context.is_simulated,
                ]  # fmt: skip
                row = link.execute(_STREAM, values).fetchone()
                self._session = _Session(link, row[0] if row else 0)
                return self._session.packages.last()
        except BaseException:
            self._session = None
            link.close()
            raise

    def describe(self, schema: Schema) -> None:
        session = self._opened()
        with speaking(self._where, session.link):
            session.series.publish(schema)
        session.heard = time.monotonic()

    def deliver(self, package: Package) -> None:
        session, number = self._opened(), package.watermark.number
        texts = checked_texts(package.rows) if package.rows is not None else {}
        check_events(package.events)
        with speaking(self._where, session.link), session.link.transaction():
            arrival = session.packages.begin(package.watermark)
            if arrival is Arrival.CHANGED:  # the newest content of a number counts
                session.samples.remove(number)
                session.events.remove(number)
            if arrival is not Arrival.KNOWN:
                session.packages.account(session.put(package, texts))
        session.heard = time.monotonic()

    def idle(self) -> None:
        """Looks now and then whether the server is still there; the server ends sessions that are silent."""
        session = self._session
        if session is None or time.monotonic() - session.heard < PING_S:
            return
        with speaking(self._where, session.link):
            session.link.execute("select 1")
        session.heard = time.monotonic()

    def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.link.close()

    def _opened(self) -> _Session:
        if self._session is None:
            raise TargetUnavailable(tr("{where} is not connected", where=self._where))
        return self._session

    def _claim(self, link: Link) -> None:
        """One session at a time delivers a stream; one of ours that the server still believes in is ended."""
        key = _tables.number_of(f"watchkeeper stream {self._settings['schema']} {self._context.stream}")
        if not self._locked(link, key):
            halves = [key >> 32 & 0xFFFF_FFFF, key & 0xFFFF_FFFF]
            holder = link.execute(_HOLDER, halves).fetchone()
            if holder is not None and holder == self._own:
                link.execute("select pg_terminate_backend(%s, 2000)", [holder[0]])
            self._wait_for(link, key)
        own = link.execute("select pid, backend_start from pg_stat_activity where pid = pg_backend_pid()")
        self._own = own.fetchone() or ()

    def _wait_for(self, link: Link, key: int) -> None:
        """The server may not have noticed yet that the session before ended."""
        until = time.monotonic() + CLAIM_S
        while not self._locked(link, key):
            if time.monotonic() > until or self._context.stop():
                text = (
                    "{where}: another session delivers {stream} now; stop the other runtime, "
                    "or wait until the server has noticed that it is gone"
                )
                raise TargetUnavailable(tr(text, where=self._where, stream=self._context.stream))
            time.sleep(_LOOK_S)

    @staticmethod
    def _locked(link: psycopg.Connection[Any], key: int) -> bool:
        row = link.execute("select pg_try_advisory_lock(%s)", [key]).fetchone()
        return bool(row and row[0])
