"""Ids for what has none in its file: derived from the name, so that every load gives the same."""

from __future__ import annotations

import base64
import hashlib

_BASE32 = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789abcdefghjkmnpqrstvwxyz")


def derived_id(prefix: str, *parts: str) -> str:
    """``t_…`` from a hash of the parts; 60 bits."""
    digest = hashlib.blake2s("\0".join(parts).encode(), digest_size=8).digest()
    return f"{prefix}_{base64.b32encode(digest).decode()[:12].translate(_BASE32)}"
