"""The REST server of a running waterworks: the command line, the examples of docs/it.md, and who pays for a flood."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cli_calls import CommandLine, command
from quiet_port import quiet_port
from waterworks_session import PLANT, WaterworksSession, wait_until, watching
from websockets.sync.client import connect

from hmi.client.once import ask
from hmi.export import export_checker
from hmi.security.tls import TlsFolder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="connects to the Unix socket")
ROOT = Path(__file__).resolve().parents[2]
IN_DOCS = "127.0.0.1:8470"
JOB = """
[[exports]]
name = "office"
to = "rest"
simulator = true
settings = {{ listen = "127.0.0.1:{port}", serves = ["live", "history", "events", "audit"] }}
"""


class Served:
    """A waterworks whose exports run as a process of their own."""

    def __init__(self, folder: Path) -> None:
        self.port = quiet_port()
        plant = folder / "waterworks"
        shutil.copytree(PLANT, plant)
        head = plant / "plant.toml"
        own = head.read_text(encoding="utf-8").partition("# Three jobs from one history")[0]
        head.write_text(own + JOB.format(port=self.port), encoding="utf-8")
        self.session = WaterworksSession(folder, plant)
        self.data, self.plant = self.session.data, plant
        self.process: subprocess.Popen[bytes] | None = None
        self.url = f"https://127.0.0.1:{self.port}/it/v1"

    def start(self) -> None:
        self.session.start()
        TlsFolder(self.data).init(["127.0.0.1"])
        self.token = self.add("all", "read:live,read:history,read:events,read:audit")
        run = command("export", self.plant, "run", "office", "--data", self.data)
        self.process = subprocess.Popen(run, stdin=subprocess.PIPE)
        wait_until(self._answers)

    def add(self, name: str, scope: str, *more: str) -> str:
        given = ("export", self.plant, "token", "add", name, "--scope", scope, *more, "--data", self.data)
        done = subprocess.run(command(*given), capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            assert self.process.stdin is not None
            self.process.stdin.close()
        self.session.stop()

    def client(self, token: str = "") -> httpx.Client:
        return httpx.Client(
            base_url=self.url, headers={"authorization": f"Bearer {token or self.token}"}, verify=self.tls, timeout=30,
            trust_env=False,
        )  # fmt: skip

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(TlsFolder(self.data).authority))

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                values = client.get("/values").json()
                return values["live"] and any(one["value"] is not None for one in values["values"])
        except httpx.TransportError:
            return False


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    one = Served(tmp_path_factory.mktemp("rest"))
    try:
        one.start()
        yield one
    finally:
        one.stop()


def test_live_values_are_those_of_the_runtime_and_marked_as_simulated(served: Served) -> None:
    with served.client() as client:
        whole = client.get("/values").json()["values"]
    assert all(one["simulated"] for one in whole if one["value"] is not None)
    good = {one["name"]: one["value"] for one in whole if one["status"] == 0}
    assert len(good) > 50
    told = ask(served.data, "/v1/values")["values"]
    steady = [name for name, value in good.items() if isinstance(value, bool)]
    assert sum(told[name][0] == good[name] for name in steady) > 0.9 * len(steady)


def test_the_journal_keeps_who_made_and_removed_which_token(
    served: Served, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hmi = CommandLine(capfd, monkeypatch)

    def call(*words: str) -> Any:
        return hmi("export", served.plant, "token", *words, "--data", served.data)

    made = call("add", "lake", "--scope", "read:history", "--areas", "intake", "--expires", "30d")
    assert made.code == 0
    token = made.out.strip()
    assert len(token) > 40
    rows = json.loads(call("list", "--json").out)
    lake = next(row for row in rows if row["name"] == "lake")
    assert (lake["scopes"], lake["areas"], lake["ended"]) == ("read:history", "intake", False)
    assert token not in json.dumps(rows)
    with served.client(token) as client:
        assert client.get("/samples").status_code == 200
        assert client.get("/values").status_code == 403
        assert call("remove", "lake").code == 0
        assert client.get("/samples").status_code == 401

    def journalled() -> bool:
        records = ask(served.data, "/v1/journal", {"object_id": "token:lake"})
        return [one["event"] for one in records][-2:] == ["token.added", "token.removed"]

    wait_until(journalled)
    records = ask(served.data, "/v1/journal", {"object_id": "token:lake"})
    assert records[-1]["actor"].startswith("console:")
    assert token not in json.dumps(records)
    with served.client() as client:
        found = client.get("/events", params={"what": "security", "limit": 1_000}).json()["events"]
    assert "token.removed" in {one["event"] for one in found}


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["add", "x"], "is no scope"), (["add", "x", "--scope", "write"], "is no scope"),
        (["add", "1 x", "--scope", "read:live"], "is no name"), (["add"], "token add NAME"), ([], "token add NAME"),
        (["add", "x", "--scope", "read:live", "--areas", "nowhere"], "there is no area"),
        (["add", "x", "--scope", "read:audit", "--areas", "intake"], "has no areas"),
        (["add", "x", "--scope", "read:live", "--expires", "yesterday"], "--expires"),
        (["add", "x", "--scope", "read:live", "--expires", "2020-01-01"], "ended already"),
        (["add", "all", "--scope", "read:live"], "already"), (["remove", "nobody"], "there is no token"),
        (["list", "x"], "token list"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_and_exit_code_2(
    served: Served,
    words: list[str],
    part: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = CommandLine(capfd, monkeypatch)("export", served.plant, "token", *words, "--data", served.data)
    assert told.code == 2
    assert part in told.sentence


def test_options_of_tokens_belong_to_tokens(
    served: Served, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = CommandLine(capfd, monkeypatch)(
        "export", served.plant, "status", "--areas", "x", "--data", served.data
    )
    assert (told.code, "token add" in told.sentence) == (2, True)


# ---------------------------------------------------------------------- the guide


def section() -> str:
    text = (ROOT / "docs" / "it.md").read_text(encoding="utf-8")
    return text.partition("## REST and WebSocket\n")[2].partition("\n## ")[0]


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", section(), re.DOTALL | re.MULTILINE)


@pytest.fixture
def desk(served: Served, tmp_path: Path) -> Path:
    """The folder of somebody in the office."""
    shutil.copy(TlsFolder(served.data).authority, tmp_path / "ca.pem")
    shutil.copy(export_checker.__file__, tmp_path / "export_checker.py")
    return tmp_path


def in_office(
    served: Served, desk: Path, arguments: list[str], **more: Any
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TOKEN": served.token, "NO_PROXY": "*"}
    return subprocess.run(
        arguments, cwd=desk, env=environment, capture_output=True, text=True, timeout=120, **more
    )


def example(served: Served, title: str) -> str:
    found = next(one for one in blocks("python") if one.startswith(f'"""{title}'))
    return found.replace(IN_DOCS, f"127.0.0.1:{served.port}")


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_guide_asks_with_curl(served: Served, desk: Path) -> None:
    commands = next(one for one in blocks("sh") if one.startswith("curl"))
    lines = commands.replace("\\\n", " ").replace(IN_DOCS, f"127.0.0.1:{served.port}").splitlines()
    assert len(lines) == 3
    plant, values, aggregates = (
        json.loads(in_office(served, desk, ["sh", "-c", line]).stdout) for line in lines
    )
    assert plant["name"] == "waterworks"
    assert {one["name"].partition("/")[0] for one in values["values"]} == {"intake"}
    assert set(aggregates) == {"until", "simulated", "tags", "rows", "next"}


