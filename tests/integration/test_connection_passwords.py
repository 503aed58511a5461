"""The password of an OPC UA user: in the key store, used by runtime and browse, shown nowhere (SE-01, D9)."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.user_managers import UserManager
from opcua_plant import Plant as Server
from opcua_plant import free_port
from remote_process import PASSWORD, PATIENCE_S, Site
from test_secrets import holders, rows_of

from hmi.client.local import find_endpoint
from hmi.client.once import ask
from hmi.drivers.opcua import browser
from hmi.project.importing import BrowseAsk
from hmi.security import certificates
from hmi.security.secrets import Secrets
from hmi.security.trust import PKI_FOLDER, TrustList

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket")
FIRST, SECOND, CALM = "canary-opcua-5e0c", "canary-opcua-91ab", "canary-calm-3d77"
URI = "urn:test:secured"


@dataclass
class Device:
    """A secured server in a thread. ``passwords`` by user; ``logins`` are those it let in, in their order."""

    folder: Path
    url: str = ""
    passwords: dict[str, str] = field(default_factory=dict)
    logins: list[str] = field(default_factory=list)
    _ready: threading.Event = field(default_factory=threading.Event)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def __enter__(self) -> Device:
        self._thread = threading.Thread(
            target=lambda: self._loop.run_until_complete(self._serve()), daemon=True
        )
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE_S)

    async def _serve(self) -> None:
        own = certificates.create(self.folder, uri=URI, host="127.0.0.1")
        made, self._stop = Server(free_port()), asyncio.Event()
        made.server.iserver.user_manager = Users(self)
        await made.start([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
        await made.server.set_application_uri(URI)
        await made.server.load_certificate(own.certificate_file)
        await made.server.load_private_key(own.key_file)
        await made.add("A", 1.5, ua.VariantType.Double)
        async with made.server:
            self.url = made.url
            self._ready.set()
            await self._stop.wait()


class Users(UserManager):
    """What the library asks; who gives no name may not look."""

    def __init__(self, device: Device) -> None:
        self._device = device

    def get_user(
        self, iserver: Any, username: Any = None, password: Any = None, certificate: Any = None
    ) -> Any:
        if username is None or self._device.passwords.get(username) != password:
            return None
        self._device.logins.append(f"{username}:{password}")
        return User(role=UserRole.User)


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    with Device(tmp_path / "server", passwords={"operator": FIRST, "calm": CALM}) as made:
        yield made


@pytest.fixture
def site(tmp_path: Path, device: Device) -> Site:
    """Two connections to the device under two users; the server is trusted."""
    site = Site.new(tmp_path)
    plant = site.plant / "plant.toml"
    plant.write_text(
        plant.read_text().replace("simulated = true", "").split("[connection")[0] + connections(device)
    )
    (site.plant / "alarms.csv").unlink()
    (site.plant / "calculations.csv").unlink(missing_ok=True)
    for display in (site.plant / "displays").glob("*.json"):
        display.unlink()
    (site.plant / "tags.csv").write_text(
        "id,name,kind,type,connection,address,description\n"
        ",a.one,tag,float64,line,nsu=urn:test:plant;s=A,One\n"
        ",a.two,tag,float64,calm,nsu=urn:test:plant;s=A,Two\n"
    )
    plant.write_text(
        "\n".join(line for line in plant.read_text().splitlines() if not line.startswith("home"))
    )
    assert site("secret", "list").code == 0  # makes the data folder
    trusted(device, site.data)
    return site


def connections(device: Device) -> str:
    return "".join(
        f'\n[connection.{name}]\ndriver = "opcua"\nendpoints = ["{device.url}"]\n'
        f'[connection.{name}.settings]\nuser = "{user}"\n'
        for name, user in (("line", "operator"), ("calm", "calm"))
    )


def trusted(device: Device, data: Path) -> None:
    """As a person does after the first contact."""
    asked = BrowseAsk(device.url, {"user": "operator", "password": FIRST}, {}, "line", data=data)
    with pytest.raises(Exception, match="is not trusted"):
        asyncio.run(browser.create().browse(asked))
    store = TrustList(data / PKI_FOLDER)
    (rejected,) = store.rejected()
    store.trust(certificates.facts(rejected).sha1)


def until(condition: Callable[[], bool], said: Callable[[], object] = lambda: "") -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, said()
        time.sleep(0.05)


def lines_of(data: Path) -> dict[str, dict[str, Any]]:
    return {line["name"]: line for line in ask(data, "/v1/comms")["lines"]}


def test_d9_a_runtime_takes_the_password_of_a_connection_and_a_new_one_opens_that_alone(
    site: Site, device: Device, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    words = ("add", "eng", "--name", "Kim Example", "--role", "engineer", "--own", "--password-stdin")
    assert site("user", *words, given=PASSWORD + "\n").code == 0
    with site.serving(log=log) as pid:

        def states() -> dict[str, str]:
            return {name: str(line["state"]) for name, line in lines_of(site.data).items()}

        until(lambda: "down" in states().values(), states)
        for name, password in (("line", FIRST), ("calm", CALM)):
            assert site("secret", "set", f"connection/{name}", given=password + "\n").code == 0
        until(lambda: set(states().values()) == {"up"}, lambda: (states(), log.read_text()))
        before = since(site.data)

        assert reloaded(site).startswith("nothing changed")
        device.passwords["operator"] = SECOND
        assert site("secret", "set", "connection/line", given=SECOND + "\n").code == 0
        said = "connection line: its secret was changed; it is opened afresh"
        assert said in site("reload", "--dry-run").out.splitlines()
        assert states()["line"] == "up"
        assert said in reloaded(site).splitlines()
        until(lambda: f"operator:{SECOND}" in device.logins, lambda: log.read_text())
        until(lambda: set(states().values()) == {"up"}, states)
        after = since(site.data)
        assert after["line"] > before["line"]
        assert after["calm"] == before["calm"]
        assert device.logins.count(f"calm:{CALM}") == 1
        assert reloaded(site).startswith("nothing changed")
        noted = [one for one in journal(site.data) if one["event"] == "connection.opened_afresh"]
        assert [one["payload"]["connections"] for one in noted] == [["line"]]

        shown = [*seen_by_others(pid), log.read_text(), *answers(site.data)]
        for words in (("secret", "list"), ("comms",), ("comms", "line"), ("reload", "--dry-run")):
            done = site(*words)
            shown.append(done.out + done.err)
    shown.append(json.dumps(rows_of(site.data / "journal.sqlite")))
    assert {"connection/calm", "connection/line"} <= set(site("secret", "list").out.splitlines())
    for canary in (FIRST, SECOND, CALM, PASSWORD):
        assert not [text for text in shown if canary in text]
        assert not holders(site.plant, canary)
        assert {file.parent.name for file in holders(site.data, canary)} <= {"secrets"}


def reloaded(site: Site) -> str:
    done = site("reload", "--user", "eng", "--password-stdin", given=PASSWORD + "\n")
    assert done.code == 0, done
    return done.out


def since(data: Path) -> dict[str, int]:
    return {name: int(line["since"]) for name, line in lines_of(data).items()}


def journal(data: Path) -> list[dict[str, Any]]:
    return list(ask(data, "/v1/journal", {"after": 0, "limit": 1000, "kind": "system"}))


def answers(data: Path) -> list[str]:
    """What a station may ask for without a word of its own."""
    from hmi.client._transport import plain_client

    with plain_client(find_endpoint(data), 20) as client:
        paths = client.get("/v1/openapi.json").json()["paths"]
        return [client.get(path).text for path, verbs in paths.items() if "get" in verbs and "{" not in path]


def seen_by_others(pid: int) -> list[str]:
    """Command lines and environments of the runtime and its workers."""
    family = [pid, *(int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    assert len(family) >= 3, "the workers of two connections"
    return [
        Path(f"/proc/{one}/{name}").read_bytes().decode(errors="replace")
        for one in family
        for name in ("cmdline", "environ")
    ]


def test_browse_takes_what_is_kept_and_offers_to_keep_what_was_typed(site: Site, device: Device) -> None:
    def browse(*words: str, given: str = "") -> Any:
        return browse_as(site, *words, given=given)

    assert "refuses" in browse("line", str(site.plant)).sentence
    assert site("secret", "set", "connection/line", given=FIRST + "\n").code == 0
    found = browse("line", str(site.plant))
    assert (found.code, "A" in found.out) == (0, True), found
    assert device.logins[-1] == f"operator:{FIRST}"
    assert site("secret", "delete", "connection/line").code == 0

    into = ("--into", str(site.plant), "--connection", "more", "--user", "operator")
    shown = browse(device.url, *into, "--dry-run", given=FIRST + "\n")
    assert (shown.code, site("secret", "list").out) == (0, ""), shown
    done = browse(device.url, *into, "--yes", given=FIRST + "\n")
    assert done.code == 0, done
    assert "connection/more: kept" in done.err
    assert Secrets(site.data, {}).get("connection/more") == FIRST
    assert not holders(site.plant, FIRST)
    assert 'user = "operator"' in (site.plant / "plant.toml").read_text().split("[connection.more")[-1]


def browse_as(site: Site, *words: str, given: str) -> Any:
    import subprocess

    from cli_calls import Result, command

    done = subprocess.run(
        command("browse", *words, "--data", site.data),
        input=given, capture_output=True, encoding="utf-8", timeout=PATIENCE_S, env=dict(os.environ),
    )  # fmt: skip
    return Result(done.returncode, done.stdout, done.stderr)
