"""What the writer of a wrong name probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Collection

_MOST = 20_000


def meant(name: str, known: Collection[str], otherwise: str) -> str:
    """``did you mean …?`` for a near miss, else the general advice."""
    if len(known) > _MOST:
        return otherwise
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return f"did you mean {near[0]}?" if near else otherwise
