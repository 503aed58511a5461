"""Calculated history in a runtime that works: from its archive, live like any tag, again when something comes late."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fake_runtime import fake_runtime
from test_runtime_reload import FLOW, PROCESS, Desk, small_works

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.history import ReadRaw
from hmi.core.values import DataValue
from hmi.project import open_plant
from hmi.runtime import _calculations
from hmi.runtime._inquiry import Inquiry
from hmi.testing.driver import FakePlc

pytestmark = pytest.mark.asyncio
HOUR = 3_600 * NS_PER_S
TABLE = f"""name,type,kind,of,every,base,expression,unit
area1/volume,,total,{FLOW},hour,h,,m3
area1/mean,,average,{FLOW},hour,,,m3/h
area1/ratio,,kpi,,hour,,'area1/volume' / 'area1/mean',h
run_hours,pump,hours,running,hour,,,h
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(_calculations, "STEP_S", 0.05)
    works = small_works(tmp_path / "works")
    head, *rows = (works / "tags.csv").read_text(encoding="utf-8").splitlines()
    rows = [row + (",step" if FLOW in row else ",") for row in rows]
    (works / "tags.csv").write_text("\n".join([f"{head},interpolation", *rows, ""]), encoding="utf-8")
    (works / "calculations.csv").write_text(TABLE, encoding="utf-8")
    return works


def plc() -> FakePlc:
    found = FakePlc()
    found.values = dict(enumerate(PROCESS))
    return found


def put(desk: Desk, name: str, *rows: tuple[int, Any]) -> None:
    values = [DataValue(value, quality.GOOD, at, at) for at, value in rows]
    tag = desk.runtime.plant.by_name[name]
    desk.runtime.services.history.insert(tag.id, values, user="ann", reason="from the log book")


def stored(desk: Desk, name: str, *, modified: bool = False) -> dict[int, Any]:
    tag = desk.runtime.plant.by_name[name]
    page = desk.runtime.services.history.read_raw(ReadRaw(tag.id, 0, 2**62, modified=modified))
    return {one.source_time: one.value for one in page.samples}


