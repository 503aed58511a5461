"""Serial lines: what the operating systems say about a port, in one sentence; framing defaults; waiting times."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import pytest

from hmi.drivers.modbus._endpoint import parse_endpoint
from hmi.drivers.modbus._opening import line_of
from hmi.drivers.modbus._serial import port_problem
from hmi.drivers.modbus._transport import Channel, Line
from hmi.project import load_plant, new_plant


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EAGAIN, "Could not exclusively lock port /dev/ttyS0: [Errno 11] ..."), "is in use by"),
        (OSError(errno.EBUSY, "Device or resource busy"), "is in use by"),
        (
            OSError("could not open port 'COM3': PermissionError(13, 'Access is denied.', None, 5)"),
            "is in use",
        ),
        (
            OSError("could not open port 'COM3': PermissionError(13, 'Zugriff verweigert', None, 5)"),
            "is in use",
        ),
        (OSError("could not open port 'COM3': OSError(22, 'Busy, try later.', None, 170)"), "is in use by"),
        (
            OSError("could not open port 'COM9': FileNotFoundError(2, 'No such file.', None, 2)"),
            "there is no such port",
        ),
        (OSError(errno.ENOENT, "No such file or directory"), "there is no such port"),
        (OSError(errno.EACCES, "Permission denied"), "may not be opened by this user"),
        (OSError(errno.EIO, "Input/output error"), "cannot be reached: Input/output error"),
        (ValueError("Invalid baud rate: 123"), "does not take its speed"),
    ],
)
def test_port_that_cannot_be_opened_is_one_plain_sentence(error: Exception, words: str) -> None:
    sentence = port_problem("COM3", error)
    assert sentence.startswith("serial port COM3 ")
    assert words in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("endpoint", "settings", "bits"),
    [
        ("serial:COM3", {}, (8, "E", 1)),
        ("ascii+serial:COM3", {}, (7, "E", 1)),
        ("ascii+serial:COM3", {"bytesize": 8, "parity": "N", "stopbits": 2}, (8, "N", 2)),
    ],
)
def test_ascii_line_has_seven_data_bits_and_even_parity_unless_set(
    endpoint: str, settings: dict, bits: tuple[int, str, int]
) -> None:
    line = line_of(parse_endpoint(endpoint), settings)
    assert (line.bytesize, line.parity, line.stopbits) == bits


@pytest.mark.parametrize(
    ("baudrate", "parity", "silence_s"),
    [
        (9_600, "E", 3.5 * 11 / 9_600),
        (19_200, "N", 3.5 * 10 / 19_200),
        (19_201, "E", 0.00175),
        (115_200, "N", 0.00175),
    ],
)
def test_MB_16_silence_is_three_and_a_half_characters_and_fixed_above_19200_baud(
    baudrate: int, parity: str, silence_s: float
) -> None:
    assert Line(baudrate=baudrate, parity=parity).silence_s == pytest.approx(silence_s)


async def _patience(endpoint: str) -> float:
    return Channel(parse_endpoint(endpoint), Line(baudrate=1200))._patience(bytes(5))


@pytest.mark.asyncio
async def test_slow_line_is_given_the_time_of_its_longest_answer() -> None:
    character_s = 11 / 1200
    assert await _patience("tcp://127.0.0.1") == 1.0
    assert await _patience("serial:/dev/none") == pytest.approx(1.0 + (5 + 260) * character_s)
    assert await _patience("ascii+serial:/dev/none") == pytest.approx(1.0 + (10 + 520) * character_s)


def errors_of(folder: Path, **endpoints: str) -> list[str]:
    """Sentences of the plant template with these connections beside its own."""
    plant = new_plant(folder)
    rows = [
        f'[connection.{name}]\ndriver = "modbus"\nendpoints = ["{endpoint}"]'
        for name, endpoint in endpoints.items()
    ]
    with (plant / "plant.toml").open("a", encoding="utf-8") as file:
        file.write("\n".join(["", *rows, ""]))
    return [finding.sentence for finding in load_plant(plant).findings if finding.is_error]


def test_two_connections_on_one_serial_port_are_refused_when_the_plant_is_checked(tmp_path: Path) -> None:
    (sentence,) = errors_of(
        tmp_path / "one", pump="serial:///dev/ttyS7", fan="ascii+serial:/dev/ttyS7", mill="serial:COM3"
    )
    assert "connections pump and fan both use serial port /dev/ttyS7" in sentence
    assert re.search(r"plant\.toml:\d+: ", sentence)
    assert errors_of(tmp_path / "two", pump="serial:COM3", fan="serial:COM4") == []
    assert errors_of(tmp_path / "three", pump="tcp://127.0.0.1:1", fan="tcp://127.0.0.1:1") == []
