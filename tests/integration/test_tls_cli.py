"""``hmi tls``, ``hmi station``, ``hmi serve --listen`` and what ``hmi open https://…`` does before a window opens."""

from __future__ import annotations

import io
import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from cli_calls import CommandLine
from cryptography.hazmat.primitives import serialization
from quiet_port import quiet_port
from remote_process import Site, listening_ports

from hmi.cli._remote import remote_folder
from hmi.client.once import ask
from hmi.client.remote import RemoteRefused, is_remembered
from hmi.core.errors import UsageError
from hmi.project import new_plant
from hmi.security.stations import STATIONS_FILE

on_linux = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads /proc, which only Linux has")
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file modes")


class Call:
    """One verb of one plant, with what is typed."""

    def __init__(
        self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path
    ) -> None:
        self._hmi, self._monkeypatch = CommandLine(capfd, monkeypatch), monkeypatch
        self.plant, self.data = folder / "plant", folder / "data"
        new_plant(self.plant)

    def __call__(self, verb: str, *words: str | Path, given: str = "") -> str:
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        result = self._hmi(verb, self.plant, *words, "--data", self.data)
        assert result.code == 0, result
        return result.out

    def refused(self, verb: str, *words: str | Path, given: str = "") -> str:
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        return self._hmi.refused(verb, self.plant, *words, "--data", self.data)


@pytest.fixture
def hmi(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    return Call(capfd, monkeypatch, tmp_path)


def test_init_makes_an_authority_and_a_certificate_for_the_names(hmi: Call) -> None:
    text = hmi("tls", "init", "--host", "scada1.plant", "--host", "10.1.2.3")
    assert "scada1.plant, 10.1.2.3" in text
    shown = json.loads(hmi("tls", "show", "--json"))
    assert shown["names"] == ["scada1.plant", "10.1.2.3"]
    assert shown["days_left"] in (396, 397)
    assert Path(shown["authority"]).read_text().startswith("-----BEGIN CERTIFICATE")
    assert "already" in hmi.refused("tls", "init")
    before = shown["sha256"]
    hmi("tls", "renew")
    renewed = json.loads(hmi("tls", "show", "--json"))
    assert renewed["names"] == shown["names"]
    assert renewed["sha256"] != before


@posix
def test_keys_and_the_file_of_stations_are_for_their_owner_alone(hmi: Call) -> None:
    hmi("tls", "init")
    hmi("station", "add", "desk1")
    for file in (
        hmi.data / "tls" / "ca-key.pem",
        hmi.data / "tls" / "server-key.pem",
        hmi.data / STATIONS_FILE,
    ):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE((hmi.data / "tls").stat().st_mode) == 0o700


def test_a_certificate_of_somebody_else_is_taken_with_its_locked_key(hmi: Call, tmp_path: Path) -> None:
    issued = trustme.CA().issue_cert("scada1.plant")
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    issued.cert_chain_pems[0].write_to_path(str(certificate))
    private = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
    locked = serialization.BestAvailableEncryption(b"canary-passphrase")
    key.write_bytes(
        private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    )
    assert "locked" in hmi.refused("tls", "use", certificate, key)
    assert "does not open" in hmi.refused("tls", "use", certificate, key, "--passphrase", given="wrong\n")
    hmi("tls", "use", certificate, key, "--passphrase", given="canary-passphrase\n")
    assert json.loads(hmi("tls", "show", "--json"))["names"] == ["scada1.plant"]
    from hmi.security.tls import TlsFolder

    assert TlsFolder(hmi.data).context().minimum_version.name == "TLSv1_2"
    assert "no authority" in hmi.refused("tls", "renew")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("bake",), "does not know 'bake'"),
        (("show",), "make one with"),
        (("renew",), "hmi tls PLANT init"),
        (("use", "a.pem"), "use CERT KEY"),
        (("use", "nothing.pem", "nothing.key"), "cannot be read"),
        (("show", "--host", "x"), "--host does not belong"),
        (("init", "--passphrase"), "--passphrase does not belong"),
    ],
)
def test_a_wrong_call_of_tls_is_one_sentence(hmi: Call, words: tuple[str, ...], sentence: str) -> None:
    assert sentence in hmi.refused("tls", *words)