def test_the_guide_copies_samples_into_a_file(served: Served, desk: Path) -> None:
    pytest.importorskip("requests")
    done = in_office(served, desk, [sys.executable, "-c", example(served, "Copies")])
    assert done.stdout.startswith("complete until 20"), done.stderr
    rows = list(csv.DictReader((desk / "samples.csv").open(encoding="utf-8")))
    assert len(rows) > 10
    assert {row["tag"].partition("/")[0] for row in rows} == {"intake"}


def test_the_guide_keeps_a_copy_with_proof(served: Served, desk: Path) -> None:
    pytest.importorskip("requests")
    text = example(served, "Appends").replace('"tags": []', '"tags": "intake/lt101.*"')
    text = text.replace('"limit": 10_000', '"limit": 10_000, "tags": "intake/lt101.*"')
    for _ in range(2):
        done = in_office(served, desk, [sys.executable, "-c", text])
        assert done.returncode == 0, done.stderr
    check = next(one for one in blocks("sh") if one.startswith("python export_checker"))
    told = in_office(served, desk, [sys.executable, *check.split()[1:]])
    assert "0 missing, 0 duplicates" in told.stdout, told.stderr


def test_the_guide_prints_what_changes(served: Served, desk: Path) -> None:
    text = example(served, "Prints").replace("for text in stream:", "for _, text in zip(range(3), stream):")
    text = text.replace("connect(URL, ", "connect(URL, open_timeout=60, ")  # other tests run beside it
    done = in_office(served, desk, [sys.executable, "-c", text])
    assert done.stdout.startswith("1 snapshot live"), done.stderr
    assert "2 " in done.stdout


def test_the_guide_names_every_path_and_setting(served: Served) -> None:
    with served.client() as client:
        paths = client.get("/openapi.json").json()["paths"]
    from hmi.exporters.rest.definition import SETTINGS

    text = section()
    assert [path for path in paths if f"`{path.removeprefix('/it/v1')}`" not in text] == []
    assert [one.name for one in SETTINGS if f"`{one.name}`" not in text] == []


# ---------------------------------------------------------------------- a flood


def test_a_flood_of_it_delays_no_station_and_no_live_value(served: Served) -> None:
    """Eight clients ask as fast as they can; heartbeats of a station and the stream of another client go on."""
    token = served.add("greedy", "read:live,read:history")
    end = time.monotonic() + 8.0
    found: dict[int, int] = {}

    def flood() -> None:
        with served.client(token) as client:
            while time.monotonic() < end:
                status = client.get("/samples", params={"limit": 10_000}).status_code
                found[status] = found.get(status, 0) + 1

    async def watch() -> set[str]:
        """Heartbeats of a station; the source groups whose values were too old at a time."""
        client, watcher = await watching(served.data)
        beats, late = [], set[str]()
        try:
            while time.monotonic() < end:
                beats.append(watcher.heartbeat)
                late |= {group for group, age in watcher.ages.items() if age > watcher.limits.get(group, age)}
                await asyncio.sleep(0.25)
        finally:
            await client.close()
        stalls = sum(1 for before, after in zip(beats, beats[8:], strict=False) if before == after)
        assert stalls == 0, beats
        return late

    gaps: list[float] = []

    def stream() -> None:
        head = {"authorization": f"Bearer {served.token}"}
        url = served.url.replace("https", "wss") + "/stream"
        with connect(url, additional_headers=head, ssl=served.tls, proxy=None, max_size=None) as one:
            last = time.monotonic()
            while last < end:
                message = json.loads(one.recv(30))
                assert message["live"] is True
                gaps.append(time.monotonic() - last)
                last = time.monotonic()

    threads = [threading.Thread(target=flood) for _ in range(8)] + [threading.Thread(target=stream)]
    for thread in threads:
        thread.start()
    late = asyncio.run(watch())
    for thread in threads:
        thread.join()
    assert found.get(429, 0) > 0
    assert set(found) <= {200, 429, 503}
    assert late == set()
    assert max(gaps) < 6.0
