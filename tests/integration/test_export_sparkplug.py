"""The Sparkplug exporter against a real broker, judged message by message by a host application of our own."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from export_stream import BEGIN, EVIL_NAMES, Stream, bad, good, mixed_rows, rows_of, series
from mqtt_broker import Broker, needs_mosquitto
from sparkplug_edge import MS, PLANT, all_good, exporter, running, watching
from sparkplug_host import BAD, GOOD, STALE

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.values import WAITING, DataValue
from hmi.export.port import Haste, TargetUnavailable

pytestmark = needs_mosquitto


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    one = Broker(tmp_path / "broker")
    yield one
    one.stop()


def test_births_and_data_keep_every_rule(tmp_path: Path, broker: Broker) -> None:
    """tck-id-topics-nbirth-*, dbirth-*, ndata-*, ddata-*: what the host checks in every message."""
    with watching(broker) as host, running(tmp_path, broker) as edge:
        edge.live(all_good())
        edge.live(all_good(1))
        host.wait(lambda: host.kinds().count("DDATA") == 2)
        assert host.kinds() == ["NBIRTH", "DBIRTH", "DBIRTH", "NDATA", "DDATA", "DDATA"]
        assert host.wrong == []
        node = host.nodes["line"]
        shown = node.live["plc2", "area/n4.pv"]
        assert (shown.value, shown.quality, shown.timestamp) == (4.1, GOOD, (BEGIN + NS_PER_S) // MS)
        assert node.live["", "area/n5.pv"].value == "text 1"
        birth = next(m for m in host.of("DBIRTH")[0].payload.metrics if m.name == "area/n0.pv")
        told = {"engUnit": "m³/h", "unitCode": "MQH", "key": "t_0000", "engHigh": 100.0}
        assert told.items() <= birth.properties.items()


def test_a_series_that_never_had_a_value_is_bad_as_of_now(tmp_path: Path, broker: Broker) -> None:
    with watching(broker) as host, running(tmp_path, broker) as edge:
        edge.live(rows_of(PLANT, [(0, WAITING), (1, good(1.0, BEGIN)), (5, good("x", BEGIN))]))
        host.wait(lambda: "DBIRTH" in host.kinds())
        waiting = host.nodes["line"].live["plc1", "area/n0.pv"]
        assert (waiting.value, waiting.quality) == (None, BAD)
        assert waiting.timestamp > BEGIN // MS
        assert host.wrong == []


def test_bad_is_null_with_its_status_and_uncertain_is_stale(tmp_path: Path, broker: Broker) -> None:
    """tck-id-payloads-propertyset-quality-value-value: 0, 192 or 500, and the whole code beside it."""
    with watching(broker) as host, running(tmp_path, broker) as edge:
        edge.live(all_good())
        at = BEGIN + NS_PER_S
        edge.live(
            rows_of(
                PLANT,
                [(0, bad(at, quality.BAD_SENSOR_FAILURE)), (1, DataValue(7.5, quality.UNCERTAIN_LAST_USABLE, at, at)),
                 (2, good("no number", at))],
            )
        )  # fmt: skip
        host.wait(lambda: "DDATA" in host.kinds())
        failed, uncertain, unfit = host.of("DDATA")[0].payload.metrics
        assert (failed.is_null, failed.quality, failed.properties["status"]) == (
            True,
            BAD,
            quality.BAD_SENSOR_FAILURE,
        )
        assert (uncertain.value, uncertain.quality) == (7.5, STALE)
        assert (unfit.is_null, unfit.properties["status"]) == (True, quality.BAD_TYPE_MISMATCH)
        assert host.wrong == []


def test_link_loss_is_ddeath_and_the_way_back_is_dbirth(tmp_path: Path, broker: Broker) -> None:
    """tck-id-operational-behavior-device-ddeath; IT-06 at the host: device metrics are stale."""
    with watching(broker) as host, running(tmp_path, broker) as edge:
        edge.live(all_good())
        lost = BEGIN + 5 * NS_PER_S
        edge.live(rows_of(PLANT, [(3, bad(lost))]))
        edge.live(rows_of(PLANT, [(4, bad(lost))]))
        host.wait(lambda: "DDEATH" in host.kinds())
        node = host.nodes["line"]
        assert host.of("DDEATH")[0].device == "plc2"
        assert {node.live["plc2", f"area/n{n}.pv"].quality for n in (3, 4)} == {STALE}
        assert node.live["plc1", "area/n0.pv"].quality == GOOD
        edge.live(rows_of(PLANT, [(3, good(9.0, lost + NS_PER_S))]))
        host.wait(lambda: host.kinds().count("DBIRTH") == 3)
        assert node.live["plc2", "area/n3.pv"].value == 9.0
        assert node.live["plc2", "area/n4.pv"].value is None
        assert host.wrong == []


def test_a_device_that_is_dead_from_the_start_is_not_born(tmp_path: Path, broker: Broker) -> None:
    with watching(broker) as host, running(tmp_path, broker) as edge:
        rows = [(n, bad(BEGIN)) for n in (3, 4)] + [(n, good(1.0, BEGIN)) for n in range(3)]
        edge.live(rows_of(PLANT, [*rows, (5, good("x", BEGIN))]))
        host.wait(lambda: "DBIRTH" in host.kinds())
        edge.idle()
        assert [one.device for one in host.of("DBIRTH")] == ["plc1"]
        assert host.wrong == []


# ---------------------------------------------------------------------- sessions

CHILD = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
from sparkplug_edge import PLANT, all_good, exporter
from export_stream import Stream

class Url:
    url = {url!r}

edge = exporter(Path({folder!r}), Url())
edge.open()
edge.describe(Stream(PLANT).schema)
step = 0
while True:
    edge.live(all_good(step))
    step += 1
    print(step, flush=True)
"""


