"""Changed files of the plant are taken by themselves, once they have come to rest and only whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hmi.client.port import ReloadResult
from hmi.core.clock import NS_PER_S
from hmi.project import new_plant
from hmi.runtime._plant_watch import SETTLE_NS, PlantWatch

pytestmark = pytest.mark.asyncio


class Desk:
    """A watch over a real folder with a clock of its own."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = new_plant(tmp_path / "works")
        self.now, self.on = 0, True
        self.told: list[str] = []
        self.reloads = 0
        self.answer: Callable[[], ReloadResult] = lambda: ReloadResult("r1")
        self.watch = PlantWatch(
            lambda: str(self.folder), is_on=lambda: self.on, reload=self._reload, told=self.told.append,
            monotonic=lambda: self.now,
        )  # fmt: skip

    async def _reload(self) -> ReloadResult:
        self.reloads += 1
        return self.answer()

    async def look(self, seconds: float = 0.5, times: int = 1) -> None:
        for _ in range(times):
            self.now += int(seconds * NS_PER_S)
            await self.watch.look()

    async def settled(self) -> None:
        await self.look(SETTLE_NS / NS_PER_S, 2)

    def save(self, text: str = "#\n", file: str = "plant.toml") -> None:
        path = self.folder / file
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def test_what_the_runtime_started_with_is_looked_at_once(desk: Desk) -> None:
    await desk.settled()
    assert (desk.reloads, desk.told) == (1, [""])
    await desk.look(10, 5)
    assert desk.reloads == 1


async def test_a_change_is_taken_when_it_has_come_to_rest(desk: Desk) -> None:
    await desk.settled()
    for _ in range(10):  # somebody goes on saving
        desk.save()
        await desk.look(1.9)
    assert desk.reloads == 1
    await desk.look(1.9)
    assert desk.reloads == 1
    await desk.look(0.1)
    assert desk.reloads == 2


async def test_what_is_saved_while_it_is_read_is_read_again(desk: Desk) -> None:
    await desk.settled()

    def saved_meanwhile() -> ReloadResult:
        desk.save()
        return ReloadResult("r1", [], ["half of it"])

    desk.save()
    desk.answer = saved_meanwhile
    await desk.settled()
    assert desk.told == [""]  # what was said of half a file is not told
    desk.answer = lambda: ReloadResult("r2", ["more"])
    await desk.settled()
    assert (desk.reloads, desk.told) == (3, ["", ""])


async def test_a_plant_that_is_not_right_is_told_once_and_its_correction_too(desk: Desk) -> None:
    desk.answer = lambda: ReloadResult("r1", [], ["tags.csv:3: is wrong", "and more"])
    await desk.settled()
    await desk.look(10, 5)
    assert (desk.reloads, desk.told) == (1, ["tags.csv:3: is wrong"])
    desk.answer = lambda: ReloadResult("r2", ["limit 1 -> 2"])
    desk.save()
    await desk.settled()
    assert (desk.reloads, desk.told) == (2, ["tags.csv:3: is wrong", ""])


async def test_a_folder_that_goes_away_and_comes_back_is_taken_again(desk: Desk) -> None:
    await desk.settled()
    away = desk.folder.rename(desk.folder.with_name("away"))
    desk.answer = lambda: ReloadResult("r1", [], ["there is no such folder"])
    await desk.settled()
    assert desk.told[-1] == "there is no such folder"
    away.rename(desk.folder)
    desk.answer = lambda: ReloadResult("r1")
    await desk.settled()
    assert (desk.reloads, desk.told[-1]) == (3, "")


async def test_switched_off_it_takes_nothing_and_its_alarm_ends(desk: Desk) -> None:
    desk.on = False
    await desk.settled()
    desk.save()
    await desk.settled()
    assert (desk.reloads, desk.told) == (0, [])
    desk.on = True
    desk.answer = lambda: ReloadResult("r1", [], ["wrong"])
    await desk.settled()
    desk.on = False
    await desk.look()
    assert desk.told == ["wrong", ""]
