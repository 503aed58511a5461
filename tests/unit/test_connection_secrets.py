"""Passwords of connections by name: where they are looked for, what the check says, and that no sentence shows one."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keyring
import pytest

from hmi.acquisition import _secrets
from hmi.acquisition._secrets import SettingsWithSecrets
from hmi.acquisition.port import LinkSettings
from hmi.check import check_plant, told
from hmi.cli._browse_secret import keep_password
from hmi.cli._browse_target import Target
from hmi.core.errors import CommunicationError, UsageError
from hmi.project import new_plant, open_plant
from hmi.project.diff import plant_diff
from hmi.project.folder_diff import folder_diff
from hmi.project.plant import ConnectionDef
from hmi.security.connection_secrets import ConnectionSecrets, check_connection, secrets_used
from hmi.security.secrets import Secrets

PATIENCE_S = 30.0
PASSWORD, OTHER = "canary-plain-2f4b", "canary-plain-88c1"


@pytest.fixture(autouse=True)
def _no_system() -> Iterator[None]:
    from keyring.backends.fail import Keyring

    before = keyring.get_keyring()
    keyring.set_keyring(Keyring())
    yield
    keyring.set_keyring(before)


def connection(name: str = "line", **settings: Any) -> ConnectionDef:
    return ConnectionDef(name, "opcua", ("opc.tcp://10.0.0.7:4840",), settings)


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    new_plant(tmp_path / "works", empty=True)
    return tmp_path / "works"


def with_settings(plant: Path, text: str) -> Path:
    file = plant / "plant.toml"
    kept = file.read_text().split("\n[connection.")[0].rstrip("\n")
    head = '[connection.line]\ndriver = "opcua"\nendpoints = ["opc.tcp://10.0.0.7:4840"]\n'
    file.write_text(f"{kept}\n\n{head}\n[connection.line.settings]\n{text}\n")
    return file


# ------------------------------------------------------------------------------------------ where it is


@pytest.mark.parametrize("given", [{"password": OTHER}, {"password_file": "somewhere"}, {}])
def test_what_is_kept_goes_before_plant_toml_and_its_file(tmp_path: Path, given: Mapping[str, str]) -> None:
    one = connection(user="operator", timeout_ms=900, **given)
    source = ConnectionSecrets(tmp_path, tuple)
    assert source.complete(one) == one.settings
    Secrets(tmp_path, {}).put("connection/line", PASSWORD)
    assert source.complete(one) == {"user": "operator", "timeout_ms": 900, "password": PASSWORD}


def test_who_logs_in_with_a_certificate_or_not_at_all_needs_no_password(tmp_path: Path) -> None:
    Secrets(tmp_path, {}).put("connection/line", PASSWORD)
    for settings in ({}, {"user": "operator", "user_certificate": "me.der"}):
        one = connection(**settings)
        assert secrets_used(one) == ()
        assert ConnectionSecrets(tmp_path, tuple).complete(one) == settings


def test_the_environment_goes_before_what_is_kept(tmp_path: Path) -> None:
    variable = {"WATCHKEEPER_SECRET_CONNECTION_LINE_2": OTHER}
    Secrets(tmp_path, {}).put("connection/line-2", PASSWORD)
    assert Secrets(tmp_path, variable).find("connection/line-2") == OTHER
    assert Secrets(tmp_path, variable).is_known("connection/line-2")
    assert not Secrets(tmp_path, {}).is_known("connection/line")


@pytest.mark.parametrize("other", ["plc_1", "PLC 1", "Plc-1"])
def test_a_variable_of_two_connections_is_given_to_none_of_them(tmp_path: Path, other: str) -> None:
    both = [connection("plc-1", user="operator"), connection(other, user="operator")]
    Secrets(tmp_path, {}).put("connection/plc-1", PASSWORD)
    variable = {"WATCHKEEPER_SECRET_CONNECTION_PLC_1": OTHER}
    source = ConnectionSecrets(tmp_path, lambda: both, variable)
    for one in both:
        with pytest.raises(
            UsageError, match=r"WATCHKEEPER_SECRET_CONNECTION_PLC_1 is that of connection/.* alike"
        ):
            source.complete(one)
    unset = ConnectionSecrets(tmp_path, lambda: both, {})
    assert [unset.complete(one).get("password") for one in both] == [PASSWORD, None]
    without = connection(other)  # logs in as nobody, and takes no secret
    alone = ConnectionSecrets(tmp_path, lambda: [both[0], without], variable)
    assert [alone.complete(one).get("password") for one in (both[0], without)] == [OTHER, None]


def test_the_check_tells_of_connections_that_share_a_variable(plant: Path) -> None:
    file = with_settings(plant, 'user = "operator"')
    assert [one for one in check_plant(plant) if one.rule == "secret-variable"] == []
    first = file.read_text()
    second = (
        first[first.index("[connection.line]") :]
        .replace("connection.line", "connection.LINE")
        .replace(".7", ".8")
    )
    file.write_text(first + "\n" + second)
    said = [told(one) for one in check_plant(plant) if one.rule == "secret-variable"]
    assert len(said) == 2
    assert "connection line: its password has the same environment variable" in said[0]
    assert "(WATCHKEEPER_SECRET_CONNECTION_LINE) as connection/LINE" in said[0]
    assert said[0].endswith("[WK-118 secret-variable]")


@pytest.mark.parametrize("name", ["PLC 1", "plc 1", "a/b", "..", "ofen.süd", "names", "con"])
def test_every_name_of_a_connection_is_a_name_of_a_secret_and_stays_in_its_folder(
    tmp_path: Path, name: str
) -> None:
    secrets = Secrets(tmp_path, {})
    secrets.put(f"connection/{name}", PASSWORD)
    secrets.put("connection/other", OTHER)
    assert secrets.names() == sorted([f"connection/{name}", "connection/other"])
    assert secrets.find(f"connection/{name}") == PASSWORD
    assert all(file.parent == tmp_path / "secrets" for file in tmp_path.rglob("*") if file.is_file())


def test_a_secret_of_a_connection_that_takes_none_is_refused() -> None:
    known = [connection(), ConnectionDef("plc", "modbus", ("tcp://10.0.0.8:502",))]
    check_connection("connection/line", known)
    check_connection("mail", known)
    for name in ("connection/plc", "connection/lime"):
        with pytest.raises(UsageError, match=f"takes the secret '{name}'; there is: connection/line"):
            check_connection(name, known)


@pytest.mark.asyncio
async def test_a_key_store_that_does_not_answer_is_one_sentence_and_holds_up_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, source = threading.Event(), ConnectionSecrets(tmp_path, tuple)
    monkeypatch.setattr(_secrets, "ANSWER_S", 0.05)
    monkeypatch.setattr(source, "complete", lambda _one: answer.wait() and {})
    asked = SettingsWithSecrets(source)
    try:
        for _ in range(40):  # more than the loop has threads
            with pytest.raises(CommunicationError, match="does not answer"):
                await asked.of(connection(user="operator"))
        assert await asyncio.to_thread(lambda: 1) == 1
        assert sum(one.name.startswith("secrets of connections") for one in threading.enumerate()) == 1
    finally:
        answer.set()


_ENDS = """
import asyncio, threading
from hmi.acquisition import _secrets
from hmi.core.errors import CommunicationError
from hmi.project.plant import ConnectionDef

