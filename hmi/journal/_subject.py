"""What a record is about: all of it that is searched, and that most records have in common; pure.

A journal of ten million records is about some hundred thousand things (this alarm returned, that command was
asked for). The words and the filters are kept once for each of them, and each record only names its subject.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from hmi.core.journal import Kind
from hmi.journal._streams import stream_of

WORD_LENGTH, WORDS_LIMIT = 64, 400
_TEXTS = (
    "tag",
    "name",
    "message",
    "comment",
    "reason",
    "reason_code",
    "text",
    "asked",
    "connection",
    "unit_name",
)
_ALL_TEXTS = frozenset({Kind.SYSTEM, Kind.NOTE})
_as_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_WORD = re.compile(r"[^\W_]+")


class Subject(NamedTuple):
    """``tag_id`` is that of an alarm's tag; ``priority`` 0 = none; ``texts`` are what words are taken from."""

    kind: str
    event: str
    object_id: str
    tag_id: str
    stream: str
    priority: int
    area: str
    texts: tuple[str, ...]

    def key(self) -> bytes:
        """The same for the same subject only."""
        return hashlib.blake2b(_as_json(self).encode("ascii"), digest_size=16).digest()

    def words(self) -> str:
        """Every word behind one space, so that a word that begins with x is found as `` x``."""
        found = list(dict.fromkeys(words_of(" ".join(self.texts))))[:WORDS_LIMIT]
        return " " + " ".join(found) if found else ""


def subject_of(
    kind: Kind, event: str, actor: str, station: str, object_id: str, payload: Mapping[str, Any]
) -> Subject:
    """The subject of a record or of an entry. Numbers are left out: each would make a subject of its own."""
    priority = payload.get("priority", 0)
    priority = priority if type(priority) is int and 0 <= priority < 10 else 0
    area, tag_id = payload.get("area"), payload.get("tag_id")
    area = area if isinstance(area, str) else ""
    texts = [text for text in (event, actor, station, area) if text]
    for name in payload if kind in _ALL_TEXTS else _TEXTS:
        said = payload.get(name)
        if said and isinstance(said, str):
            texts.append(said)
    return Subject(
        kind.value, event, object_id, tag_id if isinstance(tag_id, str) else "", _stream(kind, event, priority),
        priority, area, tuple(texts),
    )  # fmt: skip


_stream = lru_cache(maxsize=10_000)(stream_of)


def words_of(text: str) -> list[str]:
    """Letters and digits in runs, without case and accents: ``P-101A.speed`` is p, 101a and speed."""
    if text.isascii():
        bare = text.lower()  # nothing to take apart
    else:
        plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        bare = "".join(c for c in plain if not unicodedata.combining(c))
    words: list[str] = _WORD.findall(bare)
    return words if max(map(len, words), default=0) <= WORD_LENGTH else [word[:WORD_LENGTH] for word in words]
