"""Two thousand kills, five hundred power cuts, a thousand turned bits and a full disk: what the history loses."""

from __future__ import annotations

import os

from hmi.bench._history_flips import Flips, flipped
from hmi.bench._history_full import Filling, full_and_freed
from hmi.bench._history_kills import Story, killed
from hmi.bench._history_power import cut
from hmi.bench.figure import Figure

KILLS, CUTS, FLIPS, FILLINGS = 2_000, 500, 1_000, 20


def run() -> list[Figure]:
    """``WATCHKEEPER_BENCH_ROWS`` sets how many kills; power cuts, bits and full disks go along in proportion."""
    share = int(os.environ.get("WATCHKEEPER_BENCH_ROWS", KILLS)) / KILLS
    return [
        *of_story("kill", killed(round(KILLS * share) or 1), "kill -9 of a writing process"),
        *of_story(
            "power", cut(round(CUTS * share) or 1), "power cuts: writes that were not synced lost or torn"
        ),
        *of_flips(flipped(round(FLIPS * share) or 1)),
        *of_fillings(full_and_freed(round(FILLINGS * share) or 1)),
    ]


def of_story(name: str, story: Story, what: str) -> list[Figure]:
    """What an end of the writer costs."""
    against = (
        f"{story.ends:,} {what}, {story.acts:,} acknowledged acts, compaction and late samples among them"
    )
    return [
        _none(f"history.{name}_acknowledged_lost", [""] * story.lost, against),
        _none(
            f"history.{name}_reads_wrong",
            story.wrong,
            "everything read after each, against a model in memory",
        ),
        _none(f"history.{name}_unreadable", story.unreadable, against),
        Figure(f"history.{name}_slowest_start_s", story.slowest_open_s, "s", against="opening after it"),
    ]


def of_flips(found: Flips) -> list[Figure]:
    """What one turned bit costs."""
    against = f"{found.flips:,} bits, each alone: {found.told:,} told, {found.harmless:,} without effect"
    return [
        _none("history.flip_values_never_written", found.invented, "told or not"),
        _none("history.flip_silent_wrong_values", found.wrong, against),
        _none("history.flip_silent_missing", found.missing, against),
        _none("history.flip_crashes", found.crashed, against),
    ]


def of_fillings(found: Filling) -> list[Figure]:
    """What a full disk costs."""
    against = f"{found.times:,} times full, {found.refused:,} commits refused by name meanwhile"
    return [
        _none("history.full_acknowledged_lost", found.lost, against),
        _none("history.full_not_recovered", found.stuck, "the same archive, without being opened again"),
        _none("history.full_kept_though_refused", found.kept, "a refused commit must not come back"),
    ]


def _none(name: str, found: list[str], against: str) -> Figure:
    first = f"; first: {found[0]}" if found and found[0] else ""
    return Figure(name, len(found), "", against + first, "= 0", not found)