class Locked:
    def complete(self, connection):
        threading.Event().wait()

async def main():
    settings = _secrets.SettingsWithSecrets(Locked())
    try:
        await settings.of(ConnectionDef("line", "opcua", ("opc.tcp://10.0.0.7:4840",), {"user": "operator"}))
    except CommunicationError as error:
        print(error)

_secrets.ANSWER_S = 0.1
asyncio.run(main())
"""


def test_a_key_store_that_never_answers_does_not_keep_a_runtime_from_ending() -> None:
    command = [sys.executable, "-c", _ENDS]
    found = subprocess.run(command, timeout=PATIENCE_S, check=True, capture_output=True, text=True)
    assert "does not answer" in found.stdout


# ------------------------------------------------------------------------------------------ hmi check


def test_a_password_in_plant_toml_is_told_with_the_command(plant: Path) -> None:
    file = with_settings(plant, f'user = "operator"\npassword = "{PASSWORD}"')
    line = file.read_text().splitlines().index(f'password = "{PASSWORD}"') + 1
    (found,) = [one for one in check_plant(plant, data_of=lambda _: plant / "none") if "secret" in one.rule]
    said = told(found)
    assert said.startswith(f"warning: {file}:{line}: connection line: its password stands in plant.toml")
    assert f"hmi secret {plant} set connection/line" in said
    assert said.endswith("[WK-116 secret-in-file]")
    assert PASSWORD not in said


def test_a_user_without_a_password_is_told_until_one_is_kept(plant: Path, tmp_path: Path) -> None:
    with_settings(plant, 'user = "operator"')
    data = tmp_path / "data"

    def missing() -> list[str]:
        return [told(one) for one in check_plant(plant, data_of=lambda _: data) if "secret" in one.rule]

    (said,) = missing()
    assert "it logs in with a user, and this machine keeps no password for it" in said
    assert f"hmi secret {plant} set connection/line" in said
    assert said.endswith("[WK-117 secret-missing]")
    assert not data.exists()
    Secrets(data, {}).put("connection/line", PASSWORD)
    assert missing() == []
    assert [one for one in check_plant(plant) if "secret" in one.rule] == []


def test_a_password_file_or_no_user_is_nothing_to_tell(plant: Path, tmp_path: Path) -> None:
    (tmp_path / "line.password").write_text(PASSWORD)
    for text in (f'user = "operator"\npassword_file = "{tmp_path / "line.password"}"', "timeout_ms = 900"):
        with_settings(plant, text)
        assert [one for one in check_plant(plant, data_of=lambda _: tmp_path) if "secret" in one.rule] == []


# ------------------------------------------------------------------------------------------ no sentence shows it


def test_no_sentence_of_a_difference_shows_a_password(plant: Path, tmp_path: Path) -> None:
    with_settings(plant, f'user = "operator"\npassword = "{PASSWORD}"')
    old, before = open_plant(plant), {"plant.toml": (plant / "plant.toml").read_bytes()}
    with_settings(plant, f'user = "operator"\npassword = "{OTHER}"')
    said = [*plant_diff(old, open_plant(plant)).sentences]
    after = {"plant.toml": (plant / "plant.toml").read_bytes()}
    said += [line for lines in folder_diff(before, after).values() for line in lines]
    assert [line for line in said if "password changed" in line] == said
    assert len(said) == 2


def test_a_password_that_is_no_text_is_told_without_it(plant: Path) -> None:
    with_settings(plant, 'user = "operator"\npassword = 471147')
    found = [told(one) for one in check_plant(plant) if one.is_error]
    assert len(found) == 1
    assert "password is something, not of type string" in found[0]
    assert "471147" not in found[0]


def test_settings_of_a_link_do_not_show_in_a_log() -> None:
    assert PASSWORD not in repr(LinkSettings("line", "opc.tcp://x:1", {"password": PASSWORD}, ()))


# ------------------------------------------------------------------------------------------ what was typed


@pytest.mark.parametrize(
    ("settings", "answer", "kept"),
    [
        ('user = "operator"', True, True),
        ('user = "operator"', False, False),
        ('user = "another"', True, False),  # the plant would not log in with this password
        ("timeout_ms = 900", True, False),
    ],
)
def test_a_typed_password_is_kept_when_the_connection_uses_it_and_the_person_wants_it(
    plant: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    settings: str,
    answer: bool,
    kept: bool,
) -> None:
    with_settings(plant, settings)
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda _self: True})())
    monkeypatch.setattr("typer.confirm", lambda question, **_: asked.append(question) or answer)
    typed = {"user": "operator", "password": PASSWORD}
    target = Target("opcua", "opc.tcp://10.0.0.7:4840", "line", typed, tmp_path)
    keep_password(target, plant, tmp_path, yes=False)
    assert Secrets(tmp_path, {}).find("connection/line") == (PASSWORD if kept else None)
    assert asked == (["Keep the password as connection/line?"] if "operator" in settings else [])
    said = capsys.readouterr()
    assert PASSWORD not in said.out + said.err
    assert ("hmi secret" in said.err) is (bool(asked) and not kept)


def test_the_password_of_another_device_is_not_kept_for_a_connection_of_the_plant(
    plant: Path, tmp_path: Path
) -> None:
    """``hmi browse opc.tcp://10.0.0.8:4840 --connection line --yes``: ``line`` logs in at 10.0.0.7."""
    with_settings(plant, 'user = "operator"')
    Secrets(tmp_path, {}).put("connection/line", PASSWORD)
    typed = {"user": "operator", "password": OTHER}
    keep_password(
        Target("opcua", "opc.tcp://10.0.0.8:4840", "line", typed, tmp_path), plant, tmp_path, yes=True
    )
    assert Secrets(tmp_path, {}).find("connection/line") == PASSWORD
