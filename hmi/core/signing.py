"""What binds a signature to the record that it signs (21 CFR 11.70); pure."""

from __future__ import annotations

import hashlib
import json

from hmi.core.values import Value


def signature_digest(
    user: str, meaning: str, time: int, command_id: str, object_id: str, value: Value
) -> str:
    """SHA-256 (hex) over who signed what, when (UTC ns) and with which meaning.

    ``value`` in the engineering unit of the object. A whole number has one digest, however it was typed: 50 and 50.0
    are the same set point. ``hmi.journal.audit_checker`` computes the same without this program.
    """
    content = [user, meaning, time, command_id, object_id, _plain(value)]
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: Value) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
