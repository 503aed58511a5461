"""The second start of a large plant reads what was kept of it; an edit between the two is in force, never the old."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from remote_process import PATIENCE_S, Site
from waterworks_session import Watcher

from hmi import bootstrap
from hmi.bootstrap import Opening, opening
from hmi.client import socket
from hmi.client.kept_plant import FILE, KeptBytes, kept_bytes
from hmi.client.port import PlantInfo
from hmi.client.socket import SocketClient
from hmi.project import LoadResult, load_plant, open_plant
from hmi.project._plant_same import is_same
from hmi.project.compiled import COMPILED_FOLDER, PLANT_FILE
from hmi.runtime.compiling import compile_later, compile_plant, station_bytes

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site.new(tmp_path)


def compiled(site: Site) -> int:
    """The worker, as a runtime starts it; its exit code."""
    command = [sys.executable, "-m", "hmi.runtime.compiling", str(site.plant), str(site.data)]
    return subprocess.run(command, timeout=PATIENCE_S, check=False).returncode


def edit(site: Site) -> None:
    path = site.plant / "plant.toml"
    text = path.read_text(encoding="utf-8")
    old = next(line for line in text.splitlines() if line.startswith("title"))
    path.write_text(text.replace(old, 'title = "Edited between two starts"', 1), encoding="utf-8")


async def told(data: Path) -> tuple[PlantInfo, list[str], int]:
    """The plant that a station gets, the bytes of it that went over the line, and how many times it was asked."""
    client, asked = SocketClient(data, Watcher()), list[str]()
    response = client._response

    async def counted(method: str, path: str, **content: object) -> object:
        found = await response(method, path, **content)
        asked.append(str(found.status_code))
        return found

    client._response = counted  # type: ignore[assignment, method-assign]
    try:
        first = await client.plant()
        again = await client.plant()
        assert again == first
        return first, asked, len(asked)
    finally:
        await client.close()


def test_the_second_start_uses_what_was_kept_and_an_edit_between_the_starts_is_seen(
    site: Site, tmp_path: Path
) -> None:
    with site.serving(log=tmp_path / "first.log"):
        first, answers, _ = asyncio.run(told(site.data))
    assert answers == ["200", "200"]
    assert compiled(site) == 0
    again = opening(site.plant, site.data)
    assert again.info is not None
    assert is_same(again.plant, open_plant(site.plant))
    with site.serving(log=tmp_path / "second.log"):
        second, answers, _ = asyncio.run(told(site.data))
    assert answers == ["304", "304"]
    assert second == first
    edit(site)
    assert opening(site.plant, site.data).info is None
    with site.serving(log=tmp_path / "third.log"):
        third, answers, _ = asyncio.run(told(site.data))
    assert answers == ["200", "200"]
    assert third.title == "Edited between two starts"
    assert third.revision != second.revision


def test_a_station_without_what_was_kept_gets_it_whole(site: Site, tmp_path: Path) -> None:
    site.data.mkdir()
    assert compiled(site) == 0
    with site.serving(log=tmp_path / "log"):
        kept, answers, _ = asyncio.run(told(site.data))
        assert answers == ["304", "304"]
        (site.data / FILE).unlink()
        whole, answers, _ = asyncio.run(told(site.data))
    assert answers == ["200", "200"]
    assert whole == kept


def test_damaged_bytes_for_stations_are_not_used_by_either_side(site: Site, tmp_path: Path) -> None:
    site.data.mkdir()
    assert compiled(site) == 0
    content = bytearray((site.data / FILE).read_bytes())
    content[len(content) // 2] ^= 1
    (site.data / FILE).write_bytes(content)
    with site.serving(log=tmp_path / "log"):
        found, answers, _ = asyncio.run(told(site.data))
    assert answers == ["200", "200"]
    assert found == msgspec.json.decode(station_bytes(open_plant(site.plant)), type=PlantInfo)


def test_what_was_kept_of_another_plant_is_not_shown(site: Site, tmp_path: Path) -> None:
    """The station has read the bytes of before; the runtime has read the files of now."""
    site.data.mkdir()
    assert compiled(site) == 0
    before = kept_bytes(site.data)
    edit(site)
    with site.serving(log=tmp_path / "log"):
        assert kept_bytes(site.data) == before
        found, answers, _ = asyncio.run(told(site.data))
    assert answers == ["200", "200"]
    assert found.title == "Edited between two starts"


def test_bytes_of_another_key_do_not_belong_to_the_plant(site: Site) -> None:
    site.data.mkdir()
    assert compiled(site) == 0
    assert kept_bytes(site.data, "00" * 32) is None
    assert isinstance(kept_bytes(site.data), KeptBytes)
    (site.data / FILE).write_bytes(b"short")
    assert kept_bytes(site.data) is None
    assert socket._kept_plant(site.data) is None


def test_a_plant_with_an_error_is_not_kept(site: Site) -> None:
    site.data.mkdir()
    (site.plant / "displays" / "broken.json").write_text("{")
    assert compiled(site) == 1
    assert not (site.data / COMPILED_FOLDER).exists()


def test_only_a_plant_that_was_slow_to_read_is_worth_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.data.mkdir()
    assert opening(site.plant, site.data) == Opening(open_plant(site.plant))
    monkeypatch.setattr(bootstrap, "LARGE_S", 0.0)
    assert opening(site.plant, site.data).slow


@pytest.mark.asyncio
async def test_the_worker_of_a_runtime_keeps_the_plant_and_ends_with_it(site: Site) -> None:
    site.data.mkdir()
    await asyncio.wait_for(compile_later(site.plant, site.data, first_s=0), PATIENCE_S)
    assert (site.data / COMPILED_FOLDER / PLANT_FILE).exists()
    task = asyncio.create_task(compile_later(site.plant, site.data, first_s=0))
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.wait((task,))
    assert task.cancelled()


def in_place(site: Site) -> None:
    edit(site)


def beside(site: Site) -> None:
    path = site.plant / "plant.toml"
    path.rename(path.with_suffix(".aside"))
    path.write_bytes(path.with_suffix(".aside").read_bytes())
    edit(site)


def written_back(site: Site, before: bytes) -> None:
    (site.plant / "plant.toml").write_bytes(before)


def moved_back(site: Site, before: bytes) -> None:
    path = site.plant / "plant.toml"
    path.with_suffix(".aside").replace(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(("change", "back"), [(in_place, written_back), (beside, moved_back)])
def test_an_edit_that_is_taken_back_while_the_files_are_read_is_not_kept_as_what_is_there_now(
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Site], None],
    back: Callable[[Site, bytes], None],
) -> None:
    site.data.mkdir()
    before = (site.plant / "plant.toml").read_bytes()

    def meanwhile(folder: Path) -> LoadResult:
        change(site)
        found = load_plant(folder)
        back(site, before)
        return found

    monkeypatch.setattr("hmi.project.load_plant", meanwhile)
    assert not compile_plant(site.plant, site.data)
    assert is_same(opening(site.plant, site.data).plant, open_plant(site.plant))
    monkeypatch.undo()
    assert compile_plant(site.plant, site.data)
