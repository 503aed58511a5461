"""What the writer of a wrong name probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence

_MOST = 20_000
_FEW = 200
_LONG = 200


def meant(name: str, known: Collection[str], otherwise: str) -> str:
    """``did you mean …?`` for a near miss, else the general advice."""
    if len(name) > _LONG:
        return otherwise
    near = difflib.get_close_matches(name, _candidates(name, known), n=1, cutoff=0.75)
    return f"did you mean {near[0]}?" if near else otherwise


def _candidates(name: str, known: Collection[str]) -> Sequence[str]:
    """All of a few names; of many those that agree up to the last slash or behind it; of very many none."""
    if len(known) <= _FEW:
        return tuple(known)
    if len(known) > _MOST:
        return ()
    head, _, tail = name.rpartition("/")
    near = [k for k in known if (k.startswith(head) if head else k.endswith(tail)) or k.endswith(f"/{tail}")]
    return near[:_FEW]
