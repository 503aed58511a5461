"""Sparkplug: what was, after outages and beside live values, as a host of our own sees it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from export_stream import BEGIN, Stream, bad, good, rows_of, series
from mqtt_broker import Broker, needs_mosquitto
from sparkplug_edge import MS, PLANT, all_good, exporter, raised, running, watching
from sparkplug_host import BAD, GOOD, STALE

from hmi.core.clock import NS_PER_S
from hmi.core.values import ValueType
from hmi.export.port import Haste, RecordsRefused, TargetUnavailable

pytestmark = needs_mosquitto


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    one = Broker(tmp_path / "broker")
    yield one
    one.stop()


# ---------------------------------------------------------------------- history


def test_it_07_outage_history_comes_as_historical_and_live_never_goes_back(
    tmp_path: Path, broker: Broker
) -> None:
    stream = Stream(PLANT)
    made = exporter(tmp_path, broker)
    made.open()
    made.describe(stream.schema)
    made.live(all_good())
    broker.stop()
    assert raised(lambda: made.live(all_good(1)), TargetUnavailable)
    made.close()
    hour = [(n % 5, good(n / 7, BEGIN + n * NS_PER_S)) for n in range(1, 3_600)]
    broker.start()
    with watching(broker) as host:
        made.open()
        made.describe(stream.schema)
        made.live(all_good(3_600))
        for begin in range(0, len(hour), 600):
            piece = hour[begin : begin + 600]
            made.deliver(stream.package(rows_of(PLANT, piece), haste=Haste.BACKFILL))
            made.live(all_good(3_601 + begin // 600))
        node = host.nodes["line"]
        host.wait(lambda: len(node.history) == len(hour) and node.live["", "area/n5.pv"].value == "text 3606")
        expected = {
            (f"plc{1 + (p > 2)}", f"area/n{p}.pv", v.source_time // MS, v.value, GOOD) for p, v in hour
        }
        newest = (BEGIN + 3_606 * NS_PER_S) // MS
        host.wait(lambda: node.live["plc1", "area/n0.pv"].timestamp == newest)
        assert set(node.history) == expected
        assert node.backwards == []
        assert host.wrong == []
        made.close()


def test_live_packages_bring_only_what_was_not_told_live(tmp_path: Path, broker: Broker) -> None:
    stream = Stream(PLANT)
    with watching(broker) as host, running(tmp_path, broker) as edge:
        edge.live(all_good())
        edge.live(all_good(2))
        between = rows_of(PLANT, [(0, good(0.1, BEGIN + NS_PER_S)), (0, good(0.2, BEGIN + 2 * NS_PER_S))])
        package = stream.package(between)
        edge.deliver(package)
        node = host.nodes["line"]
        host.wait(lambda: node.live["", "Export/Watermark"].value is not None)
        assert node.history == [("plc1", "area/n0.pv", (BEGIN + NS_PER_S) // MS, 0.1, GOOD)]
        edited = rows_of(PLANT, [(0, good(0.25, BEGIN + 2 * NS_PER_S))], revision=2)
        edge.deliver(stream.package(edited))
        gone = rows_of(PLANT, [(0, good(0.1, BEGIN + NS_PER_S))], revision=3, deleted=True)
        edge.deliver(stream.package(gone))
        host.wait(lambda: len(node.history) == 3)
        assert node.history[1][3:] == (0.25, GOOD)
        assert node.history[2][3:] == (None, BAD)
        assert node.live["plc1", "area/n0.pv"].value == 0.2
        assert host.wrong == []


def test_without_a_live_channel_the_newest_row_is_the_live_value(tmp_path: Path, broker: Broker) -> None:
    stream = Stream(PLANT)
    with watching(broker) as host, running(tmp_path, broker, what="aggregates") as edge:
        edge.deliver(
            stream.package(rows_of(PLANT, [(0, good(n / 2, BEGIN + n * NS_PER_S)) for n in range(4)]))
        )
        node = host.nodes["line"]
        host.wait(lambda: node.live["plc1", "area/n0.pv"].value == 1.5)
        assert [one[3] for one in node.history] == [0.0, 0.5, 1.0]
        edge.deliver(stream.package(rows_of(PLANT, [(0, good(9.0, BEGIN))])))
        host.wait(lambda: len(node.history) == 4)
        assert node.live["plc1", "area/n0.pv"].value == 1.5
        assert host.wrong == []


def test_history_of_a_dead_device_is_told_between_birth_and_death(tmp_path: Path, broker: Broker) -> None:
    stream = Stream(PLANT)
    with watching(broker) as host, running(tmp_path, broker) as edge:
        edge.live(all_good())
        edge.live(rows_of(PLANT, [(n, bad(BEGIN + 9 * NS_PER_S)) for n in (3, 4)]))
        marks = rows_of(PLANT, [(n, bad(BEGIN + 9 * NS_PER_S + n)) for n in (3, 4)])
        edge.deliver(stream.package(marks))
        host.wait(lambda: "NDATA" in host.kinds())
        assert host.kinds()[-2:] == ["DDEATH", "NDATA"], "the death has told it"
        edge.deliver(stream.package(rows_of(PLANT, [(3, good(1.5, BEGIN - NS_PER_S))]), haste=Haste.BACKFILL))
        node = host.nodes["line"]
        host.wait(lambda: len(host.of("NDATA")) == 2)
        assert host.kinds()[-4:] == ["DBIRTH", "DDATA", "DDEATH", "NDATA"]
        assert all(m.is_null for m in host.of("DBIRTH")[-1].payload.metrics)
        assert node.live["plc2", "area/n3.pv"].quality == STALE
        assert [one[3] for one in node.history] == [1.5]
        assert host.wrong == []


def test_values_that_no_metric_holds_are_refused_before_anything_is_sent(
    tmp_path: Path, broker: Broker
) -> None:
    tags = (series(0), series(1, type=ValueType.UINT64))
    stream = Stream(tags)
    content = [
        (1, good(2**64 - 1, BEGIN)),
        (0, good("text", BEGIN)),
        (1, good(-1, BEGIN)),
        (0, good(1, BEGIN)),
    ]
    with watching(broker) as host, running(tmp_path, broker, tags=tags) as edge:
        with pytest.raises(RecordsRefused) as told:
            edge.deliver(stream.package(rows_of(tags, content), haste=Haste.BACKFILL))
        assert set(told.value.reasons) == {1, 2}
        kept = [content[0], content[3]]
        edge.deliver(stream.package(rows_of(tags, kept), haste=Haste.BACKFILL))
        host.wait(lambda: "NDATA" in host.kinds())
        assert sorted(str(one[3]) for one in host.nodes["line"].history) == ["1.0", str(2**64 - 1)]
        assert host.wrong == []


@pytest.mark.parametrize("seed", range(4))
def test_no_rule_is_broken_whatever_comes_in_which_order(tmp_path: Path, broker: Broker, seed: int) -> None:
    """Live values, losses, packages of all kinds and rebirth commands at any moment."""
    rng, stream, at = random.Random(seed), Stream(PLANT), BEGIN
    shown: dict[int, float] = {}
    with watching(broker) as host, running(tmp_path, broker, aliases=bool(seed % 2)) as edge:
        edge.live(all_good())
        for _ in range(150):
            at += NS_PER_S
            match rng.randrange(5):
                case 0:
                    device = rng.choice([(0, 1, 2), (3, 4)])
                    edge.live(rows_of(PLANT, [(n, bad(at)) for n in device]))
                    shown = {n: value for n, value in shown.items() if n not in device}
                case 1:
                    host.command("plant", "line")
                case 2:
                    past = [
                        (rng.randrange(5), good(rng.random(), at - rng.randrange(10**12))) for _ in range(20)
                    ]
                    edge.deliver(stream.package(rows_of(PLANT, past), haste=rng.choice(list(Haste))))
                case _:
                    chosen = rng.sample(range(5), rng.randrange(1, 4))
                    values = {n: rng.random() for n in chosen}
                    edge.live(rows_of(PLANT, [(n, good(value, at)) for n, value in values.items()]))
                    shown |= values
        edge.live(rows_of(PLANT, [(5, good("end", at))]))
        node = host.nodes["line"]
        host.wait(lambda: node.live["", "area/n5.pv"].value == "end")
        edge.deliver(stream.package(rows_of(PLANT, [])))
        host.wait(lambda: host.kinds()[-1] == "NDATA")
        for n, value in shown.items():
            assert node.live[f"plc{1 + (n > 2)}", f"area/n{n}.pv"].value == value
        assert node.backwards == []
        assert host.wrong == []
