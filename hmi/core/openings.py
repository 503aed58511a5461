"""What a picture shows beside its display, as it is written on the command line."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from hmi.core.errors import UsageError

ALONE: Final = frozenset(
    (
        "accounts",
        "alarms",
        "areas",
        "certificates",
        "comms",
        "exports",
        "figures",
        "handover",
        "log",
        "people",
        "points",
        "find",
    )
)
MAY_NAME: Final = frozenset(("log", "points", "find"))
MUST_NAME: Final = frozenset(("why", "faceplate", "held", "ask", "past", "trend"))
_BACK: Final = re.compile(r"-(\d{1,4})(min|h|d)")
_SECONDS: Final = {"min": 60, "h": 3_600, "d": 86_400}


def asked_of(name: str) -> tuple[str, float]:
    """Tag and number of ``ask:TAG=NUMBER``; UsageError when it is none."""
    tag, _, text = name.partition("=")
    try:
        return tag, float(text)
    except ValueError:
        raise UsageError(f"--open ask:{name}: write it as ask:TAG=NUMBER") from None


def trend_of(name: str) -> tuple[list[str], int]:
    """Tags and seconds back from now of ``trend:TAG+TAG`` or ``trend:TAG+TAG@-24h`` (0: as usual); else UsageError."""
    tags, mark, back = name.partition("@")
    found = _BACK.fullmatch(back)
    names = [tag for tag in tags.split("+") if tag]
    if not names or (mark and found is None):
        raise UsageError(
            f"--open trend:{name}: write it as trend:TAG+TAG or trend:TAG+TAG@-24h (min, h or d)"
        )
    return names, int(found[1]) * _SECONDS[found[2]] if found is not None else 0


class Opening(NamedTuple):
    """``kind`` is accounts, alarms, areas, certificates, comms, exports, figures, handover, log, people, points, find,
    why, trend, faceplate or held (an example of each hold on an object of a simulated plant); ``name`` a tag, an
    instance, a state of points, what is searched for, or of past a time as ``hmi.core.instants`` reads it."""

    kind: str
    name: str = ""


def opening(text: str) -> Opening:
    """From accounts, alarms, areas, certificates, comms, exports, figures, handover, log, log:TEXT, people, points,
    points:STATE, past:TIME, find:TEXT, why:TAG, trend:TAG+TAG@-24h, faceplate:INSTANCE, held:INSTANCE or
    ask:TAG=NUMBER; else UsageError."""
    kind, mark, name = text.partition(":")
    if (kind in ALONE and not mark) or (name and kind in MAY_NAME | MUST_NAME):
        return Opening(kind, name)
    raise UsageError(
        f"--open {text} cannot be opened; write accounts, alarms, areas, certificates, comms, exports, figures, "
        "handover, log, log:TEXT, people, points, points:STATE, past:TIME, find:TEXT, why:TAG, trend:TAG+TAG@-24h, "
        "faceplate:INSTANCE or held:INSTANCE"
    )
