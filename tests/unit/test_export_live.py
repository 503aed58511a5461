"""What an export shows as live is live: a pause, another plant or a long package never leaves an old value standing."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from export_desk import Desk
from export_stream import BEGIN, good, series
from msgspec.structs import replace

from hmi import exporting
from hmi.client.port import Event, LiveUpdate
from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.values import DataValue
from hmi.export import LIVE_ROWS, MOST_ROWS, JobCondition, LiveTap, SampleSource, source_of
from hmi.export.live import SILENCE_NS
from hmi.testing.plant import make_plant, make_tag

GROUP, LIMIT_MS = "plc", 3_000


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    it = Desk(tmp_path / "exports")
    it.tap = LiveTap(it.source.series, is_simulated=False)
    it.again()
    return it


@pytest.fixture
def tap(desk: Desk) -> LiveTap:
    assert desk.tap is not None
    return desk.tap


def update(values: dict[str, DataValue], *, snapshot: bool = False, age_ms: int = 0) -> LiveUpdate:
    groups = dict.fromkeys(values, GROUP) if snapshot else {}
    return LiveUpdate(values, {GROUP: age_ms}, 1, 1, snapshot, groups, {GROUP: LIMIT_MS} if snapshot else {})


def shown(tap: LiveTap, second: int = 0) -> list[DataValue] | None:
    rows = tap.take(BEGIN + second * NS_PER_S)
    return None if rows is None else rows.samples.values()


def all_good(tap: LiveTap, value: float = 1.0) -> dict[str, DataValue]:
    return {name: good(value, BEGIN) for name in tap.names}


def test_a_pause_closes_what_shows_live_values_and_its_end_shows_all_of_them(
    desk: Desk, tap: LiveTap
) -> None:
    tap.on_link(True, "")
    tap.on_live(update(all_good(tap), snapshot=True))
    desk.second()
    assert (desk.target.closed, len(desk.target.shown)) == (0, 1)
    desk.ask("pause")
    desk.second()
    assert desk.runner.figures.condition is JobCondition.PAUSED
    assert desk.target.closed == 1
    tap.on_live(update({tap.names[0]: good(2.0, BEGIN + NS_PER_S)}))
    desk.seconds(3)
    assert (desk.target.closed, len(desk.target.shown)) == (1, 1)
    desk.ask("resume")
    desk.second()
    assert [one.value for one in desk.target.shown[1].samples.values()] == [2.0, 1.0, 1.0]


def test_a_pause_that_lasts_over_a_restart_never_opens_the_exporter(desk: Desk) -> None:
    desk.second()
    desk.ask("pause")
    desk.second()
    opened: list[int] = []
    desk.target.open = lambda: opened.append(1)  # type: ignore[method-assign]
    desk.again()
    desk.seconds(3)
    assert opened == []


def test_a_value_that_the_snapshot_has_no_more_is_bad(tap: LiveTap) -> None:
    tap.on_link(True, "")
    tap.on_live(update(all_good(tap), snapshot=True))
    assert shown(tap) == list(all_good(tap).values())
    tap.on_link(False, "the runtime has ended")
    tap.on_link(True, "")
    tap.on_live(update({name: good(2.0, BEGIN) for name in tap.names[:2]}, snapshot=True))
    values = shown(tap, 3)
    assert values is not None
    assert [one.value for one in values] == [2.0, 2.0, None]
    assert values[2].status == quality.BAD_NO_COMMUNICATION


@pytest.mark.parametrize("way", ["link", "age"])
def test_a_value_of_a_runtime_or_a_device_that_is_silent_is_bad(tap: LiveTap, way: str) -> None:
    tap.on_link(True, "")
    tap.on_live(update(all_good(tap), snapshot=True))
    assert shown(tap) is not None
    assert shown(tap) is None
    if way == "link":
        tap.on_link(False, "it is silent")
    else:
        tap.on_live(update({}, age_ms=LIMIT_MS + 1))
    values = shown(tap, 5)
    assert values is not None
    assert {(one.value, one.status) for one in values} == {(None, quality.BAD_NO_COMMUNICATION)}


def test_a_package_beside_live_values_is_small_and_they_go_between_two_of_them(
    desk: Desk, tap: LiveTap
) -> None:
    desk.source = SampleSource(desk.archive, desk.source.series, most=2 * len(tap.names))
    desk.again()
    tap.on_link(True, "")
    tap.on_live(update(all_good(tap), snapshot=True))
    desk.second()
    desk.seconds(10, turns=0)
    seen = len(desk.target.shown)
    order: list[str] = []
    deliver, live = desk.target.deliver, desk.target.live
    desk.target.deliver = lambda package: (order.append("package"), deliver(package))  # type: ignore[method-assign]
    desk.target.live = lambda rows: (order.append("live"), live(rows))  # type: ignore[method-assign]
    for second in range(20):
        tap.on_live(update({tap.names[0]: good(float(second), BEGIN + second)}))
        desk.clock += 30
        desk.runner.turn()
    assert len(desk.target.shown) == seen + 20
    assert "package package" not in " ".join(order)


def test_a_job_with_a_tap_takes_so_many_rows_at_once_and_no_more(desk: Desk) -> None:
    plant = make_plant([make_tag(f"n{number}.pv", history=True) for number in range(50)])
    small = source_of(plant, desk.job, reader=desk.archive, is_live=True)
    large = source_of(plant, desk.job, reader=desk.archive)
    hours = {source.piece.length // NS_PER_S for source in (small, large)}
    assert hours == {3_600}
    assert (small.piece.most, large.piece.most) == (LIVE_ROWS // 3_600, MOST_ROWS // 3_600)


def test_a_client_that_has_stopped_leaves_nothing_live() -> None:
    """No word of a lost link comes where the one who would say it hangs."""
    now = [0]
    tap = LiveTap([series(0), series(1)], is_simulated=False, monotonic=lambda: now[0])
    tap.on_link(True, "")
    tap.on_live(update(all_good(tap), snapshot=True))
    assert [one.status for one in shown(tap) or ()] == [quality.GOOD] * 2
    now[0] = SILENCE_NS
    assert shown(tap) is None
    now[0] += 1
    assert [(one.value, one.status) for one in shown(tap) or ()] == [(None, quality.BAD_NO_COMMUNICATION)] * 2
    tap.on_live(update({}))
    assert [one.value for one in shown(tap) or ()] == [1.0, 1.0], "all of them live again"


def test_a_listener_that_breaks_is_a_lost_link_and_another_one_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, tap, made = threading.Event(), LiveTap([series(0)], is_simulated=False), list[int]()

    class Breaking:
        def __init__(self, data: Path, listener: LiveTap) -> None:
            made.append(1)
            listener.on_link(True, "")
            listener.on_live(update(all_good(listener), snapshot=True))

        async def subscribe(self, names: tuple[str, ...]) -> None:
            if len(made) < 2:
                raise ZeroDivisionError
            assert [one.status for one in shown(tap) or ()] == [quality.GOOD]
            stop.set()

        async def close(self) -> None: ...

    monkeypatch.setattr(exporting, "SocketClient", Breaking)
    told = tap.on_link
    lost: list[str] = []
    monkeypatch.setattr(tap, "on_link", lambda up, text: (told(up, text), up or lost.append(text)))
    monkeypatch.setattr(exporting, "LOOK_S", 0.01)
    exporting._listen(tmp_path, tap, stop)
    assert len(made) == 2
    assert len(lost) == 1


def test_what_a_plant_of_another_revision_tells_is_not_shown() -> None:
    """The same name may have another unit there."""
    tap = LiveTap([series(0), series(1)], is_simulated=False, revision="r1")
    assert not tap.is_up
    tap.on_link(True, "")
    told = update(all_good(tap), snapshot=True)
    tap.on_live(replace(told, revision="r1"))
    assert [one.status for one in shown(tap) or ()] == [quality.GOOD] * 2
    assert tap.is_up
    tap.on_event(Event(1, "plant", {"revision": "r2"}))
    assert [one.status for one in shown(tap) or ()] == [quality.BAD_NO_COMMUNICATION] * 2
    tap.on_live(replace(update(all_good(tap, 212.0), snapshot=True), revision="r2"))
    tap.on_live(update(all_good(tap, 213.0)))
    assert {one.status for one in shown(tap) or ()} == {quality.BAD_NO_COMMUNICATION}
    assert not tap.is_up
    tap.on_live(replace(told, revision="r1"))
    assert [one.value for one in shown(tap) or ()] == [1.0, 1.0]
    assert tap.is_up


def test_a_tap_that_hears_nothing_says_so() -> None:
    now = [0]
    tap = LiveTap([series(0)], is_simulated=False, monotonic=lambda: now[0])
    tap.on_link(True, "")
    tap.on_live(update(all_good(tap), snapshot=True))
    assert tap.is_up
    now[0] = SILENCE_NS + 1
    assert not tap.is_up
    tap.on_live(update({}))
    assert tap.is_up
    tap.on_link(False, "gone")
    assert not tap.is_up
