"""``hmi alarms``: the lists, the journal and the figures of the alarm system, and the bulk edit of its definitions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hmi.cli._options import AsJson, DataDir, PlantFolder, data_for
from hmi.cli._tables import print_table
from hmi.cli._what_if import (
    TryCells,
    TryDeadband,
    TryHold,
    TryOffDelay,
    TryOnDelay,
    WhatIfOption,
    cells_of,
    print_what_if,
)
from hmi.core.clock import SystemClock
from hmi.core.errors import UsageError

if TYPE_CHECKING:
    from hmi.cli._alarm_data import AlarmData
    from hmi.client.alarms import JournalQuery
    from hmi.project.plant import Plant

USUAL, FAULTS_SHOWN = 200, 1_000
_BACK = re.compile(r"-?(\d+)\s*(min|h|d)")
_UNITS = {"min": "minutes", "h": "hours", "d": "days"}
_LISTS = ("active", "shelved", "suppressed", "out_of_service")


Since = Annotated[
    str, typer.Option("--since", "--from", help="2026-05-31, 2026-05-31T14:00 or a time ago: 30min 8h 7d.")
]
Until = Annotated[str, typer.Option("--until", "--to", help="The same; it ends before this time.")]
Export = Annotated[Path | None, typer.Option("--export", help="Write all definitions as CSV.")]
Import = Annotated[Path | None, typer.Option("--import", help="Take edits of such a CSV, all or none.")]


def alarms(
    plant: PlantFolder,
    active: Annotated[
        bool, typer.Option("--active", help="The active list (without another one: this).")
    ] = False,
    shelved: Annotated[bool, typer.Option("--shelved", help="The shelved alarms.")] = False,
    suppressed: Annotated[bool, typer.Option("--suppressed", help="Those suppressed by design.")] = False,
    out_of_service: Annotated[bool, typer.Option("--out-of-service", help="Those out of service.")] = False,
    journal: Annotated[bool, typer.Option("--journal", help="Records of the journal, newest first.")] = False,
    kpi: Annotated[
        bool, typer.Option("--kpi", help="Figures of the alarm system, by default of 7 days.")
    ] = False,
    area: Annotated[str, typer.Option(help="Path of an area; areas below it too.")] = "",
    priority: Annotated[list[int] | None, typer.Option(help="1 to 5; may be repeated.")] = None,
    text: Annotated[str, typer.Option(help="Words that all occur, or their beginnings.")] = "",
    of_tags: Annotated[
        str, typer.Option("--query", help='Of a list only alarms of these tags: "type:pump area:intake".')
    ] = "",
    stream: Annotated[str, typer.Option(help="alarm prompt diagnostic event command note.")] = "",
    since: Since = "",
    until: Until = "",
    limit: Annotated[int, typer.Option(min=1, help="How many rows at most.")] = USUAL,
    what_if: WhatIfOption = "",
    deadband: TryDeadband = None,
    on_delay: TryOnDelay = None,
    off_delay: TryOffDelay = None,
    hold: TryHold = None,
    set_: TryCells = None,
    export: Export = None,
    import_: Import = None,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Alarm lists, journal and figures of a plant; other settings tried on its history (--what-if); bulk edit of its
    alarms (--export, --import).
    """
    from hmi.project import open_plant

    chosen = dict(zip(_LISTS, (active, shelved, suppressed, out_of_service), strict=True))
    asked = [name for name, is_asked in {**chosen, "journal": journal, "kpi": kpi}.items() if is_asked]
    asked += [name for name, path in (("export", export), ("import", import_)) if path is not None]
    asked += ["what-if"] if what_if else []
    tried = {"deadband": deadband, "on_delay": on_delay, "off_delay": off_delay, "hold": hold}
    if len(asked) > 1:
        raise UsageError(f"--{asked[0]} and --{asked[1]} are two questions; ask them one after the other")
    if export is not None:
        return _export(plant, export)
    if import_ is not None:
        return _import(plant, import_)
    opened = open_plant(plant)
    folder = data_for(opened.id, data)
    if what_if or set_ or any(value is not None for value in tried.values()):
        return _try(opened, folder, what_if, tried, set_ or (), (since, until), as_json=as_json)
    query = _query(opened, text, stream, area, priority or (), (since, until))
    what = asked[0] if asked else "active"
    if of_tags and what not in _LISTS:
        raise UsageError(f"--query is for the lists, not for --{what}")
    return _told(opened, folder, what, query, limit, of_tags=of_tags, as_json=as_json)


