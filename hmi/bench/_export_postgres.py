"""PostgreSQL: the exporter, with keys, revisions and statement, against a bare COPY of bytes that are ready.

The peer does one thing: psycopg sends the very bytes that the exporter makes of these rows, ready in memory, by one
binary COPY into a table of the same shape with the same primary key and the same indexes, and commits.
"""

from __future__ import annotations

import importlib.util
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, LiteralString

import numpy as np

from hmi.bench._export_files import scans
from hmi.bench.figure import Figure
from hmi.core.errors import UsageError
from hmi.export.digest import schema_digest, sum_of, watermark_digest
from hmi.export.port import ExportContext, Exporter, Package, Rows, Schema, Watermark
from hmi.plugins.discovery import definition, part

if TYPE_CHECKING:
    from hmi.bench.peers.postgres_cluster import PostgresCluster

GOAL: Final = 0.7
SCANS: Final = 100
ROUNDS: Final = 5
_STREAM: Final = "p/bench"


def figures() -> list[Figure]:
    """UsageError where the library or the server is missing."""
    if importlib.util.find_spec("psycopg") is None:
        raise UsageError('psycopg is missing; pip install "watchkeeper[export]"')
    from hmi.bench.peers.postgres_cluster import PostgresCluster

    # a checkpoint in the middle of one side's turn would be counted for it alone
    cluster = PostgresCluster(["max_wal_size=8GB", "checkpoint_timeout=1h", "shared_buffers=1GB"])
    try:
        cluster.start()
        return _measured(cluster, scans(SCANS))
    finally:
        cluster.remove()


def _measured(cluster: PostgresCluster, rows: Rows) -> list[Figure]:
    ours, merged, theirs = [], [], []
    for number in range(ROUNDS):
        exporter = _exporter(cluster, f"round{number}", rows)
        ours.append(_timed(exporter, _package(rows, 1)))
        theirs.append(_bare(cluster, f"round{number}", rows))
        newer = replace(rows, revisions=rows.revisions + SCANS)
        merged.append(_timed(exporter, _package(newer, 2)))
        exporter.close()
        with cluster.admin() as admin:
            admin.execute(_in_schema("drop schema {} cascade", f"round{number}"))
            admin.execute("checkpoint")
    rates = [len(rows) / min(times) for times in (ours, theirs, merged)]
    ratio = rates[0] / rates[1]
    told = f"{rates[0]:,.0f} rows/s; psycopg, binary COPY of ready bytes into the same table {rates[1]:,.0f} rows/s"
    return [
        Figure("export.postgres_vs_library", ratio, "ratio", told, f">= {GOAL}", ratio >= GOAL),
        Figure("export.postgres_replaced_rows_s", rates[2], "rows/s", "every row replaces one that stands"),
    ]


def _timed(exporter: Exporter, package: Package) -> float:
    begin = time.perf_counter()
    exporter.deliver(package)
    return time.perf_counter() - begin


def _exporter(cluster: PostgresCluster, schema: str, rows: Rows) -> Exporter:
    from hmi.bench.peers.postgres_cluster import DATABASE, OWNER, PASSWORD

    settings = {one.name: one.default for one in definition("exporters", "postgres").settings}
    own = {"port": cluster.port, "database": DATABASE, "user": OWNER, "secret": PASSWORD, "schema": schema}
    exporter: Exporter = part("exporters", "postgres", "exporter").create({**settings, **own}, _context())
    exporter.open()
    digest = schema_digest(rows.tags)
    exporter.describe(Schema(_STREAM, digest, rows.tags, "plant", "Bench", "UTC", "", 0))
    return exporter


def _bare(cluster: PostgresCluster, schema: str, rows: Rows) -> float:
    from hmi.exporters.postgres import _encode

    block = _encode.Block(rows, np.arange(1, len(rows.tags) + 1, dtype=np.int32), {}, 1, 1)
    chosen, _ = _encode.ordered(block)
    columns = ", ".join(_encode.SAMPLE_COLUMNS)
    ready = list(_encode.stream(block, chosen, staged=False))
    with cluster.admin() as admin:
        admin.execute(_in_schema("create table {0}.bare(like {0}.sample including all)", schema))
    with cluster.admin() as link:
        begin = time.perf_counter()
        _copied(link, _in_schema(f"copy {{}}.bare({columns}) from stdin (format binary)", schema), ready)
        return time.perf_counter() - begin


def _in_schema(statement: LiteralString, schema: str) -> Any:
    from psycopg import sql

    return sql.SQL(statement).format(sql.Identifier(schema))


def _copied(link: Any, statement: Any, ready: list[bytes]) -> None:
    with link.transaction(), link.cursor() as cursor, cursor.copy(statement) as copy:
        for piece in ready:
            copy.write(piece)


def _package(rows: Rows, number: int) -> Package:
    mark = Watermark(
        _STREAM, number, "", number, number, len(rows), sum_of(rows), 0, schema_digest(rows.tags), 0
    )
    return Package(replace(mark, digest=watermark_digest(mark)), rows)


def _context() -> ExportContext:
    return ExportContext(
        "bench", _STREAM, "plant", "Bench", False, "samples", str, lambda: datetime.now(UTC), lambda: False
    )
