"""A plant with a history and a journal in files, and the REST exporter that serves it on a socket."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from export_stream import context
from quiet_port import quiet_port

from hmi.core import quality
from hmi.core.clock import NS_PER_S, SystemClock, wall_ns
from hmi.core.journal import Entry, Kind
from hmi.core.principal import SYSTEM, Principal
from hmi.core.values import DataValue, EURange, Value, ValueType
from hmi.export import Rows, Stored, series_of
from hmi.export.digest import schema_digest
from hmi.export.port import Schema
from hmi.exporters.rest._exporter import RestExporter
from hmi.exporters.rest.definition import SETTINGS, check
from hmi.historian.port import CommitKind
from hmi.historian.samples import Batch, Samples
from hmi.journal import JournalReader, SqliteJournal
from hmi.project.exports import ExportDef
from hmi.project.plant import Area, Plant
from hmi.security.it_tokens import SCOPES, ItTokens
from hmi.security.tls import TlsFolder
from hmi.stores.sqlite import open_archive, open_reader
from hmi.testing.plant import make_plant, make_tag

BEGIN = 1_795_000_000 * NS_PER_S
ARCHIVE = "history"
AREAS = (Area("intake", "Intake"), Area("intake/wells", "Wells", "intake"), Area("outlet", "Outlet"))
EVIL = ("intake/a+b#c d.pv", "outlet/quote\"s'.pv", "outlet/\U0001f6b0 é.pv", "outlet/<b>&amp;.pv")


def small_plant(more: int = 0) -> Plant:
    """Tags of each kind in three areas, with evil names among them; ``more`` plain ones."""
    tags = [
        make_tag("intake/ft1.pv", history=True, area="intake", unit="m³/h", unit_code="MQH", range=EURange(0.0, 100.0)),
        make_tag("intake/wells/lt1.pv", history=True, area="intake/wells", unit="m", unit_code="MTR"),
        make_tag("outlet/p1.running", history=True, area="outlet", type=ValueType.BOOL, states={0: "off", 1: "on"}),
        make_tag("outlet/total.pv", history=True, area="outlet", type=ValueType.UINT64),
        make_tag("outlet/note.text", history=True, area="outlet", type=ValueType.STRING),
        make_tag("outlet/unrecorded.pv", area="outlet"),
        *(make_tag(name, history=True, area=name.partition("/")[0]) for name in EVIL),
        *(make_tag(f"outlet/n{number:04d}.pv", history=True, area="outlet") for number in range(more)),
    ]  # fmt: skip
    return replace(make_plant(tags), areas=AREAS)


class RestPlant:
    """The files of one runtime that is not there; what is written is at ``BEGIN`` plus seconds."""

    def __init__(self, folder: Path, plant: Plant | None = None) -> None:
        self.data, self.plant = folder, plant or small_plant()
        self.archive = open_archive(folder / ARCHIVE)
        self.tokens = ItTokens(folder)
        self.job = ExportDef("office", "rest")
        self.series = series_of(self.plant, self.job)
        self.numbers = {tag.key: self.archive.number(tag.key) for tag in self.series}
        self.token = self.tokens.add("all", SCOPES, by="test")
        self.exporter: RestExporter | None = None
        self.url = ""

    def write(
        self, second: float, values: dict[str, Value], *, status: int = quality.GOOD, flags: int = 0
    ) -> None:
        """One commit of samples of that second; ``values`` by name of the tag."""
        at = BEGIN + int(second * NS_PER_S)
        self.archive.commit(self._batch(at, values, status, flags), time=at + NS_PER_S // 2)

    def write_late(self, second: float, values: dict[str, Value], *, made: float) -> None:
        batch = self._batch(BEGIN + int(second * NS_PER_S), values, quality.GOOD, 1)
        self.archive.insert(batch, time=BEGIN + int(made * NS_PER_S), kind=CommitKind.LATE)

    def _batch(self, at: int, values: dict[str, Value], status: int, flags: int) -> Batch:
        keys = [self.plant.by_name[name].id for name in values]
        found = [DataValue(value, status, at, at + 1_000_000) for value in values.values()]
        return Batch(np.array([self.numbers[key] for key in keys], np.int32), Samples.of(found, flags=flags))

    def journal(self, *entries: Entry) -> None:
        async def append() -> None:
            journal = SqliteJournal(
                self.data / "journal.sqlite", clock=SystemClock(), runtime_id="r", run_id="n", plant_revision="r1",
                simulated=False,
            )  # fmt: skip
            await journal.open()
            await journal.append(*entries)
            await journal.close()

        asyncio.run(append())

    def events(self, count: int = 3) -> None:
        """Alarms of two areas and what a person did."""
        ada = Principal("ada", "desk", "s1")
        self.journal(
            *(alarm("intake", number) for number in range(count)),
            *(alarm("outlet", number) for number in range(count)),
            Entry(Kind.AUDIT, "command.requested", ada, "outlet/p1.running", wall_ns(), {"value": 1}),
            Entry(Kind.AUDIT, "session.signed_in", ada, "user:ada", wall_ns(), {}),
        )

    # ------------------------------------------------------------------ the server

    def stored(self) -> Stored:
        return Stored(
            self.plant, self.data, ARCHIVE, lambda: open_reader(self.data / ARCHIVE),
            lambda: JournalReader(self.data / "journal.sqlite"),
        )  # fmt: skip

    @property
    def schema(self) -> Schema:
        digest = schema_digest(self.series)
        return Schema("p_test00/office", digest, self.series, "test", "Test plant", "UTC", "the rule", BEGIN)

    def begin(
        self, *, port: int = 0, hears: Callable[[], bool] = lambda: True, **settings: Any
    ) -> RestExporter:
        port = port or quiet_port()
        chosen = {one.name: one.default for one in SETTINGS} | {
            "listen": f"127.0.0.1:{port}", "security": "none", "requests_per_s": 1_000.0, "burst": 10_000,
            "serves": ["live", "history", "events", "audit"], **settings,
        }  # fmt: skip
        check(chosen)
        if chosen["security"] == "tls" and not TlsFolder(self.data).is_ready:
            TlsFolder(self.data).init(["127.0.0.1"])
        made = RestExporter(
            chosen, context(stored=self.stored(), job="office", stream="p_test00/office", hears=hears)
        )
        made.open()
        made.describe(self.schema)
        self.exporter = made
        self.url = f"{'https' if chosen['security'] == 'tls' else 'http'}://127.0.0.1:{port}/it/v1"
        return made

    def show(self, values: dict[str, Value], *, status: int = quality.GOOD, flags: int = 0) -> None:
        """How the plant is now."""
        assert self.exporter is not None
        now, place = wall_ns(), {tag.name: at for at, tag in enumerate(self.series)}
        found = [DataValue(value, status, now, now) for value in values.values()]
        count = len(found)
        places = np.array([place[name] for name in values], np.int32)
        self.exporter.live(
            Rows(
                self.series,
                places,
                Samples.of(found, flags=flags),
                np.zeros(count, np.int64),
                np.zeros(count, np.bool_),
            )
        )

    def client(self, token: str | None = None, **more: Any) -> httpx.Client:
        head = {"authorization": f"Bearer {self.token if token is None else token}"}
        return httpx.Client(base_url=self.url, headers=head, timeout=30, trust_env=False, **more)

    def close(self) -> None:
        if self.exporter is not None:
            self.exporter.close()
            self.exporter = None
        self.archive.close()


def alarm(area: str, number: int, after: str = "UNACK") -> Entry:
    payload = {
        "name": f"{area} high", "message": "too high", "priority": 2, "area": area, "tag_id": "t_x", "tag": "x",
        "before": "NORM", "after": after, "value": 5.0, "limit": 4.0, "unit": "m", "alarm_time": wall_ns(),
        "occurrence_id": f"o{number}",
    }  # fmt: skip
    return Entry(Kind.ALARM, "ALM", SYSTEM, f"a_{area}_{number}", wall_ns(), payload)


@contextmanager
def serving(folder: Path, plant: Plant | None = None, **settings: Any) -> Iterator[RestPlant]:
    """A plant that is served; afterwards nothing of the server is left."""
    before = set(threading.enumerate())
    made = RestPlant(folder, plant)
    try:
        made.begin(**settings)
        yield made
    finally:
        made.close()
    left = [one.name for one in threading.enumerate() if one not in before and one.name.startswith("rest-")]
    assert left == []


def followed(client: httpx.Client, path: str, rows: str, **asked: Any) -> Iterator[list[Any]]:
    """The rows of all pages."""
    cursor: dict[str, str] = {}
    while True:
        answer = client.get(path, params={**asked, **cursor})
        assert answer.status_code == 200, answer.text
        content = answer.json()
        yield content[rows]
        if content["next"] is None:
            return
        cursor = {"cursor": content["next"]}


def keys_of(rows: Sequence[dict[str, Any]]) -> list[tuple[str, str, int]]:
    """What a receiver tells rows apart by."""
    return [(row["tag"], row["time"], row.get("version", 0)) for row in rows]
