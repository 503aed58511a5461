"""``hmi notify PLANT test NAME``: one test message, and what came of it in one line."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_calls import CommandLine
from notify_servers import MailBox, mail_server

from hmi.project import new_plant


@pytest.fixture
def box() -> Iterator[MailBox]:
    """A mail server that knows everybody but b, on a thread of its own."""
    box = MailBox(lambda to, number: "550 no such person" if to.startswith("b") else "250 OK")
    up, down = threading.Event(), threading.Event()

    async def serve() -> None:
        async with mail_server(box):
            up.set()
            await asyncio.to_thread(down.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert up.wait(20)
    yield box
    down.set()
    thread.join(20)


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(capfd, monkeypatch)


def plant_with(folder: Path, port: int, to: str) -> Path:
    new_plant(folder / "plant")
    file = folder / "plant" / "plant.toml"
    file.write_text(
        f"""{file.read_text(encoding="utf-8")}
[[notifications]]
name = "duty"
kind = "smtp"
server = "127.0.0.1"
port = {port}
security = "none"
simulator = true
from = "plant@example.org"
to = ["{to}"]
""",
        encoding="utf-8",
    )
    return folder / "plant"


def test_a_test_message_arrives_and_says_that_it_is_one(
    cli: CommandLine, box: MailBox, tmp_path: Path
) -> None:
    plant = plant_with(tmp_path, box.port, "a@example.org")
    result = cli("notify", plant, "test", "duty", "--data", tmp_path / "data")
    assert result.code == 0
    assert result.sentence == "duty: a@example.org: taken by the mail server"
    assert "TEST" in box.mails[0]["Subject"]


def test_a_refusal_is_told_with_exit_code_1(cli: CommandLine, box: MailBox, tmp_path: Path) -> None:
    plant = plant_with(tmp_path, box.port, "b@example.org")
    result = cli("notify", plant, "test", "duty", "--data", tmp_path / "data")
    assert result.code == 1
    assert "550 no such person" in result.sentence


def test_a_server_that_is_not_there_is_one_sentence(cli: CommandLine, tmp_path: Path) -> None:
    plant = plant_with(tmp_path, 1, "a@example.org")
    result = cli("notify", plant, "test", "duty", "--data", tmp_path / "data")
    assert result.code == 1
    assert "not sent" in result.sentence


def test_a_name_that_is_not_there_is_told_with_those_that_are(cli: CommandLine, tmp_path: Path) -> None:
    plant = plant_with(tmp_path, 1, "a@example.org")
    assert "there is: duty" in cli("notify", plant, "test", "dty", "--data", tmp_path / "data").sentence