def test_files_that_do_not_fit_are_not_taken(hmi: Call, tmp_path: Path) -> None:
    authority, files = trustme.CA(), []
    for name in ("a", "b"):
        issued = authority.issue_cert(f"{name}.plant")
        files.append((tmp_path / f"{name}.pem", tmp_path / f"{name}.key"))
        issued.cert_chain_pems[0].write_to_path(str(files[-1][0]))
        issued.private_key_pem.write_to_path(str(files[-1][1]))
    assert "do not belong together" in hmi.refused("tls", "use", files[0][0], files[1][1])
    (tmp_path / "junk").write_text("junk")
    assert "no certificate" in hmi.refused("tls", "use", tmp_path / "junk", files[0][1])
    assert "no key" in hmi.refused("tls", "use", files[0][0], tmp_path / "junk")
    assert not (hmi.data / "tls" / "server.pem").exists()


def test_a_token_is_shown_once_and_only_its_hash_is_kept(hmi: Call) -> None:
    token = hmi("station", "add", "desk1").strip()
    assert len(token) == 43
    assert token not in (hmi.data / STATIONS_FILE).read_text()
    assert token not in hmi("station", "list")
    assert [row["name"] for row in json.loads(hmi("station", "list", "--json"))] == ["desk1"]
    assert "already" in hmi.refused("station", "add", "desk1")
    assert hmi("station", "renew", "desk1").strip() != token
    hmi("station", "remove", "desk1")
    assert json.loads(hmi("station", "list", "--json")) == []
    assert "no station 'desk1'" in hmi.refused("station", "remove", "desk1")


@pytest.mark.parametrize("name", ["local", "1st", "a b", "x" * 33, "../x"])
def test_a_station_needs_a_plain_name(hmi: Call, name: str) -> None:
    assert "no name of a station" in hmi.refused("station", "add", name)


def test_a_broken_file_of_stations_is_told_and_not_written_over(hmi: Call) -> None:
    hmi.data.mkdir()
    (hmi.data / STATIONS_FILE).write_text("{")
    assert "put a backup in its place" in hmi.refused("station", "add", "desk1")
    assert (hmi.data / STATIONS_FILE).read_text() == "{"


# ------------------------------------------------------------------------------------------ a running runtime


@on_linux
def test_se_11_without_listen_no_port_is_open_and_with_it_exactly_one(tmp_path: Path) -> None:
    site, port = Site.new(tmp_path), quiet_port()
    with site.serving(log=tmp_path / "log") as pid:
        assert listening_ports(pid) == set()
    site.ready_to_listen()
    with site.serving("--listen", f"127.0.0.1:{port}", log=tmp_path / "log") as pid:
        assert listening_ports(pid) == {("tcp", port)}


def test_hmi_open_remembers_authority_and_token_and_refuses_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = typing(monkeypatch)
    monkeypatch.setattr("platformdirs.user_data_path", lambda *a, **k: tmp_path / "user")
    site, port = Site.new(tmp_path), quiet_port()
    token = site.ready_to_listen()
    url, ca = f"https://127.0.0.1:{port}", site.data / "tls" / "ca.pem"
    with site.serving("--listen", f"127.0.0.1:{port}", log=tmp_path / "log"):
        with pytest.raises(UsageError, match="--token-stdin"):
            remote_folder(url, ca=ca, token_stdin=False)
        typed(token)
        with pytest.raises(RemoteRefused, match="--ca FILE"):
            remote_folder(url, ca=None, token_stdin=True)
        typed("x" * 43)
        with pytest.raises(RemoteRefused, match="does not take the token"):
            remote_folder(url, ca=ca, token_stdin=True)
        typed(token)
        folder = remote_folder(url, ca=ca, token_stdin=True)
        assert remote_folder(url, ca=None, token_stdin=False) == folder
        assert ask(folder, "/v1/status")["user"] == "anonymous"
    assert is_remembered(folder)
    assert remote_folder(url, ca=None, token_stdin=False) == folder  # not running: the station waits for it
    assert token not in (tmp_path / "log").read_text()


@pytest.mark.parametrize(
    "url",
    [
        "http://h:1",
        "https://h",
        "https://u:p@h:1",
        "https://h:1/x",
        "ftp://h:1",
        "https://h:99999",
        "https://[x:1",
    ],
)
def test_an_address_that_is_none_is_one_sentence(url: str) -> None:
    with pytest.raises(UsageError, match="https://HOST:PORT"):
        remote_folder(url, ca=None, token_stdin=False)


def test_the_file_of_the_authority_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = typing(monkeypatch)
    monkeypatch.setattr("platformdirs.user_data_path", lambda *a, **k: tmp_path / "user")
    (tmp_path / "junk").write_text("junk")
    for file, words in ((tmp_path / "no", "cannot be read"), (tmp_path / "junk", "no certificate")):
        typed("token")
        with pytest.raises(UsageError, match=words):
            remote_folder("https://127.0.0.1:1", ca=file, token_stdin=True)


def typing(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text + "\n"))
