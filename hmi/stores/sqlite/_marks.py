"""What the live file says of itself: up to where day files hold everything, and which commits it must still have."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Final

import apsw
import numpy as np
from numpy.typing import NDArray

from hmi.core.texts import tr
from hmi.historian.blocks import BlockDamaged
from hmi.stores.sqlite._recent import EARLIEST, LATEST, Mark

_MARK, _CARRIED, _TRIMMED = "mark", "carried", "trimmed"
_PAIR: Final = struct.Struct("<qq")


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """Commits that must be in the live file: every one beyond the mark, and ``carried`` ones (which rise) before it."""

    mark: Mark
    carried: NDArray[np.int64]

    def missing(self, before: int, seq: int) -> int:
        """How many should stand between two commits that follow each other in the file."""
        low, high = np.searchsorted(self.carried, [before + 1, seq])
        return int(high - low) + max(0, seq - 1 - max(before, self.mark.seq))

    @property
    def last(self) -> int:
        """The last one that is known to be there."""
        return int(self.carried[-1]) if len(self.carried) else 0


def mark_of(database: apsw.Connection) -> Mark:
    """Up to where the day files hold everything; BlockDamaged."""
    content = _content(database, _MARK)
    return Mark(*_PAIR.unpack(content)) if content else Mark()


def expected_of(database: apsw.Connection) -> Expected:
    """BlockDamaged."""
    ranges = np.frombuffer(_content(database, _CARRIED) or b"", "<i8").reshape(-1, 2)
    parts = [np.arange(low, high + 1) for low, high in ranges.tolist()]
    return Expected(mark_of(database), np.concatenate(parts) if parts else np.empty(0, np.int64))


def put_mark(database: apsw.Connection, mark: Mark) -> None:
    """The mark, and the commits before it that say something of later times: they are carried on."""
    _put(database, _MARK, _PAIR.pack(mark.seq, mark.until))
    query = "select seq from commits where seq <= ? and last >= ? order by seq"
    rows = [int(row[0]) for row in database.execute(query, (mark.seq, mark.until))]
    put_carried(database, np.array(rows, np.int64))


def put_carried(database: apsw.Connection, seqs: NDArray[np.int64]) -> None:
    """Commits before the mark that must be there (which rise), as ranges."""
    breaks = np.flatnonzero(np.diff(seqs) > 1)
    firsts, lasts = (
        seqs[np.append(0, breaks + 1)[: len(seqs)]],
        seqs[np.append(breaks, len(seqs) - 1)[: len(seqs)]],
    )
    _put(database, _CARRIED, np.stack([firsts, lasts], axis=1).astype("<i8").tobytes())


def note_trimmed(database: apsw.Connection, last: int) -> None:
    """Commits that said something of times up to ``last`` (UTC ns) are not all there any more."""
    _put(database, _TRIMMED, _PAIR.pack(last, 0))


def trimmed_until(database: apsw.Connection) -> int:
    """See ``note_trimmed``; the end of time where it cannot be read."""
    try:
        content = _content(database, _TRIMMED)
    except BlockDamaged:
        return LATEST
    return int(_PAIR.unpack(content)[0]) if content else EARLIEST


def _content(database: apsw.Connection, name: str) -> bytes:
    row = database.execute("select content from meta where name = ?", (name,)).fetchone()
    if row is None:
        return b""
    content, check = row[0][:-4], row[0][-4:]
    if zlib.crc32(name.encode() + content) != int.from_bytes(check, "little"):
        raise BlockDamaged(tr("what the live file says of itself is not as it was written"))
    return content


def _put(database: apsw.Connection, name: str, content: bytes) -> None:
    check = zlib.crc32(name.encode() + content).to_bytes(4, "little")
    database.execute("insert or replace into meta values (?, ?)", (name, content + check))
