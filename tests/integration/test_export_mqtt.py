"""The MQTT exporter against a real broker: state, schema, and a log that proves itself."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from export_stream import BEGIN, EVIL_NAMES, Stream, bad, context, good, mixed_rows, rows_of, series
from mqtt_broker import PROGRAM, Broker, needs_mosquitto
from mqtt_jobs import LOG, MARK, ONLINE, SCHEMA, TAGS, break_off, exporter, log_of, receiving, running
from mqtt_log import lines_of, packages_in

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.history import SampleFlag
from hmi.core.values import WAITING, DataValue, ValueType
from hmi.export.export_checker import check
from hmi.export.port import Event, ExportTag, Haste, RecordsRefused, TargetRefused, TargetUnavailable
from hmi.exporters.mqtt._publisher import MqttExporter
from hmi.exporters.mqtt.definition import DEFINITION

pytestmark = needs_mosquitto


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    one = Broker(tmp_path / "broker")
    yield one
    one.stop()


# ---------------------------------------------------------------------- state


def test_state_is_retained_and_says_everything(broker: Broker) -> None:
    at = BEGIN + 123_456_789
    rows = rows_of(
        TAGS,
        [(0, good(1.5, at)), (1, bad(at, quality.BAD_SENSOR_FAILURE)), (2, DataValue(2**63, quality.UNCERTAIN, at, at)),
         (3, DataValue((1.0, 2.0), quality.GOOD, at, at))],
        flags=SampleFlag.SIMULATED,
    )  # fmt: skip
    with running(broker, Stream(TAGS)) as made:
        made.live(rows)
        with receiving(broker) as receiver:
            receiver.wait(lambda: all(receiver.has(f"v1/plant/area/n{n}/pv") for n in range(4)))
            assert all(one.retain for one in receiver.all)
            assert receiver.last("v1/plant/area/n0/pv") == {
                "v": 1.5, "ts": "2026-11-18T11:06:40.123456789Z", "q": 192, "status": 0, "u": "MQH", "src": "t_0000",
                "seq": 0, "rev": 1, "sim": True,
            }  # fmt: skip
            failed = receiver.last("v1/plant/area/n1/pv")
            assert (failed["v"], failed["q"], failed["status"]) == (None, 0, quality.BAD_SENSOR_FAILURE)
            uncertain = receiver.last("v1/plant/area/n2/pv")
            assert (uncertain["v"], uncertain["q"]) == (2**63, 64)
            assert receiver.last("v1/plant/area/n3/pv")["v"] == [1.0, 2.0]


def test_a_series_that_never_had_a_value_has_no_time(broker: Broker) -> None:
    with running(broker, Stream(TAGS)) as made, receiving(broker) as receiver:
        made.live(rows_of(TAGS, [(0, WAITING)]))
        receiver.wait(lambda: receiver.has("v1/plant/area/n0/pv"))
        state = receiver.last("v1/plant/area/n0/pv")
        assert (state["v"], state["ts"], state["q"]) == (None, None, 0)


def test_online_is_said_after_the_first_values_and_taken_back(broker: Broker) -> None:
    """Before and after, the states say how the plant was: a receiver must not take them for live."""
    stream = Stream(TAGS)
    with receiving(broker) as receiver:
        made = exporter(broker.url)
        made.open()
        made.describe(stream.schema)
        receiver.wait(lambda: receiver.has(SCHEMA))
        assert not receiver.has(ONLINE)
        made.live(rows_of(TAGS, [(0, good(1.0, BEGIN))]))
        receiver.wait(lambda: receiver.has(ONLINE))
        assert receiver.last(ONLINE)["online"] is True
        assert [one.topic for one in receiver.all].index(ONLINE) > [one.topic for one in receiver.all].index(
            "v1/plant/area/n0/pv"
        )
        made.close()
        receiver.wait(lambda: receiver.last(ONLINE)["online"] is False)
        made.open()
        made.describe(stream.schema)
        made.live(rows_of(TAGS, [(0, good(1.0, BEGIN))]))
        receiver.wait(lambda: receiver.last(ONLINE)["online"] is True)
        break_off(made)
        receiver.wait(lambda: receiver.last(ONLINE)["online"] is False)


def test_it_09_names_are_escaped_by_rule_and_come_back(broker: Broker) -> None:
    names = [*EVIL_NAMES, "", " ", "%20", "a%2Fb", "_x", "+", "#", "$share"]
    tags = [series(n, name=f"n{n}", path=(name, name)) for n, name in enumerate(names)]
    with running(broker, Stream(tags)) as made:
        made.live(rows_of(tags, [(n, good(float(n), BEGIN)) for n in range(len(tags))]))
        with receiving(broker) as receiver:
            receiver.wait(
                lambda: len([one for one in receiver.all if not one.topic.startswith("v1/_")]) == len(tags)
            )
            found = {
                receiver.last(one.topic)["src"]: one.topic
                for one in receiver.all
                if not one.topic.startswith("v1/_")
            }
            assert len(set(found.values())) == len(names)
            for n, name in enumerate(names):
                prefix, first, second = found[f"t_{n:04d}"].split("/")
                assert prefix == "v1"
                assert not any(sign in second for sign in "+#$ \t\n")
                if name:
                    assert unquote(first) == unquote(second) == name


def test_two_series_of_one_topic_are_refused(broker: Broker) -> None:
    tags = [series(0), series(1, path=series(0).path)]
    made = exporter(broker.url)
    made.open()
    with pytest.raises(TargetRefused, match="have the same topic v1/plant/area/n0/pv: rename one of them"):
        made.describe(Stream(tags).schema)
    made.close()


# ---------------------------------------------------------------------- schema


def test_schema_is_retained_in_parts_and_what_left_it_is_cleared(broker: Broker) -> None:
    many = tuple(series(n) for n in range(250))
    stream = Stream(many)
    with running(broker, stream, most_kb=16) as made:
        made.live(rows_of(many, [(n, good(1.0, BEGIN)) for n in range(250)]))
    with receiving(broker) as receiver:
        receiver.wait(
            lambda: receiver.has(SCHEMA) and receiver.has(ONLINE) and receiver.has("v1/plant/area/n249/pv")
        )
        head = receiver.last(SCHEMA)
        assert (head["digest"], head["zone"], head["what"]) == (
            stream.schema.digest,
            "Europe/Berlin",
            "samples",
        )
        parts = [receiver.last(f"{SCHEMA}/{number}") for number in range(1, head["parts"] + 1)]
        listed = [one for part in parts for one in part["series"]]
        assert [one["key"] for one in listed] == [tag.key for tag in many]
        assert (listed[7]["topic"], listed[7]["unit_code"]) == ("v1/plant/area/n7/pv", "MQH")
        assert max(len(one.payload) for one in receiver.all) <= 16 * 1024
    # another process, and series that are gone meanwhile
    with running(broker, Stream(TAGS)), receiving(broker) as receiver:
        kept = ["v1/plant/area/n3/pv", ONLINE, SCHEMA, f"{SCHEMA}/1"]
        receiver.wait(lambda: all(receiver.has(topic) for topic in kept))
        assert receiver.last(SCHEMA)["parts"] == 1
        topics = {one.topic for one in receiver.all if one.payload}
        assert topics == {SCHEMA, f"{SCHEMA}/1", ONLINE, *(f"v1/plant/area/n{n}/pv" for n in range(4))}


def test_schema_that_is_known_is_not_sent_again(broker: Broker) -> None:
    with running(broker, Stream(TAGS)):
        pass
    with receiving(broker, f"{SCHEMA}/#") as receiver:
        receiver.wait(lambda: receiver.has(f"{SCHEMA}/1"))
        with running(broker, Stream(TAGS)):
            pass
        with running(broker, Stream(TAGS[:2])):
            receiver.wait(lambda: len([one for one in receiver.all if not one.retain]) == 2)
        sent = [receiver.last(topic)["digest"] for topic in (SCHEMA, f"{SCHEMA}/1")]
        assert sent == [Stream(TAGS[:2]).schema.digest] * 2


# ---------------------------------------------------------------------- log


def test_log_proves_completeness_of_every_kind_of_row(broker: Broker) -> None:
    """A receiver that holds nothing but the messages comes to the same sums and the whole chain."""
    stream = Stream(TAGS)
    with receiving(broker) as receiver, running(broker, stream, most_kb=8) as made:
        made.deliver(stream.package(mixed_rows(TAGS, 3_000)))
        made.deliver(
            stream.package(mixed_rows(TAGS, 500, seed=2, begin=BEGIN - 10**15), haste=Haste.BACKFILL)
        )
        odd = [
            (0, DataValue((1, "x", {"a": b"y"}), quality.GOOD, BEGIN, BEGIN)),
            (1, good(-0.0, BEGIN)),
            (1, good(5e-324, BEGIN)),
        ]
        made.deliver(stream.package(rows_of(TAGS, odd, flags=8)))
        made.deliver(stream.package(rows_of(TAGS, [(2, good(1.0, BEGIN))], deleted=True, revision=9)))
        made.deliver(stream.package(rows_of(TAGS, [])))
        payloads = log_of(receiver, 5)
        assert max(len(one) for one in payloads) <= 8 * 1024
        assert len(payloads) > 20
        assert not any(one.retain for one in receiver.all if one.topic == LOG)
        report = check(packages_in(lines_of(payloads)))
        assert (report.packages, report.rows, report.doubles) == (5, 3_504, 0)
        assert report.digest == stream.last.digest if stream.last else False


def test_log_of_events_proves_completeness(broker: Broker) -> None:
    stream = Stream(())
    events = [
        Event(n, BEGIN + n, "alarm", "raised", {"tag": "a/b", "text": "é \u2028 🚰", "p": n})
        for n in range(1, 300)
    ]
    with receiving(broker) as receiver, running(broker, stream, what="alarms", most_kb=4) as made:
        made.deliver(stream.package(events=events[:150]))
        made.deliver(stream.package(events=events[150:]))
        payloads = log_of(receiver, 2)
        report = check(packages_in(lines_of(payloads)))
        assert (report.packages, report.rows) == (2, 299)
        assert receiver.last(ONLINE)["online"] is True


def test_log_of_a_file_that_mosquitto_sub_wrote_can_be_checked(broker: Broker, tmp_path: Path) -> None:
    assert PROGRAM is not None
    stream = Stream(TAGS)
    command = ["mosquitto_sub", "-p", str(broker.port), "-q", "1", "-i", "it", "-c", "-t", LOG]
    try:
        subprocess.run([*command, "-E"], check=True)
    except FileNotFoundError:
        pytest.skip("mosquitto_sub is missing: apt-get install mosquitto-clients")
    with running(broker, stream) as made:
        for seed in range(3):
            made.deliver(stream.package(mixed_rows(TAGS, 100, seed)))
    file = tmp_path / "job.log"
    with file.open("wb") as out:
        subprocess.run([*command, "-C", "3"], check=True, stdout=out, timeout=20)
    report = check(packages_in(lines_of([file.read_bytes()])))
    assert (report.packages, report.rows) == (3, 300)


def test_same_package_again_counts_once_and_the_newest(broker: Broker) -> None:
    stream = Stream(TAGS)
    with receiving(broker) as receiver, running(broker, stream) as made:
        package = stream.package(mixed_rows(TAGS, 50))
        made.deliver(package)
        made.deliver(package)
        made.deliver(stream.package(mixed_rows(TAGS, 5)))
        payloads = log_of(receiver, 2)
        report = check(packages_in(lines_of(payloads)))
        assert (report.packages, report.rows, report.doubles) == (2, 55, 1)


def test_session_lost_in_a_package_leaves_nothing_that_counts(broker: Broker) -> None:
    stream = Stream(TAGS)
    package = stream.package(mixed_rows(TAGS, 5_000))
    with receiving(broker) as receiver:
        made = exporter(broker.url, most_kb=4)
        made.open()
        made.describe(stream.schema)
        session, publish, sent = made._there(), made._there().publish, []

        def breaking(topic: str, payload: bytes, qos: int = 0, *, retain: bool = False) -> None:
            sent.append(topic)
            if len(sent) == 20:
                session.flush()
                session._client.socket().shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]
            publish(topic, payload, qos, retain=retain)

        session.publish = breaking  # type: ignore[method-assign]
        with pytest.raises(TargetUnavailable, match="ended the session"):
            made.deliver(package)
        made.close()
        assert made.open() is None, "the target holds no statement of a package that is not whole"
        made.describe(stream.schema)
        made.deliver(package)
        payloads = log_of(receiver, 1)
        assert len(payloads) > 19
        report = check(packages_in(lines_of(payloads)))
        assert (report.packages, report.rows, report.doubles) == (1, 5_000, 0)
        made.close()


def test_open_tells_the_last_statement_of_the_same_stream(broker: Broker) -> None:
    stream = Stream(TAGS)
    with running(broker, stream) as made:
        package = stream.package(mixed_rows(TAGS, 5), dropped=((3, 4),), coverage={"start": 1})
        made.deliver(package)
    again = exporter(broker.url)
    assert again.open() == package.watermark
    again.close()
    other = MqttExporter(
        {one.name: one.default for one in DEFINITION.settings} | {"servers": [broker.url]},
        context(stream="p_x/job"),
    )
    assert other.open() is None
    other.close()


def test_rubbish_where_schema_and_statement_should_be_is_written_anew(broker: Broker) -> None:
    stream = Stream(TAGS)
    with receiving(broker) as receiver:
        for topic in (SCHEMA, f"{SCHEMA}/1", MARK):
            receiver._client.publish(topic, b"\xff{rubbish", 1, True).wait_for_publish(10)
        made = exporter(broker.url)
        assert made.open() is None
        made.describe(stream.schema)
        made.deliver(stream.package(mixed_rows(TAGS, 5)))
        made.close()
    with receiving(broker) as receiver:
        receiver.wait(lambda: receiver.has(MARK) and receiver.has(f"{SCHEMA}/1"))
        assert receiver.last(SCHEMA)["digest"] == stream.schema.digest
        assert receiver.last(MARK)["number"] == 1


def test_row_that_no_message_holds_is_refused_by_itself(broker: Broker) -> None:
    stream = Stream((series(0, type=ValueType.STRING),))
    content = [(0, good("x" * 10_000 if n == 3 else "short", BEGIN + n)) for n in range(5)]
    with receiving(broker) as receiver, running(broker, stream, most_kb=4) as made:
        with pytest.raises(RecordsRefused) as told:
            made.deliver(stream.package(rows_of(stream.tags, content)))
        assert list(told.value.reasons) == [3]
        stream.last = None
        del content[3]
        made.deliver(stream.package(rows_of(stream.tags, content)))
        report = check(packages_in(lines_of(log_of(receiver, 1))))
        assert report.rows == 4


def test_interval_is_part_of_the_topic_of_an_aggregate(broker: Broker) -> None:
    base = series(0)
    tags: list[ExportTag] = [
        replace(base, key=f"t/{n}", path=(*base.path, "Average"), aggregate="Average", interval_s=n)
        for n in (60, 3600)
    ]
    stream = Stream(tags)
    with receiving(broker) as receiver, running(broker, stream, what="aggregates") as made:
        made.deliver(stream.package(rows_of(tags, [(0, good(1.0, BEGIN)), (1, good(2.0, BEGIN + NS_PER_S))])))
        assert check(packages_in(lines_of(log_of(receiver, 1)))).rows == 2
