"""Many rows into a table with few statements: each one gives the interpreter away and has to wait to get it back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import apsw

AT_ONCE = 64


def insert_rows(database: apsw.Connection, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """``into`` is what stands before ``values``; all rows are as long as the first. apsw.Error as of the statement."""
    if not rows:
        return
    one = f"({','.join('?' * len(rows[0]))})"
    whole = len(rows) - len(rows) % AT_ONCE
    together = f"{into} values {','.join([one] * AT_ONCE)}"
    for start in range(0, whole, AT_ONCE):
        database.execute(together, tuple(chain.from_iterable(rows[start : start + AT_ONCE])))
    database.executemany(f"{into} values {one}", rows[whole:])
