"""The plant as stations get it, kept as a file beside its runtime: a station has read it before the runtime answers.

What a station has read counts only when the runtime names the digest of the very same bytes as those of its plant.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILE: Final = Path("compiled") / "station.bin"
"""In the data folder."""
_MAGIC: Final = b"watchkeeper plant of stations 1\n"
_DIGEST: Final = 32
_START: Final = len(_MAGIC) + 2 * _DIGEST
_MOST_BYTES: Final = 1 << 30
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeptBytes:
    """``digest``: SHA-256 of what ``file`` holds after its head, in hex."""

    file: Path
    digest: str

    def read(self) -> bytes | None:
        """The bytes; None when they are not there any more, or not those with the digest. Reads a file."""
        try:
            if self.file.stat().st_size > _MOST_BYTES:
                return None
            content = self.file.read_bytes()[_START:]
        except OSError:
            return None
        if hashlib.sha256(content).hexdigest() == self.digest:
            return content
        log.warning("%s is damaged; it is written again.", self.file)
        return None


def kept_bytes(data: Path, key: str = "") -> KeptBytes | None:
    """What is kept in a data folder, of the plant with this ``key`` (hex; '' any); None where there is nothing."""
    file = data / FILE
    try:
        with file.open("rb") as found:
            head = found.read(_START)
    except OSError:
        return None
    told, digest = head[len(_MAGIC) : -_DIGEST], head[-_DIGEST:]
    if len(head) != _START or not head.startswith(_MAGIC) or (key and told.hex() != key):
        return None
    return KeptBytes(file, digest.hex())


def to_keep(key: str, content: bytes) -> bytes:
    """The content of the file."""
    return b"".join((_MAGIC, bytes.fromhex(key), hashlib.sha256(content).digest(), content))
