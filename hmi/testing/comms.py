"""The connections of a runtime that is not there."""

from __future__ import annotations

from typing import Any

from hmi.client.comms import (
    Comms,
    FrameAnswer,
    FrameInfo,
    Frames,
    LineDetail,
    LineError,
    LineInfo,
    LineTimes,
    PointTest,
    ScanFigures,
    UnitFigures,
)
from hmi.core.clock import NS_PER_S
from hmi.core.errors import CommunicationError

AT_NS = 1_795_000_000 * NS_PER_S
USUAL = LineTimes(600, 12.4, 31.0, 88.2)


def make_line(name: str = "plc1", state: str = "up", **more: Any) -> LineInfo:
    """A connection that does well; ``more`` overrides."""
    fields: dict[str, Any] = {
        "driver": "modbus", "since": AT_NS - 7_200 * NS_PER_S, "text": "tcp://192.0.2.10:502 ACME PLC-9",
        "endpoint": "tcp://192.0.2.10:502", "requests_s": 24.0, "sent_s": 288.0, "received_s": 1_930.0, "load": 0.31,
        "times": USUAL, "units": [make_unit("1"), make_unit("2")],
    }  # fmt: skip
    return LineInfo(name=name, state=state, **{**fields, **more})


def make_unit(name: str = "1", state: str = "up", **more: Any) -> UnitFigures:
    fields: dict[str, Any] = {
        "since": AT_NS - 7_200 * NS_PER_S, "requests": 172_800, "answers": 172_790, "timeouts": 10,
        "heard": AT_NS - NS_PER_S // 5, "times": USUAL,
    }  # fmt: skip
    return UnitFigures(name=name, state=state, **{**fields, **more})


def make_error(text: str = "unit 2: no answer within 1 s", **more: Any) -> LineError:
    fields: dict[str, Any] = {
        "first": AT_NS - 600 * NS_PER_S, "last": AT_NS - 40 * NS_PER_S, "count": 10, "unit": "2",
        "where": "HR1-HR20", "tags": ["intake/fic1.pv"],
    }  # fmt: skip
    return LineError(text=text, **{**fields, **more})


def make_scan(planned_ms: float, blocks: int, achieved: LineTimes, **more: Any) -> ScanFigures:
    return ScanFigures(
        name=f"{planned_ms:g} ms",
        planned_ms=planned_ms,
        blocks=blocks,
        points=blocks * 20,
        achieved=achieved,
        **more,
    )


def make_detail(line: LineInfo | None = None, **more: Any) -> LineDetail:
    line = line or make_line()
    fields: dict[str, Any] = {
        "at": AT_NS, "counted": AT_NS - 90_000 * NS_PER_S,
        "endpoints": ["tcp://192.0.2.10:502", "tcp://192.0.2.11:502"],
        "counts": {
            "requests": 345_600, "answers": 345_580, "timeouts": 20, "exceptions": 6, "malformed": 1, "checksums": 1,
            "strays": 0, "connects": 3, "losses": 2, "sent_bytes": 4_147_200, "received_bytes": 27_800_000,
        },
        "codes": {"02 has no such address": 6}, "points": 214, "block_count": 12,
        "identity": {"vendor": "ACME", "product": "PLC-9", "revision": "2.1"}, "security": {"policy": "None"},
        "scans": [
            make_scan(250, 4, LineTimes(240, 250.1, 262.0, 301.0)),
            make_scan(1_000, 8, LineTimes(480, 1_000.2, 1_040.0, 2_004.0), overruns=3),
        ],
        "errors": [make_error(), make_error("unit 1 has no such address (exception 02)", count=6, unit="1")],
        "seconds": [
            [24.0, 288.0, 1_930.0, 310.0, 20.0 + n % 9 * 4, float(n == 30), 24.0, 12.0 + n % 5] for n in range(59)
        ],
    }  # fmt: skip
    return LineDetail(line=line, **{**fields, **more})


def make_frames(number: int = 2) -> list[FrameInfo]:
    """Questions and their answers in turn."""
    asked = FrameInfo(
        1, AT_NS, ">", "1", "03 read holding registers", "HR1-HR20", 12, "", -1.0, "00 01 00 00"
    )
    heard = FrameInfo(
        2, AT_NS + 12_000_000, "<", "1", "03 read holding registers", "", 49, "ok", 12.0, "00 01 00 00"
    )
    return [
        FrameInfo(
            n + 1, one.at + n * 20_000_000, one.direction, one.unit, one.what, one.where, one.size, one.result,
            one.took_ms, one.raw,
        )
        for n in range(number)
        for one in ((asked, heard)[n % 2],)
    ]  # fmt: skip


class FakeComms:
    """``details`` by name; ``asked`` holds what was switched and read."""

    def __init__(self) -> None:
        self.details: dict[str, LineDetail] = {}
        self.kept: dict[str, list[FrameInfo]] = {}
        self.left_s: dict[str, float] = {}
        self.tests: dict[str, PointTest] = {}
        self.asked: list[tuple[str, str, float]] = []

    def replace_all(self, *details: LineDetail) -> None:
        """Other connections from now on."""
        self.details = {one.line.name: one for one in details}

    def all(self) -> Comms:
        return Comms(AT_NS, [one.line for one in self.details.values()])

    def of(self, name: str) -> LineDetail:
        if name not in self.details:
            raise CommunicationError(f"there is no connection {name!r}")
        return self.details[name]

    def frames(self, name: str, after: int, *, raw: bool) -> Frames:
        self.of(name)
        kept = self.kept.get(name, [])
        return Frames(self.left_s.get(name, 0.0), len(kept), [one for one in kept if one.number > after])

    def log(self, name: str, seconds: float) -> FrameAnswer:
        self.of(name)
        self.asked.append(("frames", name, seconds))
        self.left_s[name] = seconds
        return FrameAnswer(f"the frames of {name} are kept for {seconds:g} s", seconds)

    def read(self, tag: str) -> PointTest:
        self.asked.append(("read", tag, 0.0))
        if tag not in self.tests:
            raise CommunicationError(f"there is no tag {tag!r}")
        return self.tests[tag]
