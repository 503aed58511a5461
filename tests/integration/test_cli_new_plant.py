"""From `hmi new` to a picture: the plant to start from is clean, stable, runs, and draws what is true."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_calls import call, command
from waterworks_session import wait_until, watching

from hmi.client.local import is_running
from hmi.core.clock import wall_ns
from hmi.core.quality import Mark, quality_of
from hmi.mimics import Catalogue, Scene, Shown, load_display, shipped_definitions

MAGIC = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new") / "north-works"
    result = call("new", folder)
    assert result.code == 0
    assert f"hmi check {folder}" in result.out
    return folder


@pytest.fixture(scope="module")
def data(plant: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder of a runtime on the new plant; its PLC is not there."""
    data = tmp_path_factory.mktemp("data")
    process = subprocess.Popen(command("serve", plant, "--data", data), stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: is_running(data) or process.poll() is not None)
        yield data
        assert process.poll() is None
    finally:
        process.terminate()
        assert process.wait(20) == 0


def contents(plant: Path) -> dict[str, bytes]:
    return {str(p.relative_to(plant)): p.read_bytes() for p in sorted(plant.rglob("*")) if p.is_file()}


def test_a_new_plant_is_clean(plant: Path) -> None:
    result = call("check", plant)
    assert result.code == 0
    assert result.out.strip() == "0 errors, 0 warnings"


def test_format_changes_nothing_in_a_new_plant(plant: Path) -> None:
    before = contents(plant)
    result = call("format", plant)
    assert result.code == 0
    assert result.out.strip() == "nothing to change"
    assert contents(plant) == before


@pytest.mark.asyncio
async def test_a_new_plant_runs_and_its_values_are_bad_without_a_plc(data: Path) -> None:
    client, watcher = await watching(data)
    try:
        status = await client.status()
        assert status.mode == "plant"
        await watcher.until(lambda: all(v.value is None for v in watcher.values.values()))
        await watcher.until(
            lambda: {quality_of(v.status).mark for v in watcher.values.values()} == {Mark.COMMS}
        )
        assert not watcher.live()
    finally:
        await client.close()


@pytest.mark.parametrize("verb", ["run", "serve"])
def test_a_second_runtime_is_refused_and_the_first_one_goes_on(plant: Path, data: Path, verb: str) -> None:
    extra = ("--without-station",) if verb == "run" else ()
    result = call(verb, plant, "--data", data, *extra)
    assert result.code == 2
    assert f"{data}: another runtime has this data folder" in result.sentence
    assert is_running(data)


@pytest.mark.qt
def test_the_picture_of_a_new_plant(plant: Path, data: Path, tmp_path: Path) -> None:
    pytest.importorskip("PySide6")
    from PySide6.QtGui import QImage

    picture = tmp_path / "made" / "overview.png"
    result = call("shot", plant, "overview", picture, "--data", data, "--size", "1280x800")
    assert result.code == 0
    assert result.out.strip() == f"{picture}: 1280x800"
    assert picture.read_bytes().startswith(MAGIC)
    image = QImage(str(picture))
    assert (image.width(), image.height()) == (1280, 800)
    assert len({image.pixel(x, y) for x in range(0, 1280, 4) for y in range(0, 800, 4)}) > 10


@pytest.mark.asyncio
async def test_every_value_of_its_display_carries_the_mark_of_a_lost_link(data: Path) -> None:
    client, watcher = await watching(data)
    try:
        plant = await client.plant()
        await watcher.until(
            lambda: all(quality_of(v.status).mark is Mark.COMMS for v in watcher.values.values())
        )
    finally:
        await client.close()
    document = next(d.document for d in plant.displays if d.name == "overview")
    scene = Scene(load_display(document, shipped_definitions()), Catalogue.of(plant))
    assert not scene.unknown_tags
    scene.apply(watcher.values, wall_ns())
    values = [part for look in scene.looks for part in look or () if isinstance(part, Shown)]
    assert len(values) >= 4
    assert {part.mark for part in values} == {Mark.COMMS.value}
    assert {part.text for part in values} == {"----"}


def test_an_empty_plant_is_clean_and_has_nothing_to_take_out(tmp_path: Path) -> None:
    folder = tmp_path / "south-works"
    assert call("new", folder, "--empty").code == 0
    assert call("check", folder).out == "0 errors, 0 warnings\n"
    assert call("format", folder).code == 0
    assert call("tags", folder, "list").out == ""
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files == {"plant.toml", "tags.csv", "displays/overview.json"}
