"""Sparkplug: the primary host, several brokers, and two nodes with one id."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from export_stream import Stream, context
from mqtt_broker import Broker, needs_mosquitto
from sparkplug_edge import PLANT, all_good, exporter, raised, running, watching
from sparkplug_host import GOOD, STALE, Host

from hmi.export.port import TargetRefused, TargetUnavailable
from hmi.exporters.sparkplug._edge import SparkplugExporter
from hmi.exporters.sparkplug._payload import death_payload
from hmi.exporters.sparkplug.definition import DEFINITION

pytestmark = needs_mosquitto


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    one = Broker(tmp_path / "broker")
    yield one
    one.stop()


# ---------------------------------------------------------------------- primary host, second broker, twins


def test_births_wait_for_the_primary_host(tmp_path: Path, broker: Broker) -> None:
    """tck-id-message-flow-edge-node-birth-publish-phid-wait."""
    made = exporter(tmp_path, broker, primary_host="main", host_wait_s=0.3)
    with watching(broker) as watcher:
        with pytest.raises(TargetUnavailable, match="main is not online"):
            made.open()
        assert watcher.kinds() == []
        with watching(broker, primary="main") as host:
            made.open()
            made.describe(Stream(PLANT).schema)
            made.live(all_good())
            host.wait(lambda: host.kinds().count("DBIRTH") == 2)
            made.close()


def test_primary_host_goes_offline_and_the_node_walks_to_the_next_server(tmp_path: Path) -> None:
    """tck-id-operational-behavior-edge-node-termination-host-offline, tck-id-operational-behavior-primary-application-
    state-with-multiple-servers-walk.
    """
    one, two = Broker(tmp_path / "one"), Broker(tmp_path / "two")
    try:
        with watching(two, primary="main") as second:
            first = Host(one.port, primary="main")
            made = exporter(tmp_path, one, two, primary_host="main")
            made.open()
            made.describe(Stream(PLANT).schema)
            made.live(all_good())
            first.wait(lambda: first.kinds().count("DBIRTH") == 2)
            first.state_time += 1
            first.say_state(online=False)
            assert "went offline" in str(raised(made.idle, TargetUnavailable))
            first.wait(lambda: "NDEATH" in first.kinds())
            made.close()
            made.open()
            made.describe(Stream(PLANT).schema)
            made.live(all_good(1))
            second.wait(lambda: second.kinds().count("DBIRTH") == 2)
            assert second.nodes["line"].bd_seq > 0
            assert first.wrong == second.wrong == []
            made.close()
            first.close()
    finally:
        one.stop()
        two.stop()


def test_an_old_offline_of_the_host_is_ignored(tmp_path: Path, broker: Broker) -> None:
    """tck-id-operational-behavior-edge-node-termination-host-offline-timestamp."""
    with watching(broker, primary="main") as host:
        with running(tmp_path, broker, primary_host="main") as edge:
            edge.live(all_good())
            host.state_time -= 1
            host.say_state(online=False)
            assert edge._there().wait_for(10)
            edge.idle()
            host.state_time += 1
            host.say_state(online=True)
        assert host.wrong == []


def test_broker_that_dies_is_left_for_the_next_one(tmp_path: Path) -> None:
    one, two = Broker(tmp_path / "one"), Broker(tmp_path / "two")
    try:
        with watching(two) as host:
            made = exporter(tmp_path, one, two)
            made.open()
            made.describe(Stream(PLANT).schema)
            made.live(all_good())
            one.stop()
            raised(lambda: made.live(all_good(1)), TargetUnavailable)
            made.close()
            made.open()
            made.describe(Stream(PLANT).schema)
            made.live(all_good(2))
            host.wait(lambda: host.kinds().count("DBIRTH") == 2)
            assert host.wrong == []
            made.close()
    finally:
        one.stop()
        two.stop()


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_two_runtimes_with_one_id_are_told(tmp_path: Path, broker: Broker, version: str) -> None:
    """tck-id-topic-structure-namespace-unique-edge-node-descriptor: the one that sees it stops and stays away."""
    with watching(broker) as host:
        older = exporter(tmp_path / "a", broker, version=version)
        younger = exporter(tmp_path / "b", broker, version=version)
        for made in (older, younger):
            made.open()
            made.describe(Stream(PLANT).schema)
            made.live(all_good())
        error = raised(older.idle, TargetRefused)
        assert "another edge node line" in str(error)
        older.close()
        assert "NDEATH" not in host.kinds(), "it could be taken for the other's"
        stop = threading.Event()

        def go_on() -> None:
            while not stop.wait(0.1):
                younger.idle()

        thread = threading.Thread(target=go_on)
        thread.start()
        try:
            with pytest.raises(TargetRefused, match="another edge node line"):
                older.open()
        finally:
            stop.set()
            thread.join(20)
        births = len(host.of("NBIRTH"))
        younger.close()
        older.open()
        older.describe(Stream(PLANT).schema)
        older.live(all_good(1))
        host.wait(
            lambda: len(host.of("NBIRTH")) > births
        )  # an answer to its call may still have been on the way
        older.close()


def test_stop_ends_a_wait_for_the_host(tmp_path: Path, broker: Broker) -> None:
    stop = threading.Event()
    settings = {one.name: one.default for one in DEFINITION.settings}
    settings |= {
        "servers": [broker.url],
        "state": str(tmp_path),
        "primary_host": "never",
        "host_wait_s": 100.0,
    }
    made = SparkplugExporter(settings, context(stop=stop.is_set))
    failed = threading.Event()

    def work() -> None:
        with suppress(TargetUnavailable):
            made.open()
        failed.set()

    thread = threading.Thread(target=work)
    thread.start()
    stop.set()
    assert failed.wait(10)
    thread.join(10)


def test_it_06_an_old_ndeath_is_ignored_and_a_false_one_answered_by_a_rebirth(
    tmp_path: Path, broker: Broker
) -> None:
    """tck-id-payloads-ndeath-bdseq: hosts go by the number; a node that sees its own death says that it lives."""
    with watching(broker) as host, running(tmp_path, broker) as edge:
        edge.live(all_good())
        host.wait(lambda: host.kinds().count("DBIRTH") == 2)
        topic = edge._node.topic("NDEATH")
        host._client.publish(topic, death_payload(1, 255), 1).wait_for_publish(10)
        host.wait(lambda: host.kinds().count("NDEATH") == 1)
        assert host.nodes["line"].online
        assert edge._there().wait_for(10)
        edge.idle()
        assert host.kinds().count("NBIRTH") == 1
        host._client.publish(topic, death_payload(1, 0), 1).wait_for_publish(10)
        host.wait(lambda: not host.nodes["line"].online)
        assert {one.quality for one in host.nodes["line"].live.values()} == {STALE}
        assert edge._there().wait_for(10)
        edge.idle()
        host.wait(lambda: host.kinds().count("DBIRTH") == 4)
        assert host.nodes["line"].online
        assert host.nodes["line"].live["plc1", "area/n1.pv"].quality == GOOD
        assert host.wrong == []
