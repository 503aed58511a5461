"""Where secrets lie, and that none shows anywhere else (CR 4.1; the canary test of D9)."""

from __future__ import annotations

import json
import sqlite3
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import keyring
import pytest
from cryptography.hazmat.primitives import serialization
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError, PasswordSetError
from quiet_port import quiet_port
from remote_process import PASSWORD, Site

from hmi.client._transport import plain_client
from hmi.client.keystore import KeyStore
from hmi.client.local import find_endpoint
from hmi.client.remote import remember, remote_endpoint
from hmi.client.socket import SESSION_HEADER
from hmi.core.errors import StorageError, UsageError
from hmi.security.secrets import Secrets

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file modes")
NOTIFY, PASSPHRASE, CHANGED = "canary-notify-81d2", "canary-passphrase-77c0", "Regen-9-Kirschbaum"
DEVICE = "canary-device-4e19"
CONNECTION = """
[connection.line]
driver = "opcua"
endpoints = ["opc.tcp://127.0.0.1:{port}"]

[connection.line.settings]
user = "operator"
"""


class Memory(KeyringBackend):
    """A key store of an operating system; ``locked``: its owner does not open it."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.locked:
            raise PasswordSetError("locked")
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("none")


@pytest.fixture
def system() -> Iterator[Memory]:
    before, memory = keyring.get_keyring(), Memory()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


@pytest.fixture
def no_system() -> Iterator[None]:
    from keyring.backends.fail import Keyring

    before = keyring.get_keyring()
    keyring.set_keyring(Keyring())
    yield
    keyring.set_keyring(before)


# ------------------------------------------------------------------------------------------ where they lie


def test_d9_a_secret_goes_to_the_key_store_of_the_system_and_to_no_file(
    tmp_path: Path, system: Memory
) -> None:
    secrets = Secrets(tmp_path, {})
    secrets.put("mail", NOTIFY)
    assert secrets.get("mail") == NOTIFY
    assert secrets.names() == ["mail"]
    assert list(system.kept.values()) == [NOTIFY]
    assert not holders(tmp_path, NOTIFY)
    secrets.delete("mail")
    assert (secrets.names(), system.kept) == ([], {})


def test_a_folder_of_somebody_else_is_one_sentence(
    tmp_path: Path, no_system: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(StorageError, match="give it to the user of the runtime"):
        Secrets(tmp_path, {}).put("mail", NOTIFY)


def test_two_data_folders_do_not_share_their_secrets(tmp_path: Path, system: Memory) -> None:
    Secrets(tmp_path / "a", {}).put("mail", "one")
    Secrets(tmp_path / "b", {}).put("mail", "two")
    assert Secrets(tmp_path / "a", {}).get("mail") == "one"


@posix
@pytest.mark.usefixtures("no_system")
def test_d9_without_a_key_store_an_owner_only_file_and_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("mail", "hook"):
        Secrets(tmp_path, {}).put(name, NOTIFY)
    file = tmp_path / "secrets" / "mail"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert Secrets(tmp_path, {}).get("mail") == NOTIFY
    assert len(caplog.records) == 1
    assert NOTIFY not in caplog.text


def test_a_key_store_that_stays_locked_is_no_reason_to_lose_a_secret(tmp_path: Path, system: Memory) -> None:
    system.locked = True
    Secrets(tmp_path, {}).put("mail", "one")
    assert Secrets(tmp_path, {}).get("mail") == "one"
    system.locked = False
    Secrets(tmp_path, {}).put("mail", "two")
    assert Secrets(tmp_path, {}).get("mail") == "two"
    assert not (tmp_path / "secrets" / "mail").exists()


def test_a_secret_that_left_the_key_store_is_told(tmp_path: Path, system: Memory) -> None:
    Secrets(tmp_path, {}).put("mail", "one")
    system.kept.clear()
    with pytest.raises(StorageError, match="set it again"):
        KeyStore(tmp_path).get("mail")
    with pytest.raises(UsageError, match="set it again"):
        Secrets(tmp_path, {}).get("mail")


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a b", "A", "names.json", "x" * 65])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no name of a secret"):
        Secrets(tmp_path, {}).put(name, "x")


@pytest.mark.parametrize("secret", ["", "a\nb", "x" * 4_097])
def test_what_cannot_be_read_back_is_not_taken(tmp_path: Path, secret: str) -> None:
    with pytest.raises(UsageError, match="one line"):
        Secrets(tmp_path, {}).put("mail", secret)


def test_hmi_secret_keeps_lists_and_deletes(tmp_path: Path) -> None:
    site = Site.new(tmp_path)
    kept = site("secret", "set", "mail", given=NOTIFY + "\n")
    assert (kept.code, kept.out) == (0, "mail: kept\n")
    assert Secrets(site.data, {}).get("mail") == NOTIFY
    assert site("secret", "list").out == "mail\n"
    assert json.loads(site("secret", "list", "--json").out) == ["mail"]
    assert site("secret", "delete", "mail").code == 0
    assert site("secret", "delete", "mail").sentence.startswith("there is no secret 'mail'")
    assert site("secret", "set", "mail").sentence.startswith("nothing was given")
    assert site("secret", "bake", "mail").code == 2


# ------------------------------------------------------------------------------------------ the canaries


def test_d9_no_secret_shows_in_a_file_a_log_an_export_or_an_answer(tmp_path: Path) -> None:
    site, port = Site.new(tmp_path), quiet_port()
    token = site.ready_to_listen()
    lock_the_key(site, tmp_path)
    assert site("secret", "set", "mail", given=NOTIFY + "\n").code == 0
    with (site.plant / "plant.toml").open("a") as file:
        file.write(CONNECTION.format(port=quiet_port()))
    assert site("secret", "set", "connection/line", given=DEVICE + "\n").code == 0
    canaries = {
        "password": PASSWORD,
        "station token": token,
        "notify secret": NOTIFY,
        "password at a device": DEVICE,
        "passphrase": PASSPHRASE,
    }
    log, said = tmp_path / "log", ""
    with site.serving("--listen", f"127.0.0.1:{port}", "--log-format", "json", log=log):
        remember(tmp_path / "st", "127.0.0.1", port, ca=site.data / "tls" / "ca.pem", token=token)
        there = remote_endpoint(tmp_path / "st")
        canaries |= {"new password": CHANGED, "session token": signed_in(there)}
        said += answers(there, canaries, {SESSION_HEADER: canaries["session token"]})
        said += answers(there, canaries)
        said += answers(find_endpoint(site.data), canaries)
        for words in (
            ("check",),
            ("audit",),
            ("tls", "show"),
            ("station", "list"),
            ("secret", "list"),
            ("user", "list"),
            ("comms",),
            ("comms", "line"),
            ("reload", "--dry-run"),
        ):
            said += printed(site, *words)
    assert len(said) > 5_000
    assert "connection/line" in said
    assert "watchkeeper_up 1" in said  # the figures and the health are among the answers
    logged = [json.loads(line) for line in log.read_text().splitlines()]
    assert all({"time", "level", "logger", "message"} <= set(one) for one in logged)
    assert "canary-user" not in said
    for what, canary in canaries.items():
        assert canary not in said, what
        assert canary not in log.read_text(), what
        outside = [file for file in holders(site.data, canary) if file.parent.name != "secrets"]
        assert outside == [], what
        assert canary not in json.dumps(rows_of(site.data / "journal.sqlite")), what


def lock_the_key(site: Site, folder: Path) -> None:
    """The key of the server's certificate gets a passphrase, as that of a company's authority has."""
    tls = site.data / "tls"
    key = serialization.load_pem_private_key((tls / "server-key.pem").read_bytes(), None)
    locked = serialization.BestAvailableEncryption(PASSPHRASE.encode())
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "locked.pem").write_bytes(key.private_bytes(*form, locked))
    (folder / "certificate.pem").write_bytes((tls / "server.pem").read_bytes())
    authority = (tls / "ca.pem").read_bytes()
    words = ("use", folder / "certificate.pem", folder / "locked.pem", "--passphrase")
    assert site("tls", *words, given=PASSPHRASE + "\n").code == 0
    (tls / "ca.pem").write_bytes(authority)


def signed_in(endpoint: Any) -> str:
    """The token of a session at a station on another machine; its first sign-in asks for a new password."""
    with plain_client(endpoint, 20) as client:
        body = {"user": "sec", "password": PASSWORD, "new_password": CHANGED}
        for _ in range(50):  # a runtime that has just started may still be at work
            response = client.post("/v1/session", json=body)
            if response.status_code < 500:
                break
            time.sleep(0.2)
        answer = response.json()
        assert answer.get("session", {}).get("user") == "sec", (response.status_code, answer)
        token = answer["token"]
        seen = client.get("/v1/session", headers={SESSION_HEADER: token}).json()
        assert "security" in seen["roles"]  # a person has the own rights at such a station too
        assert client.get("/v1/session").json()["user"] == ""
    return token


def answers(endpoint: Any, canaries: dict[str, str], headers: dict[str, str] | None = None) -> str:
    """Everything that can be asked for, and what is said to a wrong request that carries a secret."""
    with plain_client(endpoint, 20) as client:
        client.headers.update(headers or {})
        paths = list(client.get("/v1/openapi.json").json()["paths"].items())
        texts = [client.get(path).text for path, methods in paths if "get" in methods and "{" not in path]
        for canary in canaries.values():
            body = {"user": "kim", "password": canary, "meaning": 5, "value": None}
            for path, methods in paths:
                if "post" in methods and "{" not in path:
                    texts.append(said_to(client, path, body))
    return "\n".join(texts)


def said_to(client: httpx.Client, path: str, body: dict[str, Any]) -> str:
    answer = client.post(path, json=body)
    assert answer.status_code != 500, (path, answer.text)
    return answer.text


def printed(site: Site, verb: str, *words: str) -> str:
    if verb == "check":
        from cli_calls import call

        done = call("check", site.plant)
    else:
        done = site(verb, *words)
    return done.out + done.err


def holders(folder: Path, canary: str) -> list[Path]:
    """Files that hold a text, in plain form."""
    files = (file for file in folder.rglob("*") if file.is_file() and not file.is_socket())
    return [file for file in files if canary.encode() in file.read_bytes()]


def rows_of(database: Path) -> list[list[str]]:
    """Every row of every table of a file as texts."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        names = [row[0] for row in connection.execute("select name from sqlite_master where type='table'")]
        rows: list[list[str]] = []
        for name in names:
            try:
                rows += [[str(cell) for cell in row] for row in connection.execute(f'select * from "{name}"')]
            except sqlite3.OperationalError:  # a shadow table of the full-text index
                continue
        return rows
    finally:
        connection.close()
