"""``[[notifications]]`` of plant.toml: what is taken, and one sentence for what is not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hmi.check import check_plant
from hmi.core.clock import NS_PER_S
from hmi.core.errors import UsageError
from hmi.notify import Secrets
from hmi.notify._rules import due_at, retry_ns, wants
from hmi.project import new_plant, open_plant
from hmi.project.notifications import NotificationDef

MAIL = """
[[notifications]]
name = "duty"
kind = "smtp"
server = "mail.example.org"
from = "plant@example.org"
to = ["duty@example.org"]
"""


def plant_with(folder: Path, text: str) -> Path:
    new_plant(folder / "plant")
    file = folder / "plant" / "plant.toml"
    file.write_text(f"{file.read_text(encoding='utf-8')}\n{text}", encoding="utf-8")
    return folder / "plant"


def errors(folder: Path) -> list[str]:
    return [finding.sentence for finding in check_plant(folder) if finding.is_error]


def test_a_channel_is_read_with_safe_defaults(tmp_path: Path) -> None:
    folder = plant_with(tmp_path, MAIL + 'quiet = ["22:00", "06:30"]\n')
    assert errors(folder) == []
    (channel,) = open_plant(folder).notifications
    assert (channel.port, channel.security, channel.priorities) == (587, "starttls", {1, 2})
    assert channel.quiet == (1320, 390)
    assert not channel.is_local


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('areas = ["nowhere"]', "the area 'nowhere' is not known"),
        ('security = "none"', "whole network"),
        ('user = "plant"', "user and secret belong together"),
        ('subject = "{password}"', "{password} is not a field"),
        ('text = "{message.__class__}"', "is not a field"),
        ('text = "{message!r}"', "is not a field"),
        ('text = "a { brace"', "is not a field"),
        ('ca = "none.pem"', "there is no file none.pem"),
        ('quiet = ["22:00"]', "a quiet time has a begin"),
        ("simulator = true", "sends nothing to other machines"),
        ('to = ["a@example.org\\r\\nBcc: b@example.org"]', "is not a mail address"),
    ],
)
def test_what_does_not_work_is_one_sentence_with_its_line(tmp_path: Path, more: str, words: str) -> None:
    text = MAIL if not more.startswith("to") else MAIL.replace('to = ["duty@example.org"]\n', "")
    found = errors(plant_with(tmp_path, f"{text}{more}\n"))
    assert len(found) == 1, found
    assert words in found[0]
    assert "plant.toml:" in found[0]


@pytest.mark.parametrize(
    "url", ["", "ftp://x/", "http://hook.example.org/", "https://me:pw@hook.example.org/"]
)
def test_a_webhook_is_https_and_holds_no_password(tmp_path: Path, url: str) -> None:
    text = f'[[notifications]]\nname = "hook"\nkind = "webhook"\nurl = "{url}"\n'
    assert len(errors(plant_with(tmp_path, text))) == 1


def test_two_channels_of_one_name_are_refused(tmp_path: Path) -> None:
    assert "stands twice" in errors(plant_with(tmp_path, MAIL + MAIL))[0]


def record(**payload: Any) -> Any:
    at = int(datetime(2026, 1, 1, 23, 0, tzinfo=UTC).timestamp()) * NS_PER_S
    usual = {"priority": 2, "annunciate": True, "area": "", "after": "UNACK"}
    return SimpleNamespace(event="ALM", object_id="al", receive_time=at, payload={**usual, **payload})


def test_a_quiet_time_holds_back_all_but_priority_1() -> None:
    channel = NotificationDef("duty", "smtp", frozenset({1, 2}), quiet=(1320, 390), delay_s=60)
    morning = int(datetime(2026, 1, 2, 6, 30, tzinfo=UTC).timestamp()) * NS_PER_S
    assert due_at(channel, record(), UTC) == morning
    urgent = record(priority=1)
    assert due_at(channel, urgent, UTC) == urgent.receive_time + 60 * NS_PER_S


def test_the_alarm_of_a_failing_channel_does_not_go_over_that_channel() -> None:
    failing = record(priority=4)
    failing.object_id = "notify:duty"
    assert not wants(NotificationDef("duty", "smtp", frozenset({4})), failing)
    assert wants(NotificationDef("other", "smtp", frozenset({4})), failing)


def test_pauses_grow_to_five_minutes() -> None:
    pauses = [retry_ns(tries) / NS_PER_S for tries in range(1, 10)]
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_a_secret_comes_from_the_environment_or_an_owner_only_file(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path, {"WATCHKEEPER_SECRET_MAIL": "from the environment"})
    assert secrets.get("mail") == "from the environment"
    with pytest.raises(UsageError, match="WATCHKEEPER_SECRET_OTHER"):
        secrets.get("other")
    file = tmp_path / "secrets" / "other"
    file.parent.mkdir()
    file.write_text("from the file\n", encoding="utf-8")
    file.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        secrets.get("other")
    file.chmod(0o600)
    assert secrets.get("other") == "from the file"
