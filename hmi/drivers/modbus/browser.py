"""Browses a Modbus device: which units answer, which addresses they have, and what lies behind them, as guesses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field

from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.core.errors import CommunicationError
from hmi.core.texts import tr
from hmi.drivers.modbus._address import Table
from hmi.drivers.modbus._browse_options import BROWSE_OPTIONS, Asked, asked
from hmi.drivers.modbus._browse_rows import Rows
from hmi.drivers.modbus._endpoint import parse_endpoint
from hmi.drivers.modbus._guess import Guessed, guess
from hmi.drivers.modbus._guess_expect import Expected
from hmi.drivers.modbus._guess_kinds import Samples
from hmi.drivers.modbus._probe_link import Answer, ProbeLink, UnitGone
from hmi.drivers.modbus._probe_ranges import Found, RangeSearch
from hmi.drivers.modbus._probe_units import Seen, is_alike, meet, meet_again
from hmi.drivers.modbus._probe_watch import Tile, Watch, tiles_of
from hmi.project.importing import BrowseAsk, Browser, Imported, ImportFault, ProposedConnection, ProposedRow

__all__ = ["BROWSE_OPTIONS", "create"]

_SHOWN_RANGES = 12
_LEAST_S = 1.0  # of the search in one table


@dataclass(slots=True)
class _Story:
    """What a browse has found so far; stands as it is when it has to end early."""

    notes: list[str] = field(default_factory=list[str])
    faults: list[ImportFault] = field(default_factory=list[ImportFault])
    rows: list[ProposedRow] = field(default_factory=list[ProposedRow])
    tables: dict[tuple[int, Table], Found] = field(default_factory=dict[tuple[int, Table], Found])
    limits: set[int] = field(default_factory=set[int])
    has_holes: bool = False

    def fault(self, text: str, do: str = "", *, is_error: bool = False) -> None:
        self.faults.append(ImportFault(text, do=do, is_error=is_error))


class ModbusBrowser:
    """Implements ``hmi.project.importing.Browser``; one object may browse many devices, one after the other."""

    async def browse(self, ask: BrowseAsk) -> Imported:
        """Units, ranges and guesses. CommunicationError when the device cannot be reached at all."""
        endpoint = parse_endpoint(ask.endpoint)
        wanted = asked(ask.options, ask.settings, endpoint)
        story = _Story()
        tiles: list[Tile] = []
        async with ProbeLink(ask.endpoint, ask.settings, wanted.rate, server_id=wanted.server_id) as link:
            await _so_far(_search(link, wanted, ask, story, shares_a_line=endpoint.medium == "serial"), story)
            link.forgive()
            tiles = _tiles(story)
            watch = Watch(link, tiles, wanted.seconds, lambda done, of: ask.told(tr("watching"), done, of))
            await _so_far(watch.run(), story)
            for why in watch.gone.values():
                story.fault(tr("{why}; what was seen of it until then is proposed", why=why))
            _tell_of_the_link(link, story)
        ask.told(tr("guessing"), 0, 0)
        await asyncio.to_thread(_guess_all, tiles, wanted, ask, story)
        _tell_the_end(wanted, story)
        return Imported(
            rows=story.rows, faults=story.faults, notes=story.notes, connections=_connections(ask, story)
        )


def create() -> ModbusBrowser:
    """The browser of this driver."""
    return ModbusBrowser()


async def _so_far(work: Awaitable[None], story: _Story) -> None:
    """What was found stands, also when the connection is lost for good."""
    try:
        await work
    except CommunicationError as error:
        story.fault(tr("the browse ended early: {why}", why=error), tr("ask again later"), is_error=True)


# --- units and ranges ------------------------------------------------------------------------------------


async def _search(
    link: ProbeLink, wanted: Asked, ask: BrowseAsk, story: _Story, *, shares_a_line: bool
) -> None:
    met = await _meet_all(link, wanted, ask, story)
    started = monotonic_ns()
    for number, seen in enumerate(met):
        if not shares_a_line and (twin := await _twin(link, seen, met[:number], story)):
            story.notes.append(
                tr(
                    "unit {unit} answers as unit {twin} does: it is the same device",
                    unit=seen.unit,
                    twin=twin,
                )
            )
            continue
        share_s = (wanted.max_seconds - (monotonic_ns() - started) / NS_PER_S) / (len(met) - number)
        try:
            await _search_unit(link, seen.unit, wanted, ask, story, seconds=max(_LEAST_S, share_s))
        except UnitGone as error:
            story.fault(str(error), tr("what was found until then is proposed"))


async def _meet_all(link: ProbeLink, wanted: Asked, ask: BrowseAsk, story: _Story) -> list[Seen]:
    met: list[Seen] = []
    silent: dict[str, list[str]] = {}
    for number, unit in enumerate(wanted.units):
        ask.told(tr("asking unit {unit}", unit=unit), number, len(wanted.units))
        seen = await meet(link, unit, wanted.tables, server_id=wanted.server_id)
        if seen.silent and number == 0:  # some devices are deaf for a while after a function they do not know
            seen = await meet_again(link, unit, wanted.tables)
        if seen.silent:
            silent.setdefault(seen.silent, []).append(str(unit))
            continue
        met.append(seen)
        identity = seen.identity() or tr("it does not say what it is")
        story.notes.append(tr("unit {unit} answers: {identity}", unit=unit, identity=identity))
    for why, units in silent.items():
        story.notes.append(tr("silent: unit {units}: {why}", units=", ".join(units), why=why))
    if not met:
        story.fault(
            tr("none of the units {units} answers", units=", ".join(map(str, wanted.units))),
            tr("name the unit of the device: units=17"),
            is_error=True,
        )
    return met


async def _twin(link: ProbeLink, seen: Seen, before: Sequence[Seen], story: _Story) -> int | None:
    for other in before:
        for (unit, table), found in story.tables.items():
            if unit == other.unit and found.reads and await is_alike(link, other, seen, table, found.reads):
                return unit
    return None


async def _search_unit(
    link: ProbeLink, unit: int, wanted: Asked, ask: BrowseAsk, story: _Story, *, seconds: float
) -> None:
    tables = [table for table in wanted.tables if wanted.parts(unit, table)]
    for number, table in enumerate(tables):
        ask.told(tr("searching {table} of unit {unit}", table=table.value, unit=unit), number, len(tables))
        share_s = max(_LEAST_S, seconds / (len(tables) - number))
        until = monotonic_ns() + int(share_s * NS_PER_S)
        begun = monotonic_ns()

        async def read(first: int, count: int, table: Table = table) -> Answer:
            return await link.read(unit, table, first, count)

        def is_over(until: int = until) -> bool:
            return monotonic_ns() >= until

        search = RangeSearch(
            read,
            wanted.parts(unit, table),
            wanted.span(table),
            exact=wanted.is_exact,
            is_bits=table.is_bits,
            is_over=is_over,
        )
        story.tables[unit, table] = search.found
        await search.run()
        _tell_of_table(unit, table, search.found, ask, story)
        seconds -= (monotonic_ns() - begun) / NS_PER_S


def _tell_of_table(unit: int, table: Table, found: Found, ask: BrowseAsk, story: _Story) -> None:
    rows = Rows(ask.connection, ask.area, unit, {**ask.settings, "unit": unit})
    name = tr("unit {unit}, {table}", unit=unit, table=table.value)
    if found.is_absent:
        story.notes.append(tr("{table}: the device has no such table", table=name))
        return
    ranges = [f"{rows.address(table, first)}-{rows.address(table, end - 1)}" for first, end in found.ranges]
    more = len(ranges) - _SHOWN_RANGES
    text = ", ".join(ranges[:_SHOWN_RANGES]) + (tr(" and {n} more", n=more) if more > 0 else "")
    story.notes.append(tr("{table}: {ranges}", table=name, ranges=text or tr("nothing answers")))
    story.has_holes |= len(ranges) > 1
    if not table.is_bits and found.reads:
        story.limits.add(found.limit)
    if not found.complete:
        story.fault(
            tr("{table}: the time was over before all addresses had been asked", table=name),
            tr("name ranges, or give more max_seconds"),
        )
    if found.silent:
        story.notes.append(
            tr("{table}: {n} requests got no answer; the device is silent where it has nothing", table=name,
               n=found.silent)
        )  # fmt: skip


def _tiles(story: _Story) -> list[Tile]:
    return [tile for (unit, table), found in story.tables.items() for tile in tiles_of(unit, table, found)]


def _tell_of_the_link(link: ProbeLink, story: _Story) -> None:
    story.notes.append(tr("{n} requests were sent, all of them reads", n=link.requests))
    if link.slowed:
        story.notes.append(
            tr(
                "the device cannot follow faster than about one request in {s} s",
                s=f"{link.pace.interval_s:.2g}",
            )
        )
    if strays := link.stray_answers:
        story.fault(
            tr("{n} answers belonged to no request (another transaction number or too late); none was used", n=strays),
            tr("look for a second master, a gateway that mixes up its clients, or a longer timeout_ms"),
        )  # fmt: skip


# --- guesses ---------------------------------------------------------------------------------------------


def _guess_all(tiles: Sequence[Tile], wanted: Asked, ask: BrowseAsk, story: _Story) -> None:
    """Takes seconds for thousands of registers, so it runs beside the loop."""
    for unit, table in story.tables:
        parts = [tile.samples() for tile in tiles if (tile.unit, tile.table) == (unit, table) and tile.rows]
        rows = Rows(ask.connection, ask.area, unit, ask.settings)
        if table.is_bits:
            story.rows += rows.of_bits(table, parts, zeros=wanted.zeros)
            continue
        expected = [one for one in wanted.expected if (one.unit, one.table) == (unit, table)]
        guessed = guess(_spans(parts), expected)
        story.rows += rows.of_registers(table, guessed)
        if wanted.zeros:
            story.rows += rows.of_zeros(table, guessed)
        _tell_of_guesses(rows, table, guessed, story, zeros=wanted.zeros)


def _spans(parts: Sequence[Samples]) -> list[list[Samples]]:
    """Parts that overlap or touch belong to one range."""
    spans: list[list[Samples]] = []
    for part in sorted(parts, key=lambda part: part.start):
        if spans and part.start <= max(other.end for other in spans[-1]):
            spans[-1].append(part)
        else:
            spans.append([part])
    return spans


def _tell_of_guesses(rows: Rows, table: Table, guessed: Guessed, story: _Story, *, zeros: bool) -> None:
    if guessed.order:
        story.notes.append(
            tr("{address} and on: values of several registers are mostly {order}",
               address=rows.address(table, guessed.items[0].offset), order=guessed.order)
        )  # fmt: skip
    if guessed.unused and not zeros:
        ranges = [
            f"{rows.address(table, first)}-{rows.address(table, end - 1)}" for first, end in guessed.unused
        ]
        more = len(ranges) - _SHOWN_RANGES
        text = ", ".join(ranges[:_SHOWN_RANGES]) + (tr(" and {n} more", n=more) if more > 0 else "")
        story.notes.append(tr("no rows for what stayed 0 or 'not available': {ranges}", ranges=text))
    for one in guessed.missed:
        story.fault(_missed(rows, one), tr("check address and value, or watch while the display shows it"))


def _missed(rows: Rows, one: Expected) -> str:
    return tr(
        "{address} shows {value} in no type, order or scale",
        address=rows.address(one.table, one.offset), value=one.text,
    )  # fmt: skip


def _tell_the_end(wanted: Asked, story: _Story) -> None:
    known = {(unit, table) for unit, table in story.tables}
    for one in wanted.expected:
        if (one.unit, one.table) not in known:
            story.fault(tr("unit {unit} was not looked at, so {value} could not be compared", unit=one.unit,
                           value=one.text))  # fmt: skip
    if story.rows:
        story.notes.append(
            tr("types and orders of registers are guesses: Modbus does not tell them; read the reasons before you take"
               " them over")
        )  # fmt: skip


def _connections(ask: BrowseAsk, story: _Story) -> tuple[ProposedConnection, ...]:
    """The connection with what its driver should know of this device; none where the tags have none."""
    if not ask.connection:
        return ()
    settings = dict(ask.settings)
    if (limit := min(story.limits, default=125)) < int(settings.get("max_registers", 125)):
        settings["max_registers"] = limit
    if story.has_holes:
        settings.setdefault("sparse", True)
    return (ProposedConnection(ask.connection, "modbus", ask.endpoint, settings),)


_PORT: type[Browser] = ModbusBrowser  # the type checker proves that it obeys the port
