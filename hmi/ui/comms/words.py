"""What the page says of connections and the devices behind them; pure. Nothing old is shown as how it is now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any, Final, NamedTuple

from hmi.client.comms import (
    BlockFigures,
    Comms,
    FrameInfo,
    LineDetail,
    LineError,
    LineInfo,
    LineTimes,
    PointTest,
    ScanFigures,
    UnitFigures,
)
from hmi.core.clock import NS_PER_S, wall_ns
from hmi.core.texts import tr
from hmi.ui.quality_words import status_words
from hmi.ui.times import clock_text, date_text, duration, time_text

LINE_WORDS: Final = {
    "up": "Connected", "down": "Not connected", "connecting": "Connecting", "refused": "Refused", "closed": "Closed",
    "unknown": "Not known",
}  # fmt: skip
UNIT_WORDS: Final = {
    "up": "Answers", "missed": "Missed its last request", "silent": "Silent", "unknown": "Not known",
}  # fmt: skip
WELL: Final = frozenset(("up",))
DASH: Final = "–"
_COUNTS: Final = (
    ("timeouts", "Time-outs"), ("exceptions", "Refused by the device"), ("malformed", "Malformed answers"),
    ("strays", "Answers to no question"), ("losses", "Connection lost"), ("connects", "Connected"),
    ("notifications", "Notifications"), ("values", "Values in them"), ("gaps", "Gaps in their order"),
    ("republished", "Sent again"), ("overflows", "Overflows of queues"),
)  # fmt: skip
_SECURITY: Final = {
    "None": "none: messages are neither signed nor encrypted",
    "Sign": "signed",
    "SignAndEncrypt": "signed and encrypted",
}
_LOGINS: Final = {"anonymous": "without a user", "certificate": "by certificate"}
_IDENTITY: Final = {
    "vendor": "Vendor", "product": "Product", "revision": "Revision", "application_uri": "Application",
    "server_state": "Server says", "session": "Simulator session",
}  # fmt: skip
_SAID: Final = {
    "unit": "Unit", "table": "Table", "offset": "Offset, from 0", "count": "Count", "function": "Function",
    "request": "Request, hex", "words": "Words", "bit": "Bit", "bytes": "Bytes, hex", "exception": "Exception",
    "node": "Node", "index_range": "Part of the array", "raw": "On the wire", "status_words": "Server says",
}  # fmt: skip
_HEX: Final = frozenset(("words",))
_OF_NOW: Final = frozenset(("server_state",))
Facts = Iterator[tuple[str, str]]


class Row(NamedTuple):
    """A connection, or a device behind it; ``is_current`` False: it was told too long ago."""

    line: LineInfo
    unit: UnitFigures | None = None
    is_current: bool = True

    @property
    def key(self) -> tuple[str, str]:
        return self.line.name, self.unit.name if self.unit is not None else ""

    @property
    def state(self) -> str:
        """One of the signs."""
        if not self.is_current:
            return "unknown"
        if self.unit is None:
            return self.line.state if self.line.state in LINE_WORDS else "unknown"
        return f"unit.{self.unit.state}" if self.unit.state != "unknown" else "unknown"


def rows_of(found: Comms, *, is_current: bool) -> list[Row]:
    """Connections in the order of the plant, each with the devices behind it."""
    rows: list[Row] = []
    for line in found.lines:
        rows.append(Row(line, None, is_current))
        rows += [Row(line, unit, is_current) for unit in line.units]
    return rows


def title_of(row: Row) -> str:
    return row.line.name if row.unit is None else tr("Unit {name}", name=row.unit.name)


def state_words(row: Row, at: int) -> str:
    """State, and for how long."""
    if not row.is_current:
        return tr(LINE_WORDS["unknown"])
    if row.unit is None:
        words, since = tr(LINE_WORDS[row.state]), row.line.since
    else:
        words, since = tr(UNIT_WORDS[row.unit.state]), row.unit.since
    if since and row.state != "unknown":
        words = tr("{state} for {time}", state=words, time=duration(max(0.0, (at - since) / NS_PER_S)))
    if row.unit is not None and row.unit.demoted:
        words = tr("{words}; asked again in {s}", words=words, s=duration(row.unit.retry_s))
    return words


def figures_words(row: Row) -> str:
    """The second line of a row."""
    line, unit = row.line, row.unit
    if row.state == "unknown":
        return DASH
    if unit is not None:
        return tr("{ms}, time-outs {n}, refused {e}", ms=ms_words(unit.times.p50_ms, unit.times.number),
                  n=count_words(unit.timeouts), e=count_words(unit.exceptions))  # fmt: skip
    if line.state != "up":
        return line.text
    parts = [line.driver, tr("{n} requests/s", n=f"{line.requests_s:,.1f}")]
    if line.load >= 0:
        parts.append(tr("{n} % busy", n=f"{100 * line.load:.0f}"))
    parts.append(ms_words(line.times.p50_ms, line.times.number))
    return ", ".join(parts)


def side_words(row: Row) -> str:
    """What is not as it should be, at the right of a row."""
    if not row.is_current or row.unit is not None or not row.line.faults:
        return ""
    return tr("{n} faults", n=count_words(row.line.faults))


def ms_words(ms: float, number: int = 1) -> str:
    """A length of time with digits that mean something."""
    if not number:
        return DASH
    return f"{ms:,.1f} ms" if ms < 100 else f"{ms:,.0f} ms"


def bytes_words(number: float) -> str:
    return f"{number:,.0f} B/s" if number < 10_000 else f"{number / 1_000:,.1f} kB/s"


def count_words(number: int) -> str:
    return f"{number:,}"


def count_line(found: Comms, *, is_current: bool) -> str:
    """Beside the title of the page."""
    well = sum(line.state == "up" for line in found.lines) if is_current else 0
    silent = sum(unit.state == "silent" for line in found.lines for unit in line.units) if is_current else 0
    words = tr("{well} of {n} connected", well=well if is_current else DASH, n=len(found.lines))
    return tr("{words}, silent devices: {n}", words=words, n=silent) if silent else words


# the chosen connection


def facts_of(one: LineDetail, zone: tzinfo, *, is_current: bool) -> Facts:
    """Label and value. Counts and what the device said of itself stay true when nothing more is told."""
    line, known = one.line, is_current and one.line.state == "up"
    yield tr("Endpoint"), _endpoints(one, is_used=known)
    yield tr("Requests"), tr("{n} a second", n=f"{line.requests_s:,.1f}") if known else DASH
    yield (
        tr("Sent, received"),
        f"{bytes_words(line.sent_s)}, {bytes_words(line.received_s)}" if known else DASH,
    )
    if line.load >= 0:
        yield (
            tr("Load"),
            tr("{n} % of the time the line is busy", n=f"{100 * line.load:.0f}") if known else DASH,
        )
    yield tr("Response time"), _spread(line.times) if known else DASH
    yield (
        tr("Points"),
        tr("{n} in {blocks} blocks", n=count_words(one.points), blocks=count_words(one.block_count)),
    )
    yield from _identity_facts(one.identity, is_now=known)
    yield from _security_facts(one.security, zone)
    yield tr("Since {time}", time=clock_text(one.counted, zone)), _counts(one)
    if one.codes:
        yield (
            tr("Refusals by code"),
            "\n".join(f"{code}: {count_words(n)}" for code, n in sorted(one.codes.items())),
        )
    if one.notes and is_current:
        yield tr("Notes"), "\n".join(one.notes)


def facts_of_unit(row: Row, one: LineDetail, zone: tzinfo) -> Facts:
    """Label and value of a device behind a connection; what it counted stays true when nothing more is told."""
    unit = row.unit
    assert unit is not None
    yield tr("Connection"), row.line.name
    yield tr("Last answer"), clock_text(unit.heard, zone) if unit.heard else DASH
    yield tr("Response time"), _spread(unit.times) if row.is_current else DASH
    late = tr("{n} blocks", n=count_words(sum(map(is_late, blocks_of(one, row)))))
    yield tr("Behind their plan"), late if row.is_current else DASH
    asked = tr("{n} requests, {a} answers", n=count_words(unit.requests), a=count_words(unit.answers))
    counted = _noted({"timeouts": unit.timeouts, "exceptions": unit.exceptions})
    yield tr("Since {time}", time=clock_text(one.counted, zone)), "\n".join([asked, *counted])


def blocks_of(one: LineDetail, row: Row) -> list[BlockFigures]:
    """Those that are asked of the chosen device, of a connection all."""
    return [block for block in one.blocks if row.unit is None or block.unit == row.unit.name]


def errors_of(one: LineDetail, row: Row) -> list[LineError]:
    """Those of the chosen device, of a connection all."""
    return [error for error in one.errors if row.unit is None or error.unit == row.unit.name]


def _spread(times: LineTimes) -> str:
    if not times.number:
        return DASH
    return tr(
        "half within {p50}, 99 % within {p99}, worst {worst}", p50=ms_words(times.p50_ms),
        p99=ms_words(times.p99_ms), worst=ms_words(times.worst_ms),
    )  # fmt: skip


def _endpoints(one: LineDetail, *, is_used: bool) -> str:
    last = one.line.endpoint
    marked = (
        tr("{endpoint} (in use)", endpoint=last) if is_used else tr("{endpoint} (tried last)", endpoint=last)
    )
    lines = [marked if each == last else each for each in one.endpoints]
    return "\n".join(lines) if len(lines) > 1 else (last or "\n".join(one.endpoints) or DASH)


def _counts(one: LineDetail) -> str:
    counts = one.counts
    requests, answers = count_words(counts.get("requests", 0)), count_words(counts.get("answers", 0))
    asked = tr("{n} requests, {a} answers", n=requests, a=answers)
    found = _noted(counts)
    if sums := counts.get("checksums"):
        found.append(tr("of the malformed ones with a wrong check sum: {n}", n=count_words(sums)))
    return "\n".join([asked, *found])


def _noted(counts: Mapping[str, int]) -> list[str]:
    return [f"{tr(words)}: {count_words(counts[key])}" for key, words in _COUNTS if counts.get(key)]


def _identity_facts(identity: Mapping[str, str], *, is_now: bool) -> Facts:
    """What a device is stays so; what it says of its state is of now alone."""
    for key, label in _IDENTITY.items():
        if value := identity.get(key):
            yield tr(label), value if is_now or key not in _OF_NOW else DASH


def _security_facts(security: Mapping[str, Any], zone: tzinfo) -> Facts:
    if not security:
        return
    policy, mode = str(security.get("policy", "")), str(security.get("mode", ""))
    words = ", ".join(filter(None, (policy, tr(_SECURITY.get(mode, mode)))))
    yield tr("Security"), tr(_SECURITY["None"]) if policy == "None" else words
    if login := str(security.get("login", "")):
        user = str(security.get("user", ""))
        yield tr("Login"), tr("user {name}", name=user) if user else tr(_LOGINS.get(login, login))
    if subject := security.get("server_certificate"):
        yield tr("Certificate of the server"), f"{subject}\n{_valid(security, 'server', zone)}"
        yield tr("Own certificate"), _valid(security, "own", zone)


def _valid(security: Mapping[str, Any], whose: str, zone: tzinfo) -> str:
    day = date_text(int(security.get(f"{whose}_valid_to", 0)), zone)
    return tr("valid to {day}, {n} days left", day=day, n=security.get(f"{whose}_days_left", 0))


# tables


def scan_text(row: ScanFigures | BlockFigures, key: str) -> str:
    """A cell of the table of periods."""
    if isinstance(row, BlockFigures):
        return _block_text(row, key)
    spread = row.achieved
    match key:
        case "name":
            title = "Subscription {name}" if row.granted_ms else "Scan class {name}"
            return tr(title, name=row.name)
        case "planned":
            return ms_words(row.planned_ms)
        case "achieved":
            return ms_words(row.granted_ms) if row.granted_ms else ms_words(spread.p50_ms, spread.number)
        case "worst":
            return ms_words(row.silent_ms) if row.granted_ms else ms_words(spread.worst_ms, spread.number)
        case "overruns":
            return DASH if row.granted_ms else count_words(row.overruns)
        case "points":
            return count_words(row.points)
        case _:
            return _scan_note(row)


def _scan_note(row: ScanFigures) -> str:
    if not row.granted_ms:
        return tr("{n} blocks", n=count_words(row.blocks))
    return tr("granted by the server; a sign of life every {s}", s=duration(row.keep_alive_ms / 1_000))


def _block_text(row: BlockFigures, key: str) -> str:
    match key:
        case "name":
            return row.name
        case "planned":
            return ms_words(row.read_ms)
        case "achieved" | "worst":
            return ms_words(row.actual_ms, int(row.actual_ms > 0)) if key == "achieved" else ""
        case "overruns":
            return count_words(row.overruns)
        case "points":
            return count_words(row.points)
        case _:
            return (
                tr("rests: nobody looks, its plan is {ms}", ms=ms_words(row.planned_ms))
                if row.resting
                else ""
            )


def is_late(row: ScanFigures | BlockFigures) -> bool:
    """More than half a period behind its plan."""
    if isinstance(row, BlockFigures):
        return row.actual_ms > 1.5 * row.read_ms
    return (row.granted_ms or row.achieved.p50_ms) > 1.5 * row.planned_ms


def error_text(row: LineError, key: str, zone: tzinfo) -> str:
    """A cell of the table of errors."""
    match key:
        case "last":
            return f"{time_text(row.last, zone, millis=False)}  {date_text(row.last, zone)}"
        case "unit":
            return row.unit
        case "where":
            return row.where
        case "count":
            return f"× {count_words(row.count)}" if row.count > 1 else ""
        case "tags":
            return ", ".join(row.tags)
        case _:
            return row.text


def frame_text(row: FrameInfo, key: str, zone: tzinfo) -> str:
    """A cell of the table of frames."""
    match key:
        case "at":
            return _moment(row.at, zone)
        case "direction":
            return tr("sent") if row.direction == ">" else tr("received")
        case "unit":
            return row.unit
        case "what":
            return row.what
        case "where":
            return row.where
        case "size":
            return f"{row.size:,} B"
        case "took":
            return ms_words(row.took_ms) if row.took_ms >= 0 else ""
        case _:
            return row.result


def _moment(at: int, zone: tzinfo) -> str:
    """Time of day; of another day than today with its date. A recording is never as old as a year."""
    day, today = date_text(at, zone), date_text(wall_ns(), zone)
    return time_text(at, zone) if day == today else f"{day.rpartition(' ')[0]} {time_text(at, zone)}"


def is_bad_frame(row: FrameInfo) -> bool:
    """An answer that is none, or a refusal."""
    return row.direction == "<" and row.result != tr("ok")


def frame_line(row: FrameInfo, zone: tzinfo) -> str:
    """One frame as a line of text, for the clipboard: separated by tabs."""
    keys = ("at", "direction", "unit", "what", "where", "size", "took", "result")
    return "\t".join([*(frame_text(row, key, zone) for key in keys), row.raw])


def matches(row: FrameInfo, wanted: str) -> bool:
    """Every word of the filter stands somewhere in the frame."""
    text = f"{row.unit} {row.what} {row.where} {row.result} {row.raw}".lower()
    return all(word in text for word in wanted.lower().split())


# a test of one point


def facts_of_test(one: PointTest, zone: tzinfo) -> Facts:
    """From the wire to the screen."""
    yield tr("Address"), f"{one.connection}  {one.address}"
    yield tr("Read"), clock_text(one.at, zone)
    if one.fault:
        yield tr("Fault"), one.fault
    for key, value in one.device.items():
        if key in _SAID:
            yield tr(_SAID[key]), _shown(key, value)
    if one.decode:
        yield tr("Decoded as"), ", ".join(f"{key} {value}" for key, value in one.decode.items())
    yield tr("Raw value"), DASH if one.raw is None else str(one.raw)
    yield tr("Value"), DASH if one.value is None else f"{_number(one.value)} {one.unit}".strip()
    yield tr("Quality"), status_words(one.status)
    if one.source_time:
        yield tr("Time of the source"), clock_text(one.source_time, zone)
    device_ms = one.device.get("took_ms")
    spread = tr("{device} at the device, {all} in all", device=ms_words(device_ms), all=ms_words(one.took_ms)) if (
        device_ms is not None
    ) else ms_words(one.took_ms)  # fmt: skip
    yield tr("Took"), spread


def _shown(key: str, value: Any) -> str:
    if key in _HEX and isinstance(value, list):
        return "  ".join(f"{word} (0x{word:04X})" for word in value[:64])
    return str(value)


def _number(value: Any) -> str:
    return f"{value:.7g}" if isinstance(value, float) else str(value)