async def test_HI_05_results_are_stored_shown_and_corrected(tmp_path: Path, folder: Path) -> None:
    async with fake_runtime(open_plant(folder), plc(), tmp_path / "data") as runtime:
        desk = Desk(folder, plc(), runtime)
        await desk.until(lambda: runtime.services.history.archive is not None)
        now = runtime.services.clock.now_ns()
        begin = now // HOUR * HOUR - 5 * HOUR
        put(desk, FLOW, (begin, 10.0), (begin + HOUR, 20.0))
        await desk.until(lambda: stored(desk, "area1/ratio").get(begin + 3 * HOUR))
        volume = stored(desk, "area1/volume")
        assert [volume[begin + n * HOUR] for n in range(3)] == pytest.approx([10.0, 20.0, 20.0])
        assert stored(desk, "area1/ratio")[begin] == pytest.approx(1.0)
        await desk.until(lambda: desk.value("area1/volume").value == pytest.approx(20.0))
        shown = desk.value("area1/volume")
        assert shown.source_time == max(stored(desk, "area1/volume"))
        assert shown.is_good
        assert runtime.services.tags.is_live(runtime.handles["area1/volume"])
        assert stored(desk, "area1/p101.run_hours") == {}  # nothing is known of that time

        told = await Inquiry(runtime).why(runtime.plant.by_name["area1/volume"], quick=True)
        assert told.text == "Good: calculated from the stored values of a period that is over."
        assert told.hops[0].text.startswith(f"Total of {FLOW}, one value for each hour; this one begins at ")

        put(desk, FLOW, (begin + HOUR // 2, 30.0))  # it came late
        await desk.until(lambda: stored(desk, "area1/volume")[begin] == pytest.approx(20.0))
        await desk.until(lambda: stored(desk, "area1/mean")[begin] == pytest.approx(20.0))
        assert stored(desk, "area1/volume")[begin + HOUR] == pytest.approx(20.0)
        assert stored(desk, "area1/volume", modified=True) == {begin: pytest.approx(10.0)}
        tag = runtime.plant.by_name["area1/volume"]
        page = runtime.services.history.read_raw(ReadRaw(tag.id, 0, 2**62, modified=True))
        assert page.modifications[0].user == "calculation"
        assert "what it is made of was changed" in page.modifications[0].reason


async def resting(desk: Any) -> bool:
    """Stands in for a step: nobody calculates."""
    return False


async def test_a_restart_goes_on_and_sees_what_came_late_before_it(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml, data = folder / "plant.toml", tmp_path / "data"
    toml.write_text(toml.read_text(encoding="utf-8").replace("simulated = true\n", ""), encoding="utf-8")
    async with fake_runtime(open_plant(folder), plc(), data) as runtime:
        desk = Desk(folder, plc(), runtime)
        await desk.until(lambda: runtime.services.history.archive is not None)
        begin = runtime.services.clock.now_ns() // HOUR * HOUR - 5 * HOUR
        put(desk, FLOW, (begin, 10.0), (begin + 4 * HOUR, 10.0))
        await desk.until(lambda: stored(desk, "area1/ratio").get(begin + 3 * HOUR))
        await desk.until((data / "calculations.json").exists)
        with monkeypatch.context() as patch:
            patch.setattr(_calculations.CalculationDesk, "_step", resting)
            put(desk, FLOW, (begin + HOUR, 40.0), (begin + 2 * HOUR, 10.0))
    async with fake_runtime(open_plant(folder), plc(), data) as runtime:
        desk = Desk(folder, plc(), runtime)
        await desk.until(lambda: runtime.services.history.archive is not None)
        await desk.until(lambda: stored(desk, "area1/volume").get(begin + HOUR) == pytest.approx(40.0))
        assert stored(desk, "area1/volume")[begin] == pytest.approx(10.0)
        assert stored(desk, "area1/volume")[begin + 2 * HOUR] == pytest.approx(10.0)
        assert list(stored(desk, "area1/volume", modified=True)) == [begin + HOUR]


async def test_each_run_of_a_simulated_plant_has_its_own_past(tmp_path: Path, folder: Path) -> None:
    data = tmp_path / "data"
    async with fake_runtime(open_plant(folder), plc(), data) as runtime:
        desk = Desk(folder, plc(), runtime)
        await desk.until(lambda: runtime.services.history.archive is not None)
        begin = runtime.services.clock.now_ns() // HOUR * HOUR - 5 * HOUR
        put(desk, FLOW, (begin, 10.0))
        await desk.until(lambda: stored(desk, "area1/volume").get(begin + 3 * HOUR))
        await desk.until((data / "calculations.json").exists)
    async with fake_runtime(open_plant(folder), plc(), data) as runtime:
        desk = Desk(folder, plc(), runtime)
        await desk.until(lambda: runtime.services.history.archive is not None)
        await desk.until(lambda: desk.value(FLOW).is_good)
        assert stored(desk, "area1/volume") == {}


async def test_a_reload_brings_and_takes_calculations(tmp_path: Path, folder: Path) -> None:
    async with fake_runtime(open_plant(folder), plc(), tmp_path / "data") as runtime:
        desk = Desk(folder, plc(), runtime)
        await desk.until(lambda: runtime.services.history.archive is not None)
        begin = runtime.services.clock.now_ns() // HOUR * HOUR - 5 * HOUR
        put(desk, FLOW, (begin, 10.0))
        await desk.until(lambda: stored(desk, "area1/volume").get(begin + 3 * HOUR))
        desk.edit(
            "calculations.csv",
            "run_hours,pump,hours,running,hour,,,h\n",
            f"area1/low,,minimum,{FLOW},hour,,,\n",
        )
        await desk.reload()
        await desk.until(lambda: stored(desk, "area1/low").get(begin + 3 * HOUR))
        assert stored(desk, "area1/low")[begin + HOUR] == 10.0
        assert "area1/p101.run_hours" not in runtime.handles
