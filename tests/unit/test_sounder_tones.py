"""The bundled tones, and a machine without a sound device."""

from __future__ import annotations

import array
import io
import wave
from types import SimpleNamespace

import pytest

from hmi.sounder import _tones, stale
from hmi.sounder._player import LibraryPlayer, NoDevice
from hmi.sounder._run import _Device


def samples(wav: bytes) -> array.array[int]:
    with wave.open(io.BytesIO(wav)) as file:
        return array.array("h", file.readframes(file.getnframes()))


def test_the_bundled_tones_are_those_of_the_generator() -> None:
    assert stale() == ()


def test_tones_differ_and_p1_is_over_within_a_second() -> None:
    assert len({_tones.tone(name) for name in _tones.TONES}) == len(_tones.TONES)
    assert _tones.seconds_of("p1") < 1.0


def test_loudness_scales_the_samples() -> None:
    full = max(samples(_tones.tone("p1")))
    assert max(samples(_tones.louder(_tones.tone("p1"), 40))) == pytest.approx(full * 0.4, abs=2)


class _Nothing(Exception):
    pass


def library(*names: str) -> SimpleNamespace:
    devices = SimpleNamespace(backend="alsa", get_playbacks=lambda: [{"name": n, "id": n} for n in names])
    backend = [SimpleNamespace(name="ALSA"), SimpleNamespace(name="NULL")]
    return SimpleNamespace(Backend=backend, MiniaudioError=_Nothing, Devices=lambda backends: devices)


@pytest.mark.parametrize("names", [(), ("Discard all samples (playback)",), ("Dummy Output",)])
def test_a_device_that_throws_samples_away_is_none(names: tuple[str, ...]) -> None:
    with pytest.raises(NoDevice, match="no sound device"):
        LibraryPlayer(library(*names))


def test_a_device_that_fails_is_a_state_and_is_tried_again() -> None:
    made: list[int] = []

    class Broken:
        def play(self, name: str, wav: bytes) -> None:
            raise NoDevice("the plug was pulled")

        def close(self) -> None:
            made.append(-1)

    def make() -> Broken:
        made.append(1)
        return Broken()

    device = _Device(make)
    device.play("p1", b"", 0)
    assert device.problem == "the plug was pulled"
    device.look(1_000_000_000)
    assert made == [1, -1]
    device.look(6_000_000_000)
    assert made == [1, -1, 1]
    assert device.problem == ""
