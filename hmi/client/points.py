"""Points that are not what the process says: forced, simulated, entered by hand; as they go over the wire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

POINT_STATES = ("forced", "simulated", "manual", "out_of_service", "bad", "stale")


class PointRow(msgspec.Struct, frozen=True):
    """One tag in such a state.

    ``state`` is one of ``POINT_STATES``. ``known`` is false when its source is silent or at rest: then it was
    so when it was heard last. ``by_input`` is true for a calculated tag that only has it from an input.
    """

    tag_id: str
    name: str
    description: str
    area: str
    unit: str
    state: str
    value: Any
    status: int
    source_time: int
    known: bool = True
    by_input: bool = False


class PointPage(msgspec.Struct, frozen=True):
    """Rows in the order of the plant. ``counts`` by state of the whole plant, calculated tags left out.

    ``total`` rows match what was asked for; ``continuation`` is the ``after`` of the next page, 0 at the end.
    """

    at: int
    counts: dict[str, int]
    total: int
    points: list[PointRow]
    continuation: int = 0


def joined(first: PointPage, others: Iterable[PointPage | None]) -> PointPage:
    """One page of several runtimes; those that did not answer are None."""
    pages = [first, *(page for page in others if page is not None)]
    counts: Counter[str] = Counter()
    for page in pages:
        counts.update(page.counts)
    rows = [row for page in pages for row in page.points]
    return PointPage(first.at, dict(counts), sum(page.total for page in pages), rows)