def test_it_02_kill_of_the_process_gives_ndeath_with_the_bdseq_of_the_birth(
    tmp_path: Path, broker: Broker
) -> None:
    """tck-id-topics-nbirth-bdseq-matching, tck-id-topics-nbirth-bdseq-increment, tck-id-payloads-ndeath-*."""
    with watching(broker) as host:
        for number in range(2):
            script = CHILD.format(
                path=[os.getcwd(), *sys.path, str(Path(__file__).parent)],
                url=broker.url,
                folder=str(tmp_path),
            )
            child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
            assert child.stdout is not None
            try:
                while int(child.stdout.readline()) < 5:
                    pass
            finally:
                child.send_signal(signal.SIGKILL)
                child.wait(20)
                child.stdout.close()
            host.wait(lambda n=number: len(host.of("NDEATH")) == n + 1)
            birth, death = host.of("NBIRTH")[-1].payload.metrics, host.of("NDEATH")[-1].payload.metrics
            assert next(m.value for m in birth if m.name == "bdSeq") == death[0].value == number
            node = host.nodes["line"]
            assert not node.online
            assert {one.quality for one in node.live.values()} == {STALE}
        assert host.wrong == []


def test_it_02_bdseq_goes_on_over_restarts_and_from_255_to_0(tmp_path: Path, broker: Broker) -> None:
    """tck-id-topics-nbirth-bdseq-increment: 0 first, one more for each CONNECT."""
    with watching(broker) as host:
        made = exporter(tmp_path, broker)
        for turn in range(258):
            if turn % 50 == 0:
                made = exporter(tmp_path, broker)
            made.open()
            made.describe(Stream(PLANT[:1]).schema)
            made.idle()
            made.close()
        host.wait(lambda: len(host.of("NDEATH")) == 258)
        births = [
            next(m.value for m in one.payload.metrics if m.name == "bdSeq") for one in host.of("NBIRTH")
        ]
        assert births == [*range(256), 0, 1]
        assert host.wrong == []


def test_a_connect_that_was_never_sent_counts_for_nothing(tmp_path: Path, broker: Broker) -> None:
    broker.stop()
    made = exporter(tmp_path, broker)
    for _ in range(3):
        with pytest.raises(TargetUnavailable, match="cannot be reached"):
            made.open()
    broker.start()
    with watching(broker) as host:
        made.open()
        made.describe(Stream(PLANT).schema)
        made.live(all_good())
        host.wait(lambda: "DBIRTH" in host.kinds())
        assert host.nodes["line"].bd_seq == 0
        made.close()


def test_intended_end_says_ndeath_before_it_goes(tmp_path: Path, broker: Broker) -> None:
    """tck-id-operational-behavior-edge-node-intentional-disconnect-ndeath: one NDEATH, from the node and no will."""
    with watching(broker) as host:
        with running(tmp_path, broker) as edge:
            edge.live(all_good())
        host.wait(lambda: "NDEATH" in host.kinds())
        with running(tmp_path, broker) as edge:
            edge.live(all_good(1))
            host.wait(lambda: host.kinds().count("DBIRTH") == 4)
            assert host.kinds().count("NDEATH") == 1
            assert host.nodes["line"].online
        assert host.wrong == []


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_it_03_seq_runs_over_260_messages_of_every_kind(tmp_path: Path, broker: Broker, version: str) -> None:
    """tck-id-payloads-ndata-seq-inc, -ddata-, -dbirth-, -ddeath-: one counter, 255 then 0."""
    with watching(broker) as host, running(tmp_path, broker, version=version) as edge:
        edge.live(all_good())
        step = 1
        while step < 400:
            at = BEGIN + step * NS_PER_S
            if step % 40 == 0:
                edge.live(rows_of(PLANT, [(3, bad(at)), (4, bad(at))]))
            else:
                edge.live(
                    rows_of(PLANT, [(3 if step % 2 else 0, good(step / 3, at)), (5, good(str(step), at))])
                )
            step += 1
        host.wait(lambda: host.nodes["line"].live["", "area/n5.pv"].value == "399")
        numbers = [one.payload.seq for one in host.seen]
        assert len(numbers) > 260
        assert numbers == [place % 256 for place in range(len(numbers))]
        assert {"NBIRTH", "DBIRTH", "NDATA", "DDATA", "DDEATH"} == set(host.kinds())
        assert host.wrong == []


