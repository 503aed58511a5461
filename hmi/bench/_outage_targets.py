"""Targets that can be taken away for a week and asked afterwards what they hold."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Protocol

from hmi.bench.peers.mosquitto_broker import Broker
from hmi.core.errors import UsageError
from hmi.export import export_checker
from hmi.export.port import ExportContext, Exporter
from hmi.plugins.discovery import definition, part

STREAM: Final = "p_test00/outage"
_QUIET_S: Final = 3.0
_SUBSCRIBED_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Held:
    """What a target has: all rows, those that differ, and places where the order of packages is broken."""

    rows: int
    distinct: int
    breaks: int


class OutageTarget(Protocol):
    """A real target on this machine."""

    name: str
    keeps_past: bool

    def exporter(self, work: Path) -> Exporter: ...
    def up(self) -> None: ...
    def down(self) -> None: ...
    def held(self, marks: int) -> Held:
        """After ``marks`` packages were delivered."""
        ...

    def remove(self) -> None: ...


def _created(name: str, settings: Mapping[str, Any], secret: str = "") -> Exporter:
    usual = {one.name: one.default for one in definition("exporters", name).settings}
    context = ExportContext(
        "outage", STREAM, "plant", "Bench", False, "samples", lambda _name: secret, lambda: datetime.now(UTC),
        lambda: False,
    )  # fmt: skip
    exporter: Exporter = part("exporters", name, "exporter").create({**usual, **settings}, context)
    return exporter


class FilesTarget:
    """A share of Parquet files whose folder is gone meanwhile."""

    name = "files"
    keeps_past = True

    def __init__(self, work: Path) -> None:
        self._share, self._away = work / "share", work / "away"
        self._share.mkdir()

    def exporter(self, work: Path) -> Exporter:
        return _created(self.name, {"folder": str(self._share / "out" / "plant")})

    def up(self) -> None:
        if self._away.exists():
            self._away.rename(self._share)
        (self._share / "out").mkdir(exist_ok=True)

    def down(self) -> None:
        self._share.rename(self._away)

    def held(self, marks: int) -> Held:
        import pyarrow as pa  # type: ignore[import-untyped]
        import pyarrow.parquet as pq  # type: ignore[import-untyped]

        _checked([str(self._share / "out" / "plant" / "outage")], marks)
        files = sorted(self._share.rglob("*.parquet"))
        table: Any = pa.concat_tables([pq.read_table(one, columns=["tag_id", "ts"]) for one in files])
        distinct = table.group_by(["tag_id", "ts"]).aggregate([])
        return Held(table.num_rows, distinct.num_rows, 0)

    def remove(self) -> None:
        return


class PostgresTarget:
    """A server that is shut down meanwhile."""

    name = "postgres"
    keeps_past = True

    def __init__(self, work: Path) -> None:
        from hmi.bench.peers.postgres_cluster import PostgresCluster

        self._cluster = PostgresCluster(["max_wal_size=4GB"])
        self._cluster.start()
        self._is_up = True

    def exporter(self, work: Path) -> Exporter:
        from hmi.bench.peers.postgres_cluster import DATABASE, OWNER, PASSWORD

        own = {
            "port": self._cluster.port,
            "database": DATABASE,
            "user": OWNER,
            "secret": "s",
            "schema": "outage",
        }
        return _created(self.name, own, PASSWORD)

    def up(self) -> None:
        if not self._is_up:
            self._cluster.run()
        self._is_up = True

    def down(self) -> None:
        self._cluster.end()
        self._is_up = False

    def held(self, marks: int) -> Held:
        from hmi.bench.peers.postgres_cluster import DATABASE, PASSWORD

        url = f"postgresql://boss@127.0.0.1:{self._cluster.port}/{DATABASE}?password={PASSWORD.replace(' ', '%20')}"
        _checked([STREAM, "--postgres", url, "--schema", "outage"], marks)
        with self._cluster.admin() as admin:
            rows = admin.execute(
                "select count(*), count(distinct (tag_no, ts, ns)) from outage.sample"
            ).fetchone()
            numbers = admin.execute("select number from outage.package order by delivered, number").fetchall()
        assert rows is not None
        return Held(int(rows[0]), int(rows[1]), _breaks([int(row[0]) for row in numbers]))

    def remove(self) -> None:
        self._cluster.remove()


class _Brokered:
    """A broker that is shut down meanwhile, and a recorder of its own that takes down what comes."""

    name = ""
    keeps_past = True
    topics: tuple[str, ...] = ()
    form: tuple[str, ...] = ()

    def __init__(self, work: Path) -> None:
        found = shutil.which("mosquitto_sub")
        if found is None:
            raise UsageError("mosquitto_sub is missing; apt-get install mosquitto-clients")
        self._recorder, self._work = found, work
        self._log = work / f"{self.name}.log"
        self._broker = Broker()
        self._process: subprocess.Popen[bytes] | None = None

    def exporter(self, work: Path) -> Exporter:
        return _created(self.name, {"servers": [f"mqtt://127.0.0.1:{self._broker.port}"], **self._more(work)})

    def _more(self, work: Path) -> dict[str, Any]:
        return {}

    def up(self) -> None:
        self._broker.start(self._work)
        topics = [word for topic in self.topics for word in ("-t", topic)]
        command = [self._recorder, "-p", str(self._broker.port), "-q", "1", "-i", "recorder", "-c", *topics]
        subprocess.run([*command, "-E"], check=True, timeout=_SUBSCRIBED_S)
        with self._log.open("ab") as out:
            self._process = subprocess.Popen([*command, *self.form], stdout=out)

    def down(self) -> None:
        self._await_quiet()
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
        self._broker.stop()

    def _await_quiet(self) -> None:
        """Until the recorder has written all that came."""
        size, since = -1, time.monotonic()
        while time.monotonic() - since < _QUIET_S:
            now = self._log.stat().st_size
            if now != size:
                size, since = now, time.monotonic()
            time.sleep(0.1)

    def remove(self) -> None:
        self.down()


class MqttTarget(_Brokered):
    name = "mqtt"
    topics = ("v1/_log/#",)

    def held(self, marks: int) -> Held:
        self._await_quiet()
        _checked([STREAM, "--messages", str(self._log)], marks)
        rows, numbers = list[tuple[str, int]](), list[int]()
        for line in filter(None, self._log.read_bytes().splitlines()):
            one = json.loads(line)
            if isinstance(one, list):
                rows.append((one[0], one[1]))
            elif "watermark" in one:
                numbers.append(int(one["watermark"]["number"]))
        return Held(len(rows), len(set(rows)), _breaks(numbers))


class SparkplugTarget(_Brokered):
    name = "sparkplug"
    topics = ("spBv1.0/#",)
    form = ("-F", "%t %x")

    def _more(self, work: Path) -> dict[str, Any]:
        return {"group": "bench", "edge": "outage", "state": str(work)}

    def held(self, marks: int) -> Held:
        """Values by alias and instant; what was sent as history does not go back in time."""
        from hmi.exporters.sparkplug import _payload

        self._await_quiet()
        rows, newest, breaks = list[tuple[int, int]](), dict[int, int](), 0
        for line in self._log.read_text(encoding="ascii").splitlines():
            topic, _, data = line.partition(" ")
            if "/DDATA/" not in topic:
                continue
            for metric in _payload.Payload.FromString(bytes.fromhex(data)).metrics:
                if not metric.alias:
                    continue
                rows.append((metric.alias, metric.timestamp))
                if metric.is_historical:
                    breaks += metric.timestamp < newest.get(metric.alias, 0)
                    newest[metric.alias] = metric.timestamp
        return Held(len(rows), len(set(rows)), breaks)


def _checked(words: Sequence[str], marks: int) -> None:
    """The stand-alone checker agrees, down to the number of packages; its sentence is the error otherwise."""
    report = export_checker.checked(export_checker.arguments(list(words)))
    if report.number != marks:
        raise export_checker.Wrong(f"the target has {report.number} packages, {marks} were delivered")


def _breaks(numbers: Sequence[int]) -> int:
    """Where a number is not the next one."""
    return sum(after != before + 1 for before, after in pairwise(numbers))


TARGETS: Final = (FilesTarget, PostgresTarget, MqttTarget, SparkplugTarget)
