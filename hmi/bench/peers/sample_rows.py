"""A historian that keeps a row for each sample, as many do: one table by (tag, time), durable as ours."""

from __future__ import annotations

from pathlib import Path

import apsw

from hmi.historian.samples import Batch


class SampleRows:
    """SQLite in WAL mode with ``synchronous=FULL``; a commit is one transaction."""

    def __init__(self, path: Path) -> None:
        self._connection = apsw.Connection(str(path))
        self._connection.pragma("journal_mode", "wal")
        self._connection.pragma("synchronous", "full")
        self._connection.execute(
            "CREATE TABLE sample(tag INTEGER, time INTEGER, value REAL, status INTEGER, PRIMARY KEY(tag, time))"
            " WITHOUT ROWID"
        )

    def commit(self, batch: Batch) -> None:
        samples = batch.samples
        columns = (
            batch.tags.tolist(),
            samples.times.tolist(),
            samples.numbers().tolist(),
            samples.statuses.tolist(),
        )
        with self._connection:
            rows = zip(*columns, strict=True)
            self._connection.executemany("INSERT INTO sample VALUES(?, ?, ?, ?)", rows)

    def close(self) -> None:
        self._connection.close()