def test_it_04_rebirth_has_no_data_before_it_and_the_same_bdseq(tmp_path: Path, broker: Broker) -> None:
    """tck-id-operational-behavior-data-commands-rebirth-action-1 to -3."""
    with watching(broker) as host, running(tmp_path, broker) as edge:
        edge.live(all_good())
        host.wait(lambda: host.kinds().count("DBIRTH") == 2)
        first = host.of("NBIRTH")[0]
        host.command("plant", "line")
        session = edge._there()
        assert session.wait_for(10)
        edge.live(all_good(1))
        host.wait(
            lambda: (
                host.nodes["line"].live["", "area/n5.pv"].value == "text 1" and host.kinds()[-1] == "DDATA"
            )
        )
        kinds = host.kinds()
        assert kinds[3:6] == ["NBIRTH", "DBIRTH", "DBIRTH"]
        again = host.of("NBIRTH")[1]
        assert again.payload.seq == 0
        assert {m.name for m in again.payload.metrics} == {m.name for m in first.payload.metrics}
        assert [m.value for b in (first, again) for m in b.payload.metrics if m.name == "bdSeq"] == [0, 0]
        assert host.wrong == []


def test_it_04_rebirth_is_answered_while_nothing_changes(tmp_path: Path, broker: Broker) -> None:
    with watching(broker) as host, running(tmp_path, broker) as edge:
        edge.live(all_good())
        host.command("plant", "line")
        assert edge._there().wait_for(10)
        edge.idle()
        host.wait(lambda: host.kinds().count("NBIRTH") == 2)
        assert host.wrong == []


@pytest.mark.parametrize(("name", "device"), [("area/n0.pv", "plc1"), ("area/n5.pv", "")])
def test_writes_are_refused_and_told(
    tmp_path: Path, broker: Broker, caplog: pytest.LogCaptureFixture, name: str, device: str
) -> None:
    with watching(broker) as host, running(tmp_path, broker) as edge:
        edge.live(all_good())
        host.wait(lambda: host.kinds().count("DBIRTH") == 2)
        before = host.kinds()
        host.command("plant", "line", name, device=device)
        assert edge._there().wait_for(10)
        with caplog.at_level(logging.WARNING):
            edge.idle()
        assert f"a write of '{name}'" in caplog.text
        assert "refused" in caplog.text
        assert host.kinds() == before


def test_rubbish_on_the_command_topic_changes_nothing(
    tmp_path: Path, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    with watching(broker) as host, running(tmp_path, broker) as edge:
        edge.live(all_good())
        host._client.publish("spBv1.0/plant/NCMD/line", b"\xff\xff\xff rubbish", 0).wait_for_publish(10)
        assert edge._there().wait_for(10)
        with caplog.at_level(logging.WARNING):
            edge.idle()
        assert "is not understood" in caplog.text
        edge.live(all_good(1))
        assert host.wrong == []


@pytest.mark.parametrize("aliases", [True, False])
def test_it_08_alias_mode(tmp_path: Path, broker: Broker, aliases: bool) -> None:
    """tck-id-payloads-alias-data-cmd-requirement, -birth-requirement, tck-id-...-rebirth-name-aliases."""
    with watching(broker) as host, running(tmp_path, broker, aliases=aliases) as edge:
        edge.live(all_good())
        edge.live(all_good(1))
        edge.deliver(Stream(PLANT).package(mixed_rows(PLANT[5:], 5), haste=Haste.BACKFILL))
        host.wait(lambda: len(host.of("NDATA")) == 3)
        data = [m for one in host.seen if one.kind.endswith("DATA") for m in one.payload.metrics]
        births = [m for one in host.seen if one.kind.endswith("BIRTH") for m in one.payload.metrics]
        assert all(bool(m.name) != aliases and (m.alias is not None) == aliases for m in data)
        unaliased = {"bdSeq", "Node Control/Rebirth"}
        assert all(m.name and (m.alias is not None) == (aliases and m.name not in unaliased) for m in births)
        assert host.wrong == []


def test_it_09_evil_names_are_escaped_in_ids_and_kept_in_metrics(tmp_path: Path, broker: Broker) -> None:
    tags = [series(n, name=name, connection=name) for n, name in enumerate(EVIL_NAMES)]
    tags += [series(50, name="bdSeq", connection=""), series(51, name="Node Control/Rebirth", connection="")]
    with watching(broker) as host, running(tmp_path, broker, tags=tuple(tags)) as edge:
        edge.live(rows_of(tags, [(n, good(float(n), BEGIN)) for n in range(len(tags))]))
        host.wait(lambda: len(host.of("DBIRTH")) == len(EVIL_NAMES))
        names = {m.name for one in host.of("DBIRTH") for m in one.payload.metrics}
        assert names == set(EVIL_NAMES)
        devices = {one.device for one in host.of("DBIRTH")}
        assert len(devices) == len(EVIL_NAMES)
        assert not any(sign in device for device in devices for sign in "+#/ $\t\n")
        assert host.nodes["line"].live["", "%62dSeq"].value == 11 + 0.0
        assert host.wrong == []
