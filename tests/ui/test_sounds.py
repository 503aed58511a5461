"""The sounds of a station: what the title bar says of them, and what the user chose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from hmi.client.sounds import SounderState, SoundWishes, read_wishes, write_state, write_wishes
from hmi.ui.header import Header
from hmi.ui.settings import Settings
from hmi.ui.sounds import SECTION, Sounds
from hmi.ui.theme import Theme

pytestmark = pytest.mark.qt


@pytest.fixture
def sounds(qtbot: QtBot, tmp_path: Path) -> Iterator[Sounds]:
    (tmp_path / "data").mkdir()
    write_wishes(tmp_path / "data", SoundWishes(tests=5))
    settings = Settings(tmp_path / "home")
    settings.open("plant", "user")
    qtbot.waitUntil(lambda: settings.is_read)
    sounds = Sounds(tmp_path / "data", settings)
    sounds.start()
    yield sounds
    sounds.close()
    settings.close()


@pytest.mark.parametrize("name", ["light", "dark"])
def test_a_station_without_a_sound_device_says_so_in_the_title_bar(
    qtbot: QtBot, sounds: Sounds, tmp_path: Path, name: str
) -> None:
    header = Header(Theme.load(name))
    qtbot.addWidget(header)
    header.resize(1920, header.height())
    header.show()
    sounds.told.connect(header.sound.show_state)
    assert header.sound.isHidden()
    write_state(tmp_path / "data", SounderState("no_device", "No sound device: none", 1))
    qtbot.waitUntil(lambda: header.sound.isVisible())
    assert header.sound.word == "No sound device"
    assert "not heard" in header.sound.accessibleName()
    write_state(tmp_path / "data", SounderState("ok", "", 2))
    qtbot.waitUntil(lambda: header.sound.isHidden())


def test_a_process_that_is_gone_is_told(qtbot: QtBot, sounds: Sounds, tmp_path: Path) -> None:
    write_state(tmp_path / "data", SounderState("ok", "", 1))
    qtbot.waitUntil(lambda: sounds.words[0] == "No sound", timeout=15_000)


def test_loudness_and_mute_are_kept_and_told(qtbot: QtBot, sounds: Sounds, tmp_path: Path) -> None:
    sounds.set_percent(40)
    sounds.toggle_mute()
    qtbot.waitUntil(lambda: read_wishes(tmp_path / "data") == SoundWishes(40, muted=True, tests=5))
    assert sounds._settings.get(SECTION)["percent"] == 40


def test_a_sound_test_counts_on_from_that_of_another_session(
    qtbot: QtBot, sounds: Sounds, tmp_path: Path
) -> None:
    sounds.test()
    qtbot.waitUntil(lambda: read_wishes(tmp_path / "data") == SoundWishes(tests=6))
    sounds.silence_lost()
    qtbot.waitUntil(lambda: read_wishes(tmp_path / "data") == SoundWishes(tests=6, silences=1))


def test_the_loudness_never_goes_below_what_can_be_heard(tmp_path: Path) -> None:
    write_wishes(tmp_path, SoundWishes(percent=0))
    found = read_wishes(tmp_path)
    assert found is not None
    assert found.percent == 20
