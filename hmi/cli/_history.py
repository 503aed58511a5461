"""``hmi history``: stored samples, aggregates of OPC UA Part 13 and values at instants, on a screen or into a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from hmi.cli._history_care import CARE, Care, care
from hmi.cli._options import AsJson, DataDir, PlantFolder, data_for
from hmi.cli._signed_in import password_of
from hmi.cli._times import instant_ns, length_ns
from hmi.core.errors import UsageError
from hmi.core.texts import tr

if TYPE_CHECKING:
    from hmi.cli._history_data import HistoryData, Piece
    from hmi.cli._history_files import Part, Writer
    from hmi.project.plant import Plant, TagDef

CANCELLED = 130
_SUFFIXES = {".csv": "csv", ".parquet": "parquet", ".xlsx": "xlsx", ".json": "json", ".jsonl": "json"}
_ONLY_FILES = {"parquet", "xlsx"}


def history(
    plant: PlantFolder,
    tags: Annotated[
        list[str] | None, typer.Argument(help="Tags by name or id; or: verify; hold list|add|remove.")
    ] = None,
    start: Annotated[str, typer.Option("--from", help="2026-05-31T14:00 (local), …Z, or -8h.")] = "-1h",
    end: Annotated[str, typer.Option("--to", help="The same, or now.")] = "now",
    aggregate: Annotated[str, typer.Option(help="Of OPC UA Part 13 by its name, such as TimeAverage2.")] = "",
    interval: Annotated[
        str, typer.Option(help="10s 15min 8h, or day week month of the plant's zone; one when left out.")
    ] = "",
    at: Annotated[
        list[str] | None, typer.Option("--at", help="Values at this time; may be repeated.")
    ] = None,
    bounds: Annotated[bool, typer.Option("--bounds", help="With the samples around the range.")] = False,
    modified: Annotated[
        bool, typer.Option("--modified", help="What was replaced or deleted instead, by whom and why.")
    ] = False,
    kind: Annotated[
        str, typer.Option("--format", help="table csv json parquet xlsx; by the end of FILE.")
    ] = "",
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write to this file.")] = None,
    state: Annotated[bool, typer.Option("--state", help="How the archive is.")] = False,
    edit: Annotated[
        Path | None,
        typer.Option("--edit", help="CSV of samples that take the place of those at the same times."),
    ] = None,
    import_: Annotated[
        Path | None, typer.Option("--import", help="CSV of samples that are put in where nothing is.")
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Take out the samples of the range.")] = False,
    annotate: Annotated[str, typer.Option(help="A remark on a tag at the time of --at.")] = "",
    reason: Annotated[str, typer.Option(help="Why the history is changed.")] = "",
    user: Annotated[str, typer.Option(help="Who changes it; the password is asked for.")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="The password is the first line of standard input.")
    ] = False,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Read the history of tags: raw, as aggregates, or at instants, as a table or into a file. Put samples right, in or
    out, and remark on them (--edit, --import, --delete, --annotate).
    """
    from hmi.project import open_plant

    asked = _Asked(
        tuple(tags or ()), start, end, aggregate, interval, tuple(at or ()), bounds, modified, kind, out, state,
        {"--edit": edit, "--import": import_, "--delete": delete, "--annotate": annotate}, edit or import_,
        annotate, reason, user, password_stdin, as_json,
    )  # fmt: skip
    opened = open_plant(plant)
    if tags and tags[0] in CARE and tags[0] not in opened.by_name:
        asked_care = Care(tags, start, end, user, reason, as_json)
        return care(
            opened, data_for(opened.id, data), asked_care, lambda: password_of(from_stdin=password_stdin)
        )
    return _answered(opened, data_for(opened.id, data), asked)


class _Asked(NamedTuple):
    """The options of one call, as they were written."""

    tags: tuple[str, ...]
    start: str
    end: str
    aggregate: str
    interval: str
    at: tuple[str, ...]
    bounds: bool
    modified: bool
    kind: str
    out: Path | None
    state: bool
    acts: dict[str, Any]
    file: Path | None
    text: str
    reason: str
    user: str
    from_stdin: bool
    as_json: bool


