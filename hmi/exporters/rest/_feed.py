"""Everything that is recorded in the order of its commits: packages in a chain that the stand-alone checker proves.

The place of a client is in its cursor, and so is its chain: the server keeps nothing of it. Blocks: called by a
working thread.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
import numpy as np

from hmi.core.clock import NS_PER_S
from hmi.export import Head, Progress, Rows, SampleSource, head_of, taken, time_at
from hmi.export.digest import sum_of, watermark_content, watermark_digest
from hmi.export.lines import ROW_COLUMNS, row_lines
from hmi.export.port import ExportTag, Watermark
from hmi.export.prove import statement
from hmi.exporters.rest._problem import busy, gone
from hmi.exporters.rest._samples import MOST_BYTES
from hmi.exporters.rest._texts import fitting, sound_samples
from hmi.historian.port import ArchiveReader

MOST_READ: Final = 100_000
"""Rows of commits that are read for one page, of which the query may want few."""
MOST_PROVED: Final = 200
LONGEST_S: Final = 15.0
"""A statement may take so long."""
_LINES_AT_ONCE: Final = 2_000


class FeedPlace(msgspec.Struct, array_like=True):
    """The next commit ``seq``, of which ``told`` rows were in pages before; the chain so far: ``number`` and ``digest``
    of its last package, ``until`` when it is complete (UTC ns), and ``lost`` commits in it. ``made``: when the newest
    commit that it has something of was made (UTC ns, 0 for none), for an archive that was put back or replaced.
    """

    archive: str
    stream: str
    schema: str
    seq: int
    told: int = 0
    number: int = 0
    digest: str = ""
    until: int = 0
    lost: int = 0
    made: int = 0


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Without ``rows`` nothing is new."""

    next: FeedPlace
    rows: Rows | None = None
    mark: Watermark | None = None


