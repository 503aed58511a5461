"""Connections as their page shows them: states, figures of the last minute, errors, frames, a test of one point.

Lengths of time are ms, points in time UTC ns of the wall clock; those of a simulated plant too.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

FRAMES_MOST_S: Final = 60.0
FRAMES_PAGE: Final = 500
SECOND_COLUMNS: Final = (
    "requests", "sent_bytes", "received_bytes", "busy_ms", "slowest_ms", "faults", "answers", "mean_ms",
)  # fmt: skip
"""What each of ``LineDetail.seconds`` holds."""


class LineTimes(msgspec.Struct, frozen=True):
    """Of the last minute. ``number``: how many it was made of; 0 = nothing was measured."""

    number: int = 0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    worst_ms: float = 0.0


class UnitFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One device behind a connection. ``state`` as in ``ConnectionInfo``; ``demoted``: it is asked rarely, the next
    time in ``retry_s``. ``since``: when the state began, ``heard``: its last answer (0: none).
    """

    name: str
    state: str
    since: int = 0
    demoted: bool = False
    retry_s: float = 0.0
    requests: int = 0
    answers: int = 0
    timeouts: int = 0
    exceptions: int = 0
    heard: int = 0
    times: LineTimes = LineTimes()


class LineInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One connection in one line. ``load``: share of the last 10 s in which the line was busy (-1: several requests are
    on the way at once, so there is none). ``faults``: time-outs, exceptions, malformed answers and answers to no
    question of the last minute. ``logging_s``: how long its frames are kept yet.
    """

    name: str
    driver: str
    state: str
    since: int
    text: str
    simulated: bool = False
    endpoint: str = ""
    requests_s: float = 0.0
    sent_s: float = 0.0
    received_s: float = 0.0
    load: float = -1.0
    faults: int = 0
    times: LineTimes = LineTimes()
    units: list[UnitFigures] = []
    logging_s: float = 0.0


class Comms(msgspec.Struct, frozen=True):
    """All connections of one runtime in the order of its plant."""

    at: int
    lines: list[LineInfo]


class ScanFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What is planned every ``planned_ms``: ``blocks`` of a poll driver and the time between two reads of the same one
    in ``achieved``; or a subscription, which the server grants every ``granted_ms`` (0: polled).
    """

    name: str
    planned_ms: float
    blocks: int = 0
    points: int = 0
    overruns: int = 0
    achieved: LineTimes = LineTimes()
    granted_ms: float = 0.0
    keep_alive_ms: float = 0.0
    silent_ms: float = 0.0


class BlockFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One read block. ``actual_ms``: its last period (0: none yet), or the time since its last read where that is late
    and longer; ``resting``: read rarely, nobody looks at it.
    """

    name: str
    unit: str
    planned_ms: float
    read_ms: float
    actual_ms: float
    overruns: int
    points: int
    resting: bool = False


class LineError(msgspec.Struct, frozen=True, kw_only=True):
    """An error in words: it came ``count`` times from ``first`` to ``last``. ``tags``: the first ones it is about."""

    text: str
    first: int
    last: int
    count: int
    unit: str = ""
    where: str = ""
    tags: list[str] = []


class LineDetail(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one connection. ``counts`` and ``codes`` (refusals by code) are since ``counted``; what is
    told of notifications (values, gaps, republished, overflows) since the connection is up.

    ``blocks`` are those that are furthest behind their plan, of ``block_count``. ``seconds``: the last 59 whole
    seconds, oldest first, as ``SECOND_COLUMNS``. ``identity`` and ``security`` are as the device states them.
    """

    at: int
    line: LineInfo
    endpoints: list[str]
    counted: int
    counts: dict[str, int]
    codes: dict[str, int]
    identity: dict[str, str]
    security: dict[str, Any] = {}
    scans: list[ScanFigures] = []
    blocks: list[BlockFigures] = []
    block_count: int = 0
    errors: list[LineError] = []
    seconds: list[list[float]] = []
    notes: list[str] = []
    points: int = 0


class FrameInfo(msgspec.Struct, frozen=True):
    """One message on the wire. ``direction``: ``>`` sent, ``<`` received; ``took_ms`` of an answer (-1: none).

    ``raw``: its bytes in hex where they were asked for and are kept.
    """

    number: int
    at: int
    direction: str
    unit: str
    what: str
    where: str
    size: int
    result: str
    took_ms: float
    raw: str = ""


class Frames(msgspec.Struct, frozen=True):
    """Frames after a number, oldest first. ``left_s``: how long more of them are kept; 0 = no longer."""

    left_s: float
    newest: int
    frames: list[FrameInfo]


class FrameAnswer(msgspec.Struct, frozen=True):
    """What came of it: ``text``, and how long frames are kept from now on."""

    text: str
    left_s: float


class PointTest(msgspec.Struct, frozen=True, kw_only=True):
    """One point read from its device just now. ``device``: what was asked and came (words, bits, bytes), ``decode``:
    how it was read. ``raw`` is the decoded value, ``value`` the scaled one; ``fault``: why there is none, one sentence.
    """

    tag: str
    connection: str
    address: str
    at: int
    took_ms: float
    device: dict[str, Any] = {}
    decode: dict[str, Any] = {}
    raw: Any = None
    raw_status: int = 0
    value: Any = None
    status: int = 0
    source_time: int = 0
    unit: str = ""
    fault: str = ""