def _answered(plant: Plant, data: Path, asked: _Asked) -> None:
    """One question or one act."""
    from hmi.cli._history_data import history_data

    form = _form(asked.kind or ("json" if asked.as_json else ""), asked.out)
    _check_questions(asked)
    chosen = _chosen(plant, asked.tags)
    if wanted := [name for name, given in asked.acts.items() if given]:
        if len(wanted) > 1:
            raise UsageError(tr("{one} and {other} are two acts", one=wanted[0], other=wanted[1]))
        range_of = (asked.start, asked.end, (*asked.at, "")[0])
        return _changed(
            plant, data, chosen, (wanted[0], asked.file, asked.text), range_of, (asked.user, asked.reason),
            from_stdin=asked.from_stdin,
        )  # fmt: skip
    source = history_data(plant, data)
    if source.note:
        typer.echo(source.note, err=True)
    if asked.state:
        return _state(plant, source, as_json=asked.as_json)
    if not chosen:
        raise UsageError(tr("name one tag or more; those of a plant: hmi check PLANT"))
    now = source.now()
    times = (instant_ns(asked.start, plant.zone, "from", now), instant_ns(asked.end, plant.zone, "to", now))
    instants = tuple(sorted(instant_ns(one, plant.zone, "at", now) for one in asked.at))
    read = _reader(
        plant, source, times, asked.aggregate, asked.interval, instants, bounds=asked.bounds,
        modified=asked.modified,
    )  # fmt: skip
    return _written(plant, chosen, read, form, asked.out, modified=asked.modified)


def _check_questions(asked: _Asked) -> None:
    """One question at a time."""
    given = {"--aggregate": asked.aggregate, "--at": asked.at, "--modified": asked.modified}
    questions = [name for name, value in given.items() if value]
    if len(questions) > 1:
        raise UsageError(tr("{one} and {other} are two questions", one=questions[0], other=questions[1]))
    if asked.interval and not asked.aggregate:
        raise UsageError(tr("--interval is the length of an --aggregate"))


def _reader(
    plant: Plant, source: HistoryData, times: tuple[int, int], aggregate: str, interval: str,
    instants: tuple[int, ...], *, bounds: bool, modified: bool,
) -> Callable[[TagDef], Iterator[Piece]]:  # fmt: skip
    """What gives the results of one tag."""
    from hmi.core.history import ReadAtTime, ReadRaw

    start, end = times
    if instants:
        return lambda tag: source.at(ReadAtTime(tag.id, instants))
    if start >= end:
        raise UsageError(tr("--to is not after --from"))
    if aggregate:
        return _aggregated(plant, source, start, end, aggregate, interval)
    return lambda tag: source.raw(ReadRaw(tag.id, start, end, 0, bounds, modified))


def _aggregated(
    plant: Plant, source: HistoryData, start: int, end: int, aggregate: str, interval: str
) -> Callable[[TagDef], Iterator[Piece]]:
    """Intervals of one length, or days, weeks and months of the plant's zone, each as long as it is (HI-15)."""
    from hmi.core.history import ReadProcessed
    from hmi.historian.aggregates import named
    from hmi.historian.calendar import UNITS, calendar_intervals

    try:
        name = named(aggregate).name
        spans = calendar_intervals(start, end, interval, plant.zone) if interval in UNITS else [(start, end)]
    except ValueError as error:
        raise UsageError(str(error)) from None
    length = 0 if interval in UNITS or not interval else length_ns(interval, "interval")

    def read(tag: TagDef) -> Iterator[Piece]:
        for low, high in spans:
            yield from source.processed(ReadProcessed(tag.id, low, high, length, name))

    return read


def _changed(
    plant: Plant, data: Path, tags: Sequence[TagDef], act: tuple[str, Path | None, str],
    times: tuple[str, str, str], who: tuple[str, str], *, from_stdin: bool,
) -> None:  # fmt: skip
    """One act of a person who signs in; everything is checked before anything is sent."""
    from hmi.cli._history_writes import Who, Writing, samples_in
    from hmi.core.clock import SystemClock

    (name, path, text), (user, reason), now = act, who, SystemClock().now_ns()
    if not user:
        raise UsageError(tr("{act} is done by a person; name one with --user", act=name))
    if not reason and name != "--annotate":
        raise UsageError(tr("{act} needs a --reason", act=name))
    if path is None and len(tags) != 1:
        raise UsageError(tr("{act} is for one tag", act=name))
    if name == "--annotate" and not times[2]:
        raise UsageError(tr("--annotate needs the time of the remark, --at"))
    rows = samples_in(path, plant, now) if path is not None else {}
    start, end, at = (
        instant_ns(one, plant.zone, option, now) if one else 0
        for one, option in zip(times, ("from", "to", "at"), strict=True)
    )
    with Writing(data, Who(user, password_of(from_stdin=from_stdin), reason)) as writing:
        if name == "--annotate":
            writing.annotate(tags[0], at, text)
            return typer.echo(tr("annotated"))
        count = writing.delete(tags[0], start, end) if name == "--delete" else writing.put(
            rows, insert=name == "--import"
        )  # fmt: skip
    return typer.echo(tr("{count} samples", count=count))


