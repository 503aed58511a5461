"""Opaque places between two pages: signed, so that one that was changed or is of another question is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from hmi.exporters.rest._problem import bad_request
from hmi.security.owner_file import locked, put

KEY_FILE: Final = "rest-cursor.key"
_KEY_BYTES, _SIGNED, _ASKED = 32, 16, 8
Place = TypeVar("Place", bound=msgspec.Struct)


def cursor_key(folder: Path) -> bytes:
    """The key of one runtime, made when there is none; StorageError where it cannot be kept."""
    path = folder / KEY_FILE
    with locked(path):
        found = path.read_bytes() if path.exists() else b""
        if len(found) != _KEY_BYTES:
            found = secrets.token_bytes(_KEY_BYTES)
            put(path, found)
    return found


class Cursors:
    """Makes and reads them with one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def text(self, place: msgspec.Struct, question: str) -> str:
        """The cursor that leads to a place in the answer to a question."""
        content = _digest(question) + msgspec.msgpack.encode(place)
        return base64.urlsafe_b64encode(self._signed(content) + content).rstrip(b"=").decode()

    def place(self, text: str, question: str, kind: type[Place]) -> Place:
        """Where a cursor leads; Problem 400 when it is none of ours, or of another question."""
        found = self.content(text, kind)
        if found is None or found[0] != _digest(question):
            raise bad_request("the cursor is none, or belongs to another question; begin without it")
        return found[1]

    def content(self, text: str, kind: type[Place]) -> tuple[bytes, Place] | None:
        """(digest of its question, place), None when it is none of ours."""
        try:
            data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True)
            signed, content = data[:_SIGNED], data[_SIGNED:]
            if not hmac.compare_digest(signed, self._signed(content)):
                return None
            return content[:_ASKED], msgspec.msgpack.decode(content[_ASKED:], type=kind)
        except (ValueError, msgspec.MsgspecError):
            return None

    def _signed(self, content: bytes) -> bytes:
        return hmac.new(self._key, content, hashlib.sha256).digest()[:_SIGNED]


def _digest(question: str) -> bytes:
    return hashlib.sha256(question.encode("utf-8", "surrogatepass")).digest()[:_ASKED]
