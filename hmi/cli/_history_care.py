"""``hmi history PLANT verify`` and ``hmi history PLANT hold list|add|remove``."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from hmi.core.errors import UsageError
from hmi.core.texts import tr

if TYPE_CHECKING:
    from hmi.project.plant import Plant

CARE: Final = ("verify", "hold")
_ACTS: Final = ("list", "add", "remove")


@dataclass(frozen=True, slots=True)
class Care:
    """What was asked for: the words, the range as it was written, who and why."""

    words: Sequence[str]
    start: str
    end: str
    user: str
    reason: str
    as_json: bool


def care(plant: Plant, data: Path, asked: Care, password: Callable[[], str]) -> None:
    """Do it; UsageError for words that make no sense."""
    if asked.words[0] == "verify":
        if len(asked.words) > 1:
            raise UsageError(tr("verify looks at the whole history; write no tags behind it"))
        return _verify(plant, data, as_json=asked.as_json)
    act = asked.words[1] if len(asked.words) > 1 else "list"
    if act not in _ACTS:
        raise UsageError(tr("hold {act} is not known; use one of: {all}", act=act, all=", ".join(_ACTS)))
    if len(asked.words) != (3 if act == "remove" else 2) and len(asked.words) > 1:
        raise UsageError(tr("write hold list, hold add --from --to --reason, or hold remove ID --reason"))
    return (
        _list(plant, data, as_json=asked.as_json)
        if act == "list"
        else _change(plant, data, asked, act, password)
    )


def _verify(plant: Plant, data: Path, *, as_json: bool) -> None:
    """Exit code 1 when a block is damaged; every one is named."""
    from hmi.bootstrap import open_history
    from hmi.historian.care import damage_line

    reader = open_history(plant, data)
    if reader is None:
        raise UsageError(tr("{data}: there is no history here", data=data))
    names = {number: tag_id for tag_id, number in reader.tags().items()}
    found = reader.check_days()
    lines = []
    for one in found.damage:
        tag = plant.by_id.get(names.get(one.tag, ""))
        lines.append(damage_line(one, tag.name if tag is not None else names.get(one.tag, "")))
    reader.close()
    if as_json:
        typer.echo(json.dumps({"files": found.files, "blocks": found.blocks, "damaged": lines}, indent=1))
    else:
        for line in lines:
            typer.echo(tr("damaged: {line}", line=line))
        typer.echo(
            tr("{files} closed days, {blocks} blocks, {count} of them damaged",
               files=found.files, blocks=found.blocks, count=len(lines))
        )  # fmt: skip
    if lines:
        raise typer.Exit(1)


def _list(plant: Plant, data: Path, *, as_json: bool) -> None:
    from hmi.cli._alarm_data import shown_time

    holds = _holds(data)
    if as_json:
        return typer.echo(json.dumps(holds, indent=1, ensure_ascii=False))
    for one in holds:
        start, end, made = (shown_time(plant, one[name]) for name in ("start", "end", "made"))
        typer.echo(
            tr("{id}: {start} to {end}, by {user} on {made}: {reason}",
               id=one["id"], start=start, end=end, user=one["user"], made=made, reason=one["reason"])
        )  # fmt: skip
    if not holds:
        typer.echo(tr("nothing is held"))
    return None


def _holds(data: Path) -> list[dict[str, Any]]:
    """Of the runtime that runs, else of its data folder."""
    from msgspec.structs import asdict

    from hmi.client.local import is_running
    from hmi.client.once import ask
    from hmi.historian.care import HoldBook
    from hmi.runtime import HISTORY_FOLDER

    if is_running(data):
        return ask(data, "/v1/history/holds")
    return [asdict(one) for one in HoldBook(data / HISTORY_FOLDER).all()]


def _change(plant: Plant, data: Path, asked: Care, act: str, password: Callable[[], str]) -> None:
    from hmi.cli._history_writes import Who, Writing
    from hmi.cli._times import instant_ns
    from hmi.core.clock import SystemClock

    for name, given in (("--user", asked.user), ("--reason", asked.reason)):
        if not given:
            raise UsageError(tr("{name} is missing: who holds it, and why, is kept", name=name))
    now = SystemClock().now_ns()
    start, end = (
        instant_ns(text, plant.zone, name, now) for text, name in ((asked.start, "from"), (asked.end, "to"))
    )
    if act == "add" and end < start:
        raise UsageError(tr("--to is not after --from"))
    with Writing(data, Who(asked.user, password(), asked.reason)) as writing:
        if act == "remove":
            writing.release(asked.words[2])
            return typer.echo(tr("{id} is taken off", id=asked.words[2]))
        return typer.echo(tr("held as {id}", id=writing.hold(start, end)))
