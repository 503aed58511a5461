"""``hmi comms``: the connections of a runtime that runs, their messages on the wire, a test of one point."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import quote

import typer

from hmi.cli._options import AsJson, DataDir, PlantFolder, data_for
from hmi.cli._signed_in import PasswordStdin, Person, session_of
from hmi.cli._tables import print_table
from hmi.core.errors import UsageError
from hmi.core.texts import tr

if TYPE_CHECKING:
    from datetime import tzinfo

    from hmi.client.comms import LineDetail

PERIOD_S: Final = 1.0
_PATIENCE_S: Final = 15.0


def comms(
    plant: PlantFolder,
    connection: Annotated[str, typer.Argument(help="One connection; all of them when left out.")] = "",
    watch: Annotated[bool, typer.Option("--watch", help="Again every second, until Ctrl-C.")] = False,
    frames: Annotated[
        float,
        typer.Option(
            "--frames", help="Print the messages on its wire for so many seconds, 60 at most.", min=0
        ),
    ] = 0.0,
    read: Annotated[
        str, typer.Option("--read", metavar="TAG", help="Read this tag from its device now.")
    ] = "",
    user: Person = "",
    password_stdin: PasswordStdin = False,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """How the connections do: state, load, response times, errors; messages on the wire; one point read now."""
    from hmi.project import open_plant
    from hmi.ui.times import zone_of

    if watch and (read or frames):
        raise UsageError(tr("--watch goes with figures alone, not with --read or --frames"))
    opened = open_plant(plant)
    if connection and connection not in opened.connections:
        names = ", ".join(opened.connections)
        raise UsageError(
            tr("there is no connection {name!r}; use one of: {names}", name=connection, names=names)
        )
    if frames and not connection:
        raise UsageError(tr("--frames is of one connection: name it"))
    folder, zone = data_for(opened.id, data), zone_of(opened.zone)
    if read:
        _read(folder, read, zone, as_json=as_json)
    elif frames:
        with session_of(folder, user, from_stdin=password_stdin) as token:
            _frames(folder, connection, frames, token, zone, as_json=as_json)
    else:
        show = _one if connection else _all
        once = partial(show, folder, connection, zone, as_json=as_json)
        _watched(once, zone, as_json=as_json) if watch else once()


def _watched(show: Callable[[], None], zone: tzinfo, *, as_json: bool) -> None:
    """Every second until the person has seen enough, each round under its time; a runtime that does not answer is
    waited for.
    """
    from hmi.core.clock import wall_ns
    from hmi.core.errors import CommunicationError
    from hmi.ui.times import clock_text

    try:
        while True:
            if not as_json:
                typer.echo(clock_text(wall_ns(), zone))
            try:
                show()
            except CommunicationError as error:
                typer.echo(tr("Not current: {why}", why=error), err=True)
            time.sleep(PERIOD_S)
    except KeyboardInterrupt:
        return


def _ask(folder: Path, path: str, **query: Any) -> Any:
    from hmi.client.once import ask

    return ask(folder, path, query, timeout=_PATIENCE_S)


def _of(connection: str) -> str:
    return f"/v1/comms/{quote(connection, safe='')}"


def _print_json(found: Any) -> None:
    typer.echo(json.dumps(found, ensure_ascii=False))


# figures; the words are those of the page in the station, and need no Qt


def _all(folder: Path, _connection: str, _zone: tzinfo, *, as_json: bool) -> None:
    import msgspec

    from hmi.client.comms import Comms
    from hmi.ui.comms import words

    answer = _ask(folder, "/v1/comms")
    if as_json:
        return _print_json(answer)
    found = msgspec.convert(answer, Comms)
    lines = [
        (
            words.title_of(row) if row.unit is None else f"  {words.title_of(row)}",
            words.state_words(row, found.at),
            words.figures_words(row),
            words.side_words(row),
        )
        for row in words.rows_of(found, is_current=True)
    ]
    print_table((tr("Connection"), tr("State"), tr("Now"), tr("In the last minute")), lines)
    return None


def _one(folder: Path, connection: str, zone: tzinfo, *, as_json: bool) -> None:
    import msgspec

    from hmi.client.comms import LineDetail
    from hmi.ui.comms import words

    answer = _ask(folder, _of(connection))
    if as_json:
        return _print_json(answer)
    found = msgspec.convert(answer, LineDetail)
    row = words.Row(found.line)
    typer.echo(f"{found.line.name}: {words.state_words(row, found.at)}. {found.line.text}")
    for label, value in words.facts_of(found, zone, is_current=True):
        typer.echo(f"  {label}: {value.replace(chr(10), '; ')}")
    _tables(found, zone)
    return None


def _tables(found: LineDetail, zone: tzinfo) -> None:
    from hmi.ui.comms import words

    units = [words.Row(found.line, unit) for unit in found.line.units]
    if units:
        lines = [
            (words.title_of(row), words.state_words(row, found.at), words.figures_words(row)) for row in units
        ]
        print_table((tr("Device"), tr("State"), tr("Now")), lines)
    if found.scans:
        keys = ("name", "planned", "achieved", "worst", "overruns", "points")
        header = (
            tr("Periods"),
            tr("Plan"),
            tr("Achieved"),
            tr("Worst in a minute"),
            tr("Missed"),
            tr("Points"),
        )
        print_table(header, [[words.scan_text(row, key) for key in keys] for row in found.scans])
    if found.errors:
        keys = ("last", "unit", "where", "text", "count", "tags")
        header = (tr("Last time"), tr("Unit"), tr("Addresses"), tr("Error"), tr("Times"), tr("Points"))
        print_table(header, [[words.error_text(row, key, zone) for key in keys] for row in found.errors])


# messages on the wire


def _frames(
    folder: Path, connection: str, seconds: float, token: str, zone: tzinfo, *, as_json: bool
) -> None:
    """Switched on, printed as they come, and off again when the person has seen enough; what somebody else records
    goes on.
    """
    from hmi.client.comms import FRAMES_MOST_S
    from hmi.client.once import ask, tell

    if seconds > FRAMES_MOST_S:
        raise UsageError(tr("--frames {s:g}: at most {most:g} seconds", s=seconds, most=FRAMES_MOST_S))
    path = f"{_of(connection)}/frames"
    before = ask(folder, path, {"after": 2**62}, session=token)
    newest, is_shared = before["newest"], bool(before["left_s"])  # those of before are not asked for
    tell(folder, path, {"seconds": seconds, "reason": "hmi comms --frames"}, session=token)
    ends = time.monotonic() + seconds
    is_over = False
    try:
        while not is_over:
            time.sleep(PERIOD_S / 4)
            found = ask(folder, path, {"after": newest, "raw": 1}, session=token)
            newest = _print_frames(found, newest, zone, as_json=as_json)
            is_shared = is_shared or found["left_s"] > ends - time.monotonic() + PERIOD_S
            is_over = not (found["frames"] or found["left_s"]) or (is_shared and time.monotonic() > ends)
    except KeyboardInterrupt:
        if not is_shared:
            tell(folder, path, {"seconds": 0}, session=token)


def _print_frames(answer: Any, newest: int, zone: tzinfo, *, as_json: bool) -> int:
    """Number of the newest one that is printed."""
    import msgspec

    from hmi.client.comms import Frames
    from hmi.ui.comms.words import frame_line

    for frame in msgspec.convert(answer, Frames).frames:
        typer.echo(msgspec.json.encode(frame).decode() if as_json else frame_line(frame, zone))
        newest = frame.number
    return newest


# a test of one point


def _read(folder: Path, tag: str, zone: tzinfo, *, as_json: bool) -> None:
    """Exit code 1 when the device gave no value."""
    import msgspec

    from hmi.client.comms import PointTest
    from hmi.ui.comms.words import facts_of_test

    answer = _ask(folder, f"/v1/tags/{quote(tag)}/read")
    found = msgspec.convert(answer, PointTest)
    if as_json:
        _print_json(answer)
    else:
        typer.echo(found.tag)
        for label, value in facts_of_test(found, zone):
            typer.echo(f"  {label}: {value}")
    if found.fault:
        raise typer.Exit(1)
