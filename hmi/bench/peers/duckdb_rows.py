"""The same samples in DuckDB, sorted by tag and time, and the same trend as one query."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from hmi.core.errors import UsageError
from hmi.historian.samples import Floats, Times

_TREND = """
SELECT tag, bucket, min(value), max(value), arg_min(value, time), arg_max(value, time)
FROM (SELECT tag, time, value, (time - $begin) // $width AS bucket FROM sample
      WHERE time >= $begin AND time < $end AND tag IN (SELECT unnest($tags)))
GROUP BY tag, bucket ORDER BY tag, bucket
"""


def check_installed() -> None:
    """UsageError where DuckDB is not installed."""
    if importlib.util.find_spec("duckdb") is None:
        raise UsageError("DuckDB is not installed to be measured against; run: pip install duckdb")


class DuckRows:
    """One file; ``check_installed`` first."""

    def __init__(self, path: Path) -> None:
        import duckdb

        self._connection = duckdb.connect(str(path))
        self._connection.execute(
            "CREATE TABLE sample(tag INTEGER, time BIGINT, value DOUBLE, status UINTEGER)"
        )

    def add(self, tag: int, times: Times, values: Floats) -> None:
        import pyarrow

        rows = pyarrow.table({"time": times, "value": values})
        self._connection.register("rows", rows)
        self._connection.execute("INSERT INTO sample SELECT ?, time, value, 0 FROM rows", [tag])
        self._connection.unregister("rows")

    def trend(self, tags: Sequence[int], begin: int, end: int, pixels: int) -> int:
        """Smallest, largest, first and last value of each pixel of each tag; how many rows that is."""
        asked = {"begin": begin, "end": end, "width": max((end - begin) // pixels, 1), "tags": list(tags)}
        return len(self._connection.execute(_TREND, asked).fetchnumpy()["bucket"])

    def close(self) -> None:
        self._connection.close()
