"""The statement of each package beside its rows, and what of them gave way to newer rows since."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from psycopg.types.json import Jsonb

from hmi.export.digest import NO_ROWS, watermark_content
from hmi.export.port import Haste, Watermark
from hmi.exporters.postgres._link import Link
from hmi.exporters.postgres._sums import Count, added
from hmi.exporters.postgres._times import moment

_LAST: Final = "select watermark from package where stream_id = %s order by number desc limit 1"
_BEGIN: Final = (
    'insert into package(stream_id, number, digest, previous, "rows", sum, complete_until, made, watermark) '
    "values (%s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (stream_id, number) do update set "
    'digest = excluded.digest, previous = excluded.previous, "rows" = excluded."rows", sum = excluded.sum, '
    f"superseded_rows = 0, superseded_sum = '{NO_ROWS}', complete_until = excluded.complete_until, "
    "made = excluded.made, watermark = excluded.watermark where package.digest <> excluded.digest returning xmax <> 0"
)
_READ: Final = (
    "select number, superseded_rows, superseded_sum from package where stream_id = %s and number = any(%s)"
)
_GIVE_WAY: Final = (
    "update package set superseded_rows = new.count, superseded_sum = new.sum "
    "from unnest(%s::bigint[], %s::bigint[], %s::text[]) as new(number, count, sum) "
    "where stream_id = %s and package.number = new.number"
)


class Arrival(Enum):
    """How a package comes: its number is ``NEW``, was there with the same digest, or with another one."""

    NEW = "new"
    KNOWN = "known"
    CHANGED = "changed"


class PackageTable:
    """The packages of one stream on one connection."""

    def __init__(self, link: Link, stream_id: int) -> None:
        self._link, self._stream_id = link, stream_id

    def last(self) -> Watermark | None:
        """The statement with the highest number."""
        row = self._link.execute(_LAST, [self._stream_id]).fetchone()
        return _watermark(row[0]) if row else None

    def begin(self, mark: Watermark) -> Arrival:
        """Writes the statement and says whether its number was there before."""
        values = [
            self._stream_id, mark.number, mark.digest, mark.previous, mark.rows, mark.sum,
            moment(mark.complete_until) if mark.complete_until else None, moment(mark.made),
            Jsonb(watermark_content(mark)),
        ]  # fmt: skip
        row = self._link.execute(_BEGIN, values).fetchone()
        if row is None:
            return Arrival.KNOWN
        return Arrival.CHANGED if row[0] else Arrival.NEW

    def account(self, gone: Mapping[int, Count]) -> None:
        """Adds what gave way to the packages that had brought it."""
        lost = {number: count for number, count in gone.items() if count.rows}
        if not lost:
            return
        standing = self._link.execute(_READ, [self._stream_id, list(lost)]).fetchall()
        columns: tuple[list[Any], ...] = ([], [], [])
        for number, rows, before in standing:
            columns[0].append(number)
            columns[1].append(rows + lost[number].rows)
            columns[2].append(added(before, lost[number].sum))
        self._link.execute(_GIVE_WAY, [*columns, self._stream_id])


def _watermark(content: Mapping[str, Any]) -> Watermark:
    fields = dict(content)
    fields["haste"] = Haste(fields["haste"])
    fields["dropped"] = tuple((int(first), int(last)) for first, last in fields["dropped"])
    return Watermark(**fields)