def _told(
    plant: Plant, folder: Path, what: str, query: JournalQuery, limit: int, *, of_tags: str, as_json: bool
) -> None:
    """One of the lists, the journal or the figures."""
    from hmi.cli._alarm_data import alarm_data

    source = alarm_data(plant, folder)
    if source.note:
        typer.echo(source.note, err=True)
    if what == "kpi":
        return _figures(source.figures(query.start, query.end, query.area), as_json)
    if what == "journal":
        return _records(plant, source.records(query, limit), as_json)
    return _rows(plant, _of_list(source, what, query, limit, _named(plant, of_tags)), as_json)


def _named(plant: Plant, of_tags: str) -> frozenset[str] | None:
    """Names of the tags that a query chooses; None for no query."""
    from hmi.project.query import tags_of

    return frozenset(tag.name for tag in tags_of(plant, of_tags)) if of_tags else None


# ------------------------------------------------------------------------------------------ what is asked


def _try(
    plant: Plant, data: Path, alarm: str, tried: Mapping[str, float | None], pairs: Sequence[str],
    times: tuple[str, str], *, as_json: bool,
) -> None:  # fmt: skip
    """Other settings of one alarm."""
    if not alarm:
        raise UsageError(
            "--deadband, --on-delay, --off-delay, --hold and --set are to be tried with --what-if ALARM"
        )
    start, end = (
        time_ns(one, plant.zone, option) for one, option in zip(times, ("since", "until"), strict=True)
    )
    if start and end and end <= start:
        raise UsageError("--until is not after --since")
    print_what_if(plant, data, alarm, cells_of(tried, pairs), start, end, as_json=as_json)


def _query(
    plant: Plant, text: str, stream: str, area: str, priorities: Sequence[int], times: tuple[str, str]
) -> JournalQuery:
    from hmi.client.alarms import STREAMS, JournalQuery

    if stream and stream not in STREAMS:
        raise UsageError(f"--stream {stream} is not known; use one of: {', '.join(STREAMS)}")
    if area and not any(one.path == area for one in plant.areas):
        raise UsageError(f"--area {area} is not known; areas: {', '.join(one.path for one in plant.areas)}")
    if wrong := [one for one in priorities if not 1 <= one <= 5]:
        raise UsageError(f"--priority {wrong[0]} is not 1 to 5")
    start, end = (
        time_ns(one, plant.zone, option) for one, option in zip(times, ("since", "until"), strict=True)
    )
    if start and end and end <= start:
        raise UsageError("--until is not after --since")
    return JournalQuery(
        text=text, stream=stream, area=area, priorities=tuple(priorities), start=start, end=end
    )


def time_ns(text: str, zone: str, option: str, now_ns: int = 0) -> int:
    """A time of the plant's zone, or one so long ago, as UTC ns; 0 for an empty text."""
    from zoneinfo import ZoneInfo

    if not text:
        return 0
    back = _BACK.fullmatch(text.strip())
    try:
        if back:
            at = datetime.fromtimestamp((now_ns or SystemClock().now_ns()) / 10**9, UTC) - timedelta(
                **{_UNITS[back[2]]: int(back[1])}
            )
        else:
            at = datetime.fromisoformat(text.strip())
        at = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))
        return int(at.timestamp()) * 10**9
    except (ValueError, OverflowError):
        raise UsageError(
            f"--{option} {text} is not a time; write 2026-05-31T14:00, or 8h for 8 hours ago"
        ) from None