class Feed:
    """The feed of one query. ``listed``: its series with their digest, ``total``: how many the whole job has,
    ``stream`` names the chain.
    """

    def __init__(
        self,
        reader: ArchiveReader,
        archive: str,
        listed: tuple[tuple[ExportTag, ...], str],
        total: int,
        stream: str,
    ) -> None:
        self._reader, self._archive, self._stream = reader, archive, stream
        self._series, self._schema = listed
        self._share = max(1, total // max(1, len(self._series)))

    def begin(self, since: int) -> FeedPlace:
        """Where a client begins: at the oldest commit that is kept, or at the first one made from ``since`` on."""
        source = SampleSource(self._reader, self._series)
        head = source.head()
        low, high = max(1, head.first), head.seq + 1
        while since and low < high:
            middle = (low + high) // 2
            if source.time_of(middle) >= since:
                high = middle
            else:
                low = middle + 1
        made = time_at(self._reader, low - 1)
        return FeedPlace(self._archive, self._stream, self._schema, low, made=made)

    def page(self, at: FeedPlace, limit: int, made: int) -> FeedPage:
        """The next package; Problem 410 where what should follow is not kept any more."""
        source = SampleSource(self._reader, self._series, min(limit * self._share, max(limit, MOST_READ)))
        head = source.head()
        self._check(at, head)
        if at.seq > head.seq:
            return FeedPage(at)
        part = source.read(at.seq, head.seq)
        if part.rows is None or part.missing == ((at.seq, head.seq),):
            raise gone(f"commits {at.seq} to {head.seq} cannot be read", first=head.seq + 1)
        told = at.told if at.schema == self._schema else 0  # else its rows are not where they were
        rows = taken(part.rows, np.arange(told, len(part.rows)))
        rows = replace(rows, samples=sound_samples(rows.samples))
        limit = min(limit, fitting(rows.samples, MOST_BYTES)[0])
        following = msgspec.structs.replace(
            at, schema=self._schema, seq=part.last + 1, told=0, until=part.last_time, made=part.last_time
        )
        if len(rows) > limit:
            rows, following = self._cut(rows, limit, following, at, told)
        lost = tuple(pair for pair in part.missing if pair[0] < following.seq)
        mark = self._mark(at, rows, following, lost, made)
        lost_total = at.lost + sum(last - first + 1 for first, last in lost)
        return FeedPage(
            msgspec.structs.replace(following, number=mark.number, digest=mark.digest, lost=lost_total),
            rows,
            mark,
        )

    def _check_archive(self, at: FeedPlace, head: Head) -> None:
        newest = at.seq if at.told else at.seq - 1
        is_same = at.archive == self._archive and newest <= head.seq
        if not is_same or (at.made and time_at(self._reader, newest) not in (0, at.made)):
            raise gone("the archive is another one than that of the cursor; begin without it")

    def _check(self, at: FeedPlace, head: Head) -> None:
        self._check_archive(at, head)
        if at.seq < head.first:
            raise gone(
                f"commits {at.seq} to {head.first - 1} are not kept any more; begin without the cursor, and take "
                "what is missing from /it/v1/samples",
                first=head.first,
            )

    def _cut(
        self, rows: Rows, limit: int, following: FeedPlace, at: FeedPlace, told: int
    ) -> tuple[Rows, FeedPlace]:
        """The first rows, and the place behind them within a commit; ``told``: rows of the first one before them."""
        rows = taken(rows, np.arange(limit))
        seq = int(rows.revisions[-1])
        count = int((rows.revisions == seq).sum()) + (told if seq == at.seq else 0)
        until = max(at.until, time_at(self._reader, seq - 1) if seq > at.seq else 0)
        made = time_at(self._reader, seq)
        return rows, msgspec.structs.replace(following, seq=seq, told=count, until=until, made=made)

    def _mark(
        self, at: FeedPlace, rows: Rows, following: FeedPlace, lost: tuple[tuple[int, int], ...], made: int
    ) -> Watermark:
        mark = Watermark(
            stream=self._stream,
            number=at.number + 1,
            previous=at.digest,
            first=at.seq,
            last=following.seq if following.told else following.seq - 1,
            rows=len(rows),
            sum=sum_of(rows),
            complete_until=following.until,
            schema=self._schema,
            made=made,
            dropped=lost,
        )
        return replace(mark, digest=watermark_digest(mark))

    def proof(
        self, at: FeedPlace | None, span: tuple[int, int], made: int, stop: Callable[[], bool]
    ) -> dict[str, Any]:
        """What a client at a place has to have, and where the series have gaps."""
        progress = Progress()
        if at is not None:
            self._check_archive(at, head_of(self._reader))
            progress = Progress(number=at.number, digest=at.digest, live_time=at.until, dropped_total=at.lost)
        is_stopped, deadline = False, time.monotonic() + LONGEST_S

        def watched() -> bool:
            nonlocal is_stopped
            is_stopped = is_stopped or stop() or time.monotonic() > deadline
            return is_stopped

        found = statement(self._stream, progress, self._series, self._reader, span, made=made, stop=watched)
        if is_stopped:
            raise busy("this takes too long; ask for a shorter range or fewer tags", 10)
        return found


def package_lines(page: FeedPage, following: str) -> bytes:
    """The package as lines: a head with the cursor that follows, the rows, the statement."""
    mark, rows = page.mark, page.rows
    if mark is None or rows is None:
        return b""
    encoder = msgspec.json.Encoder(enc_hook=str)
    head = {
        "stream": mark.stream, "number": mark.number, "sent": f"{mark.made / NS_PER_S:.6f}-{secrets.token_hex(4)}",
        "part": 1, "last": True, "columns": ROW_COLUMNS, "next": following,
    }  # fmt: skip
    pieces = [encoder.encode(head), b"\n"]
    pieces += [
        row_lines(rows, begin, min(begin + _LINES_AT_ONCE, len(rows)), encoder.encode_lines)
        for begin in range(0, len(rows), _LINES_AT_ONCE)
    ]
    pieces += [encoder.encode({"watermark": watermark_content(mark)}), b"\n"]
    return b"".join(pieces)
