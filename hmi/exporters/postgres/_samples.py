"""Brings the rows of a package into ``sample`` so that of each key the newest revision stands, whatever came when.

Of all rows that were ever delivered for one (tag_no, ts, ns, seq) that with the highest (rev, package) counts, of one
package the last. A row that says ``deleted`` stands in ``sample_deleted`` so that an older revision which comes later
does not bring the sample back; a newer one does. The outcome does not depend on the order of packages, and a package
that comes again changes nothing. What has to give way is handed back as counts and sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, LiteralString

import numpy as np
import psycopg
from numpy.typing import NDArray

from hmi.export.port import Rows
from hmi.exporters.postgres import _encode
from hmi.exporters.postgres._encode import Block, Index
from hmi.exporters.postgres._link import Link
from hmi.exporters.postgres._sums import Count, count_of, counts_by_package
from hmi.exporters.postgres._tables import bits_of
from hmi.exporters.postgres._times import moment

SLICE_ROWS: Final = 50_000
"""Rows of one COPY: a slow line must bring them within the time of one statement."""
_STAGE: Final = (
    "create temporary table if not exists wk_stage(place integer not null, is_deleted boolean not null, "
    "like sample) on commit delete rows"
)
_INTO_SAMPLE: Final = f"copy sample({', '.join(_encode.SAMPLE_COLUMNS)}) from stdin (format binary)"
_INTO_STAGE: Final = f"copy pg_temp.wk_stage({', '.join(_encode.STAGE_COLUMNS)}) from stdin (format binary)"
_SAME: Final = "e.tag_no = s.tag_no and e.ts = s.ts and e.ns = s.ns and e.seq = s.seq"
_TAKEN: Final = {
    "package": ">i8", "tag_no": ">i4", "ts": ">i8", "ns": ">i2", "seq": ">i4", "status": ">i8", "bits": ">u8",
    "kind": ">i2", "flags": ">i4",
}  # fmt: skip
_TABLES: Final[tuple[LiteralString, ...]] = ("sample", "sample_deleted")
_WHICH: Final[tuple[LiteralString, ...]] = ("not is_deleted", "is_deleted")


class SampleTable:
    """The samples of one stream on one connection."""

    def __init__(self, link: Link, stream_id: int) -> None:
        self._link, self._stream_id = link, stream_id
        self._expects_clash = False
        link.execute(_STAGE)

    def remove(self, package: int) -> None:
        """What an earlier delivery of this package had brought."""
        for table in _TABLES:
            self._link.execute(
                f"delete from {table} where stream_id = %s and package = %s", [self._stream_id, package]
            )

    def put(
        self,
        rows: Rows,
        texts: Mapping[int, bytes],
        numbers: NDArray[np.int32],
        words: Mapping[int, int],
        package: int,
    ) -> dict[int, Count]:
        """Inside a transaction. ``numbers``: ``tag_no`` by place in ``rows.tags``; ``words``: digest word of a key by
        ``tag_no``. Returns what gave way by package, this one included.
        """
        block = Block(rows, numbers, texts, self._stream_id, package)
        chosen, replaced = _encode.ordered(block)
        gone = {package: count_of(rows, replaced)}
        if not len(chosen):
            return gone
        if not self._expects_clash and self._may_go_straight(rows) and self._went_straight(block, chosen):
            return gone
        found = self._merged(block, chosen, words)
        self._expects_clash = bool(found)
        for number, count in found.items():
            gone[number] = gone.get(number, Count()) + count
        return gone

    def _may_go_straight(self, rows: Rows) -> bool:
        """Nothing is deleted here, and nothing was deleted in this span of time."""
        if bool(rows.deleted.any()):
            return False
        times = rows.samples.times
        span = [moment(int(times.min())), moment(int(times.max()))]
        statement = "select exists(select from sample_deleted where ts between %s and %s)"
        row = self._link.execute(statement, span).fetchone()
        return row is not None and not row[0]

    def _went_straight(self, block: Block, chosen: Index) -> bool:
        """Without a stage, which is twice as fast; False where a row stands already, and then nothing was done."""
        try:
            with self._link.transaction():
                self._copy(_INTO_SAMPLE, block, chosen, staged=False)
        except psycopg.errors.UniqueViolation:
            return False
        return True

    def _merged(self, block: Block, chosen: Index, words: Mapping[int, int]) -> dict[int, Count]:
        self._copy(_INTO_STAGE, block, chosen, staged=True)
        gone: dict[int, Count] = {}
        lost: list[Index] = []
        for deleted, table in enumerate(_TABLES):
            taken = self._answer(
                _TAKEN,
                f"delete from {table} e using pg_temp.wk_stage s where {_SAME} "
                "and (e.rev, e.package) < (s.rev, s.package) returning e.package, e.tag_no, e.ts, e.ns, e.seq, "
                f"e.status, {bits_of('e')}, e.kind, e.flags",
            )
            for number, count in counts_by_package(taken, words, deleted).items():
                gone[number] = gone.get(number, Count()) + count
            late = self._answer(
                {"place": ">i4"},
                f"delete from pg_temp.wk_stage s using {table} e where {_SAME} returning s.place",
            )
            lost.append(late["place"].astype(np.int64))
        columns = ", ".join(_encode.SAMPLE_COLUMNS)
        for table, which in zip(_TABLES, _WHICH, strict=True):
            self._link.execute(
                f"insert into {table}({columns}) select {columns} from pg_temp.wk_stage where {which}"
            )
        self._link.execute("truncate pg_temp.wk_stage")
        late_rows = count_of(block.rows, np.concatenate(lost))
        if late_rows.rows:
            gone[block.package] = gone.get(block.package, Count()) + late_rows
        return gone

    def _copy(self, statement: LiteralString, block: Block, chosen: Index, *, staged: bool) -> None:
        for begin in range(0, len(chosen), SLICE_ROWS):
            places = chosen[begin : begin + SLICE_ROWS]
            with self._link.cursor() as cursor, cursor.copy(statement) as copy:
                for piece in _encode.stream(block, places, staged=staged):
                    copy.write(piece)

    def _answer(self, form: Mapping[str, str], query: LiteralString) -> NDArray[Any]:
        def pieces() -> Iterator[Any]:
            with (
                self._link.cursor() as cursor,
                cursor.copy(f"copy ({query}) to stdout (format binary)") as copy,
            ):
                yield from copy

        found: Iterable[Any] = pieces()
        return _encode.answers(form, found)