def _of_list(
    source: AlarmData, state: str, query: JournalQuery, limit: int, tags: frozenset[str] | None
) -> list[dict[str, Any]]:
    rows = (row for row in source.rows(state) if _fits(row, query))
    return [row for row in rows if tags is None or (row.get("tag_name") or row.get("tag")) in tags][:limit]


def _fits(row: Mapping[str, Any], query: JournalQuery) -> bool:
    """The filters of the journal on a row of a list."""
    area = str(row.get("area", ""))
    words = " ".join(str(row.get(name, "")) for name in ("tag_name", "tag", "name", "message")).casefold()
    return (
        (not query.area or area == query.area or area.startswith(query.area + "/"))
        and (not query.priorities or row.get("priority") in query.priorities)
        and all(word in words for word in query.text.casefold().split())
        and (not query.start or row.get("alarm_time", 0) >= query.start)
        and (not query.end or row.get("alarm_time", 0) < query.end)
    )


# ------------------------------------------------------------------------------------------ what is printed


def _rows(plant: Plant, rows: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    from hmi.cli._alarm_data import shown_time

    if as_json:
        return typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    lines = (
        [shown_time(plant, row.get("alarm_time", 0)), f"P{row.get('priority', '')}", row["state"],
         str(row.get("area", "")), str(row.get("tag_name") or row.get("tag", "")), str(row.get("message", ""))]
        for row in rows
    )  # fmt: skip
    return print_table(("time", "", "state", "area", "tag", "message"), lines)


def _records(plant: Plant, records: Iterator[dict[str, Any]], as_json: bool) -> None:
    """JSON is one record a line, so that a long journal needs no memory."""
    from hmi.cli._alarm_data import shown_time

    if as_json:
        for record in records:
            typer.echo(json.dumps(record, ensure_ascii=False))
        return None
    lines = (
        [str(record["seq"]), shown_time(plant, record["event_time"]), record["stream"], record["event"],
         str(record["payload"].get("tag") or record["payload"].get("name") or record["object_id"]),
         record["actor"], _said(record["payload"])]
        for record in records
    )  # fmt: skip
    return print_table(("number", "time", "stream", "event", "object", "who", "what"), lines)


def _said(payload: Mapping[str, Any]) -> str:
    texts = [str(payload.get(name) or "") for name in ("message", "text", "reason", "comment")]
    return "; ".join(dict.fromkeys(text for text in texts if text))


def _figures(found: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        return typer.echo(json.dumps(found, indent=1, ensure_ascii=False, default=str))
    head = "simulated: " if found["simulated"] else ""
    typer.echo(f"{head}{found['alarms']} alarms in {found['hours']:.1f} h, {len(found['floods'])} floods")
    lines = ([row["verdict"], row["title"], row["text"]] for row in found["kpis"])
    return print_table(("", "figure", "what it says"), lines)


# ------------------------------------------------------------------------------------------ bulk edit


def _export(plant: Path, out: Path) -> None:
    from hmi.project import exported_alarms

    text = exported_alarms(plant)
    try:
        out.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise UsageError(f"{out}: cannot be written ({error.strerror or error})") from error
    typer.echo(f"{out}: written")


def _import(plant: Path, table: Path) -> None:
    from hmi.project import import_alarms

    changed, faults = import_alarms(plant, table)
    for fault in faults[:FAULTS_SHOWN]:
        typer.echo(
            f"{table}:{fault.line}: {fault.text}" if fault.line else f"{table}: {fault.text}", err=True
        )
    if faults:
        typer.echo(f"{len(faults)} faults; nothing was changed", err=True)
        raise typer.Exit(1)
    for path in changed:
        typer.echo(f"{path}: changed")
    if not changed:
        typer.echo("nothing to change")
