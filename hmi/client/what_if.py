"""What would other settings of an alarm have done: question, answer, and the change itself (wire, version 1)."""

from __future__ import annotations

from typing import Final

import msgspec

SETTINGS: Final = (
    "limit", "limits_when", "deadband", "on_delay", "off_delay", "hold", "window", "tolerance", "count",
    "count_window", "expression", "suppress_when", "enabled",
)  # fmt: skip
"""Columns of an alarm that decide when it comes and goes."""
LISTED: Final = 200
"""Alarms of each list of an answer, at most."""


class WhatIfQuery(msgspec.Struct, frozen=True):
    """The alarm with other ``changes`` (column of ``SETTINGS`` -> text of the cell) from ``start`` to ``end``, UTC ns.

    ``start`` 0: 7 days before the end. ``end`` 0: the last full minute.
    """

    alarm_id: str
    changes: dict[str, str]
    start: int = 0
    end: int = 0


class Setting(msgspec.Struct, frozen=True):
    """One setting as it is and as proposed, as texts of a cell."""

    name: str
    was: str
    proposed: str


class Stretch(msgspec.Struct, frozen=True):
    """One alarm, UTC ns. ``open``: it was not over at the end of the time. ``later_s``: how much later the proposed
    settings raise it, below 0 earlier.
    """

    start: int
    end: int
    open: bool = False
    later_s: float = 0.0


class Strip(msgspec.Struct, frozen=True):
    """Share of each bin (0 to 1) in which the alarm stood, as it was and as proposed; ``unknown``: nothing is known."""

    start: int = 0
    width_ns: int = 0
    was: list[float] = []
    proposed: list[float] = []
    unknown: list[float] = []


class WhatIfResult(msgspec.Struct, frozen=True):
    """Both replays of the recorded values, compared alarm by alarm. Times UTC ns, lengths in seconds.

    An alarm of today's settings is ``kept`` when one of the proposed settings goes with it; ``merged`` when it falls
    into one that goes with an earlier alarm, so that the operator reads one alarm instead of several; else it is
    ``removed``. ``new`` are proposed ones that go with none. Lists hold at most ``LISTED``: ``removed_list`` the
    longest first, ``kept_list`` those that come the latest first, ``new_list`` the newest first.

    ``recorded``: how often the journal says that the alarm came, -1 = not known. ``coarse``: the history does not hold
    enough to tell; ``notes`` say why, and what else the replay cannot know.
    """

    alarm_id: str
    tag: str
    name: str
    message: str
    unit: str
    start: int
    end: int
    simulated: bool
    revision: str
    settings: list[Setting]
    was: int
    proposed: int
    kept: int
    removed: int
    merged: int
    new: int
    later: int
    longest_removed_s: float
    latest_s: float
    was_s: float
    proposed_s: float
    unknown_s: float
    recorded: int
    coarse: bool
    sentence: str
    notes: list[str]
    removed_list: list[Stretch]
    kept_list: list[Stretch]
    new_list: list[Stretch]
    strip: Strip


class WhatIfAnswer(msgspec.Struct, frozen=True):
    """``result`` is None while the replay goes on: ask the same again, with ``start`` and ``end`` of this answer.

    ``progress`` 0 to 1. A replay that nobody asks for any more is given up.
    """

    start: int
    end: int
    progress: float = 0.0
    result: WhatIfResult | None = None


class AlarmSettings(msgspec.Struct, frozen=True):
    """What can be changed of an alarm: its settings as texts of a cell, at a revision of the plant."""

    alarm_id: str
    tag: str
    name: str
    message: str
    kind: str
    unit: str
    revision: str
    cells: dict[str, str]
    problem: str = ""


class AlarmEdit(msgspec.Struct, frozen=True):
    """Other cells for an alarm of the plant folder, as it is at ``revision``; ``reason`` goes into the journal."""

    alarm_id: str
    changes: dict[str, str]
    reason: str
    revision: str