def _chosen(plant: Plant, names: Sequence[str]) -> list[TagDef]:
    found: list[TagDef] = []
    for name in names:
        tag = plant.by_name.get(name) or plant.by_id.get(name)
        if tag is None:
            from difflib import get_close_matches

            near = get_close_matches(name, plant.by_name, 3, 0.6)
            hint = tr("; did you mean {names}", names=", ".join(near)) if near else ""
            raise UsageError(tr("there is no tag {name}{hint}", name=repr(name), hint=hint))
        found.append(tag)
    return found


def _form(kind: str, out: Path | None) -> str:
    from hmi.cli._history_files import FORMATS

    form = kind or (_SUFFIXES.get(out.suffix.lower(), "csv") if out else "table")
    if form not in FORMATS:
        raise UsageError(
            tr("--format {form} is not known; use one of: {all}", form=form, all=", ".join(FORMATS))
        )
    if form in _ONLY_FILES and out is None:
        raise UsageError(tr("{form} is written to a file; name it with -o FILE", form=form))
    return form


def _written(
    plant: Plant, tags: Sequence[TagDef], read: Callable[[TagDef], Iterator[Piece]], form: str,
    out: Path | None, *, modified: bool,
) -> None:  # fmt: skip
    from hmi.cli._history_files import Part, whole_file, write

    parts: list[Part] = [Part(tag, read(tag)) for tag in tags]
    try:
        if out is None:
            write(parts, _to_stream(form, plant, modified=modified))
            return
        with whole_file(out) as path:
            if form in _ONLY_FILES:
                count = write(parts, _to_file(form, path, plant, modified=modified))
            else:
                with path.open("w", encoding="utf-8", newline="") as stream:
                    count = write(parts, _to_stream(form, plant, modified=modified, stream=stream))
        typer.echo(tr("{path}: {count} rows", path=out, count=count), err=True)
    except KeyboardInterrupt:
        typer.echo(tr("cancelled; nothing was written") if out else tr("cancelled"), err=True)
        raise typer.Exit(CANCELLED) from None


def _to_stream(form: str, plant: Plant, *, modified: bool, stream: IO[str] | None = None) -> Writer:
    from hmi.cli._history_files import CsvWriter, JsonWriter, Rows, TableWriter

    rows, target = Rows(plant.zone, modified=modified), stream or sys.stdout
    return {"csv": CsvWriter, "json": JsonWriter, "table": TableWriter}[form](target, rows)


def _to_file(form: str, path: Path, plant: Plant, *, modified: bool) -> Writer:
    """UsageError when the part of the product that writes it is not installed."""
    from hmi.cli._history_files import ParquetWriter, Rows, SheetWriter

    try:
        if form == "parquet":
            return ParquetWriter(path, modified=modified)
        return SheetWriter(path, Rows(plant.zone, modified=modified))
    except ImportError as error:
        raise UsageError(tr("{form} cannot be written here: {error}", form=form, error=error)) from None


def _state(plant: Plant, source: HistoryData, *, as_json: bool) -> None:
    from msgspec.structs import asdict

    from hmi.cli._alarm_data import shown_time

    state = source.state()
    if as_json:
        return typer.echo(json.dumps(asdict(state), indent=1, ensure_ascii=False))
    typer.echo(
        tr("stored until {time}, {count} commits", time=shown_time(plant, state.until), count=state.seq)
    )
    typer.echo(tr("compacted until {time}", time=shown_time(plant, state.compacted)))
    if state.bytes:
        typer.echo(
            tr("{used} MB used, {free} MB free", used=state.bytes // 10**6, free=state.free_bytes // 10**6)
        )
    for line in state.damaged:
        typer.echo(tr("damaged: {line}", line=line))
    if state.problem:
        typer.echo(state.problem)
    if state.damaged or state.problem:
        raise typer.Exit(1)
    return None
