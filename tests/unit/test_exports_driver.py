"""Figures of the export jobs as tags: any engineer trends and alarms them, and none is shown that is old."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hmi.acquisition.port import LinkSettings, Point
from hmi.check import check_plant
from hmi.core import quality
from hmi.core.clock import monotonic_ns, wall_ns
from hmi.core.commands import WriteRequest, WriteState
from hmi.core.errors import AddressError, LinkLost, WatchkeeperError
from hmi.core.values import ValueType
from hmi.drivers.exports.definition import DEFINITION
from hmi.drivers.exports.driver import ExportsDriver, create
from hmi.export import EXPORTS_FOLDER, JobCondition, JobFigures, JobState
from hmi.project import open_plant

ADDRESSES: dict[str, ValueType] = {
    "lake/lag_s": ValueType.FLOAT64, "lake/backlog_s": ValueType.FLOAT32, "lake/rate": ValueType.FLOAT64,
    "lake/condition": ValueType.ENUM, "lake/quota_used": ValueType.FLOAT64, "lake/dropped": ValueType.INT64,
    "lake/quarantined": ValueType.UINT64,
}  # fmt: skip
HEAD = """schema = "plant/1"
id = "p_aaaaaaaaaa"
name = "works"

[connection.exports]
driver = "exports"

[connection.plc]
driver = "modbus"
endpoints = ["tcp://127.0.0.1:502"]
simulated = true

"""


def driver_at(data: Path, *more: str) -> ExportsDriver:
    rows = [*ADDRESSES.items(), *((address, ValueType.FLOAT64) for address in more)]
    points = tuple(Point(handle, address, kind, 1_000) for handle, (address, kind) in enumerate(rows))
    return create(LinkSettings("exports", "", {"data_dir": str(data)}, points))


def told(data: Path, *, life: int = 0, **more: Any) -> None:
    state = JobState(data / EXPORTS_FOLDER)
    now = wall_ns()
    usual: dict[str, Any] = {
        "condition": JobCondition.CATCHING_UP, "since": 1, "told": now, "lag_s": 1.5, "backlog_s": 300.0,
        "rate": 812.0, "quota_used": 0.25, "dropped": 7, "quarantined": 3,
    }  # fmt: skip
    state.tell(JobFigures(job="lake", to="files", what="samples", **{**usual, **more}))
    state.live(life or now)
    state.close()


async def values(driver: ExportsDriver) -> list[tuple[object, int]]:
    (block,) = driver.plan()
    return [(value.value, value.status) for _, value in (await driver.read(block)).updates]


@pytest.mark.asyncio
async def test_every_figure_is_a_tag_in_its_own_type(tmp_path: Path) -> None:
    told(tmp_path)
    driver = driver_at(tmp_path)
    assert (await driver.open()).vendor == "Watchkeeper"
    found = await values(driver)
    assert found == [(value, 0) for value in (1.5, 300.0, 812.0, 2, 0.25, 7, 3)]
    assert [type(value) for value, _ in found] == [float, float, float, int, float, int, int]
    assert (await driver.read_now([3]))[3].value == JobCondition.CATCHING_UP.number


@pytest.mark.asyncio
async def test_a_silent_process_is_a_lost_link(tmp_path: Path) -> None:
    with pytest.raises(LinkLost, match="no sign of life"):
        await driver_at(tmp_path).open()
    told(tmp_path)
    driver = driver_at(tmp_path)
    await driver.open()
    told(tmp_path, life=wall_ns() - 11_000_000_000)
    with pytest.raises(LinkLost, match="no sign of life for 10 s"):
        await values(driver)
    (tmp_path / EXPORTS_FOLDER / "exports.sqlite").write_bytes(b"broken" * 1000)
    with pytest.raises(LinkLost, match="cannot be read"):
        await values(driver)


@pytest.mark.asyncio
async def test_a_job_that_hangs_has_bad_values_and_one_that_never_worked_has_none(tmp_path: Path) -> None:
    told(tmp_path, told=wall_ns() - 11_000_000_000)
    driver = driver_at(tmp_path, "other/lag_s")
    found = await values(driver)
    assert found[:-1] == [(None, quality.BAD_NO_COMMUNICATION)] * 7
    assert found[-1] == (None, quality.BAD_NO_DATA)
    told(tmp_path, condition=JobCondition.NOT_ALLOWED, since=0, dropped=0)
    found = await values(driver)
    assert found[3] == (JobCondition.NOT_ALLOWED.number, 0)
    assert {status for n, (_, status) in enumerate(found) if n != 3} == {quality.BAD_NO_DATA}


@pytest.mark.asyncio
async def test_nothing_is_ever_written(tmp_path: Path) -> None:
    told(tmp_path)
    request = WriteRequest("c1", "t_a", 0, 1.0, monotonic_ns() + 10**9)
    outcome = await driver_at(tmp_path).write(request)
    assert outcome.state is WriteState.REFUSED


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("lake", ValueType.FLOAT64), ("lake/", ValueType.FLOAT64), ("/lag_s", ValueType.FLOAT64),
        ("lake/speed", ValueType.FLOAT64), ("Lake/lag_s", ValueType.FLOAT64), ("a/b/lag_s", ValueType.FLOAT64),
        ("lake/lag_s", ValueType.INT64), ("lake/dropped", ValueType.FLOAT32), ("lake/condition", ValueType.STRING),
        ("lake\n/lag_s", ValueType.FLOAT64), ("é/lag_s", ValueType.FLOAT64),
    ],
)  # fmt: skip
def test_what_is_no_figure_is_one_sentence(address: str, kind: ValueType) -> None:
    with pytest.raises(AddressError):
        DEFINITION.check_address(address, kind, {}, {})


def folder_of(folder: Path, head: str = HEAD) -> Path:
    (folder / "plant.toml").write_text(head, encoding="utf-8")
    (folder / "tags.csv").write_text(
        "kind,id,name,type,connection,address\n"
        "tag,t_aaaaaaaaaa,site/lag,float,exports,lake/lag_s\n"
        "tag,t_aaaaaaaaab,a.pv,float,plc,HR1\n",
        encoding="utf-8",
    )
    return folder


def test_a_connection_of_the_product_itself_is_neither_simulated_nor_real(tmp_path: Path) -> None:
    plant = open_plant(folder_of(tmp_path, HEAD))
    assert plant.connections["exports"].own
    assert plant.connections["exports"].endpoints == ("",)
    assert plant.simulated
    real = HEAD.replace("simulated = true", "")
    assert not open_plant(folder_of(tmp_path, real)).simulated


def test_a_figure_of_a_job_that_is_not_there_is_found_by_the_check(tmp_path: Path) -> None:
    found = [one.sentence for one in check_plant(folder_of(tmp_path))]
    assert any(
        "tags.csv:2" in text and "'lake/lag_s' is of no export of this plant" in text for text in found
    )


@pytest.mark.parametrize(
    ("was", "instead", "said"),
    [
        ('endpoints = ["tcp://127.0.0.1:502"]', "", "connection plc has no endpoints"),
        ('driver = "exports"', 'driver = "exports"\nendpoints = ["tcp://127.0.0.1:1"]', "have no endpoint"),
    ],
)
def test_endpoints_are_asked_for_where_there_is_a_device(
    tmp_path: Path, was: str, instead: str, said: str
) -> None:
    with pytest.raises(WatchkeeperError, match=said):
        open_plant(folder_of(tmp_path, HEAD.replace(was, instead)))
