"""Why a tag has the value it has: the way from the device to the screen, hop by hop, as it goes over the wire."""

from __future__ import annotations

from typing import Any

import msgspec


class WhyPart(msgspec.Struct, frozen=True):
    """A part of an expression with its result. ``tag`` names a tag, whose own expression stands in ``parts``.

    ``used`` is false for the branch of a condition that was not taken, ``cut`` where more lies below that is
    not told.
    """

    text: str
    value: Any
    status: int
    time: int = 0
    tag: str = ""
    used: bool = True
    cut: bool = False
    parts: list[WhyPart] = []


class WhyHop(msgspec.Struct, frozen=True):
    """One step: ``text`` says it in a sentence, ``facts`` by name, ``rows`` as a table.

    ``kind``: device, decode, scaling, entered (a manual value over what the source says, or of a tag without one),
    range, expression, age, alarms, history, used_by. ``state``: good, uncertain, bad, unknown, asking (the answer is
    under way: ask again without ``quick``) or plain. ``value``, ``status`` and ``time`` (UTC ns) are what the value
    is after this step, where it has one. What is not known is left out.
    """

    kind: str
    state: str
    text: str
    value: Any = None
    status: int | None = None
    time: int = 0
    facts: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    tree: WhyPart | None = None


class Why(msgspec.Struct, frozen=True):
    """The answer: what is shown, ``text`` why in one sentence, and the hops from the device on.

    ``at`` is the runtime's time (UTC ns); ``live`` whether the source is within its age limit.
    """

    tag_id: str
    name: str
    description: str
    unit: str
    value: Any
    status: int
    source_time: int
    receive_time: int
    live: bool
    at: int
    revision: str
    text: str
    hops: list[WhyHop]
