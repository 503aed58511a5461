"""What a picture shows beside its display, as it is written on the command line."""

from __future__ import annotations

from typing import Final, NamedTuple

from hmi.core.errors import UsageError

ALONE: Final = frozenset(
    ("accounts", "alarms", "areas", "certificates", "figures", "handover", "log", "people", "points", "find")
)
MAY_NAME: Final = frozenset(("log", "points", "find"))
MUST_NAME: Final = frozenset(("why", "faceplate", "held", "ask"))


def asked_of(name: str) -> tuple[str, float]:
    """Tag and number of ``ask:TAG=NUMBER``; UsageError when it is none."""
    tag, _, text = name.partition("=")
    try:
        return tag, float(text)
    except ValueError:
        raise UsageError(f"--open ask:{name}: write it as ask:TAG=NUMBER") from None


class Opening(NamedTuple):
    """``kind`` is accounts, alarms, areas, certificates, figures, handover, log, people, points, find, why,
    faceplate or held (an example of each hold on an object of a simulated plant); ``name`` a tag, an instance, a
    state of points or what is searched for."""

    kind: str
    name: str = ""


def opening(text: str) -> Opening:
    """From accounts, alarms, areas, certificates, figures, handover, log, log:TEXT, people, points,
    points:STATE, find:TEXT, why:TAG, faceplate:INSTANCE, held:INSTANCE or ask:TAG=NUMBER; else UsageError."""
    kind, mark, name = text.partition(":")
    if (kind in ALONE and not mark) or (name and kind in MAY_NAME | MUST_NAME):
        return Opening(kind, name)
    raise UsageError(
        f"--open {text} cannot be opened; write accounts, alarms, areas, certificates, figures, handover, log, "
        "log:TEXT, people, points, points:STATE, find:TEXT, why:TAG, faceplate:INSTANCE or held:INSTANCE"
    )
