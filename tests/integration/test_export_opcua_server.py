"""The OPC UA server for IT, read by a client of another maker (node-opcua)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from export_stream import BEGIN, EVIL_NAMES, Stream, bad, good, rows_of, series
from foreign_client import ForeignClient
from foreign_server import Installed
from opcua_exports import BARE, NODE, every_type, login, open_settings, serving, settings, trust_all

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.values import ValueType
from hmi.export.port import Haste
from hmi.exporters.opcua_server import _server

EVERY_POLICY = ("Basic256Sha256", "Aes256_Sha256_RsaPss")
UNECE = "http://www.opcfoundation.org/UA/units/un/cefact"


@pytest.fixture(scope="module")
def process(node_opcua: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignClient]:
    with ForeignClient(node_opcua, tmp_path_factory.mktemp("client")) as made:
        yield made


@pytest.fixture
def client(process: ForeignClient) -> Iterator[ForeignClient]:
    yield process
    process.told(disconnect=True)
    process.ask(changes=True)
    process.changes.clear()


def value_of(client: ForeignClient, key: str, **more: Any) -> Any:
    return client.ask(read=NODE + key, **more)["value"]


def test_client_is_let_in_only_when_trusted_and_known(client: ForeignClient, tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    with serving(chosen, [series(0)]):
        offered = client.ask(endpoints=chosen["endpoint"])["endpoints"]
        assert [one["policy"].rpartition("#")[2] for one in offered] == list(EVERY_POLICY)
        assert all(one["mode"] == "SignAndEncrypt" and one["tokens"] == ["UserName"] for one in offered)
        client.refused(**login(chosen))
        assert trust_all(chosen) == 1
        for policy in EVERY_POLICY:
            client.ask(**login(chosen, policy=policy))
            client.ask(disconnect=True)
        assert "BadUserAccessDenied" in client.refused(**login(chosen, password="wrong"))
        assert "BadUserAccessDenied" in client.refused(**login(chosen, user="other"))
        assert "ANONYMOUS" in client.refused(**login(chosen, user=""))
        assert "End point must exist" in client.refused(**login(chosen, policy="None", mode="None"))


def test_tree_types_ranges_units_and_status_are_read(client: ForeignClient, tmp_path: Path) -> None:
    chosen, tags = settings(tmp_path), every_type()
    with serving(chosen, tags) as (exporter, _stream):
        client.refused(**login(chosen))
        trust_all(chosen)
        found = client.ask(**login(chosen))
        assert found["namespaces"][2] == "urn:watchkeeper:plant:p_test"
        waiting = client.ask(read=NODE + "t_0000")
        assert (waiting["value"], waiting["status"]) == (None, quality.BAD_WAITING_FOR_INITIAL_DATA)
        contents: list[Any] = [
            1.25, -(2**63), 2**64 - 1, 0.5, True, 2, 10, "é 🚰", BEGIN, b"\x00\xff", (1.5, 2.5),
            {"a": 1}, 7.5,
        ]  # fmt: skip
        exporter.live(rows_of(tags, [(place, good(one, BEGIN)) for place, one in enumerate(contents)]))
        read = [client.ask(read=NODE + tag.key) for tag in tags]
        assert [one["type"] for one in read] == [
            "Double", "Int64", "UInt64", "Float", "Boolean", "UInt32", "Int64", "String", "DateTime", "ByteString",
            "Double", "String", "Double",
        ]  # fmt: skip
        assert [read[place]["value"] for place in (0, 3, 4, 5, 7, 11)] == [
            1.25,
            0.5,
            True,
            2,
            "é 🚰",
            '{"a":1}',
        ]
        assert read[1]["value"] == [0x80000000, 0]
        assert read[2]["value"] == [0xFFFFFFFF, 0xFFFFFFFF]
        assert {one["status"] for one in read} == {quality.GOOD}
        assert read[0]["source"] == read[8]["value"] == "2026-11-18T11:06:40.000Z"
        assert read[0]["server"] == "2026-11-18T11:06:40.005Z"


def test_variables_say_what_they_are(client: ForeignClient, tmp_path: Path) -> None:
    chosen, tags = open_settings(tmp_path), every_type()
    with serving(chosen, tags) as (exporter, _stream):
        client.ask(connect=chosen["endpoint"])
        top = client.ask(browse="i=85")["references"]
        assert NODE + "path:plant" in [one["node"] for one in top]
        (numbers,) = [
            one["node"]
            for one in client.ask(browse=NODE + "path:plant/area")["references"]
            if "n0" in one["node"]
        ][:1]
        (shown,) = [one for one in client.ask(browse=numbers)["references"] if one["node"] == NODE + "t_0000"]
        assert (shown["name"], shown["shown"], shown["type"]) == ("pv", "pv", "ns=0;i=2368")
        assert value_of(client, "t_0000#EURange") == {"low": 0, "high": 100}
        unit = value_of(client, "t_0000#EngineeringUnits")
        assert (unit["namespaceUri"], unit["unitId"], unit["displayName"]["text"]) == (UNECE, 5067080, "m³/h")
        assert value_of(client, "t_0000", attribute="Description")["text"] == "Number 0"
        assert value_of(client, "t_0000", attribute="AccessLevel") == 1
        assert value_of(client, "t_0000", attribute="DataType") == "ns=0;i=11"
        types = {tag.key: _type_of(client, tag.key) for tag in tags}
        assert types == dict(
            zip(
                types,
                (2368, 2368, 15318, 2368, 2373, 2376, 11238, 2365, 2365, 2365, 2365, 2365, 17497),
                strict=True,
            )
        )
        assert [one["text"] for one in value_of(client, "t_0005#EnumStrings")] == ["off", "manual", "auto"]
        assert value_of(client, "t_0004#TrueState")["text"] == "open"
        assert [one["displayName"]["text"] for one in value_of(client, "t_0006#EnumValues")] == [
            "fault",
            "run",
        ]
        exporter.live(rows_of(tags, [(6, good(-1, BEGIN))]))
        assert value_of(client, "t_0006#ValueAsText")["text"] == "fault"


def _type_of(client: ForeignClient, key: str) -> int:
    by_type = [one for one in client.ask(browse=NODE + key)["references"] if one["by"] == "ns=0;i=40"]
    return int(by_type[0]["node"].rpartition("=")[2])


def test_subscriber_sees_changes_and_a_lost_link(client: ForeignClient, tmp_path: Path) -> None:
    chosen, tags = open_settings(tmp_path), [series(0), series(1)]
    with serving(chosen, tags) as (exporter, _stream):
        client.ask(connect=chosen["endpoint"])
        assert client.ask(watch=[NODE + "t_0000"]) == {"interval": 200}, "not faster than is allowed"
        client.until(lambda one: one["status"] == quality.BAD_WAITING_FOR_INITIAL_DATA)
        exporter.live(rows_of(tags, [(0, good(4.5, BEGIN))]))
        client.until(lambda one: one["value"] == 4.5 and one["status"] == quality.GOOD)
        exporter.live(rows_of(tags, [(0, bad(BEGIN + NS_PER_S))]))
        lost = client.until(lambda one: one["status"] == quality.BAD_NO_COMMUNICATION)
        assert (lost["value"], lost["type"]) == (None, "Null")
        assert lost["source"] == "2026-11-18T11:06:41.000Z"
        exporter.live(rows_of(tags, [(0, good(5.5, BEGIN + 2 * NS_PER_S))]))
        client.until(lambda one: one["value"] == 5.5)


def test_nothing_can_be_written_called_or_added(
    client: ForeignClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chosen, tags = open_settings(tmp_path), [series(0)]
    with serving(chosen, tags) as (exporter, _stream):
        exporter.live(rows_of(tags, [(0, good(4.5, BEGIN))]))
        client.ask(connect=chosen["endpoint"])
        for _again in range(3):
            assert client.ask(write=NODE + "t_0000", value=9.0)["status"] == 0x803B0000, "BadNotWritable"
        assert value_of(client, "t_0000") == 4.5
        assert "BadServiceUnsupported" in client.told(add=NODE + "new")["error"]
        assert "BadServiceUnsupported" in client.told(call="i=11492")["error"]
    assert caplog.text.count("tried to write") == 1


def test_evil_names_are_shown_as_they_are(client: ForeignClient, tmp_path: Path) -> None:
    tags = [series(at, name=name, path=("plant/=1", name, name)) for at, name in enumerate(EVIL_NAMES)]
    chosen = open_settings(tmp_path)
    with serving(chosen, tags) as (exporter, _stream):
        exporter.live(rows_of(tags, [(at, good(float(at), BEGIN)) for at in range(len(tags))]))
        client.ask(connect=chosen["endpoint"])
        folders = client.ask(browse=NODE + "path:plant%2F%3D1")["references"][1:]
        assert [one["name"] for one in folders] == list(EVIL_NAMES)
        for at, folder in enumerate(folders):
            (found,) = client.ask(browse=folder["node"])["references"][1:]
            assert (found["name"], found["shown"], found["node"]) == (
                EVIL_NAMES[at],
                EVIL_NAMES[at],
                NODE + tags[at].key,
            )
            assert value_of(client, tags[at].key) == at


def test_silent_job_shows_nothing_old_as_live(
    client: ForeignClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_server, "SILENT_S", 1.0)
    monkeypatch.setattr(_server, "LOOK_S", 0.1)
    chosen, tags = open_settings(tmp_path), [series(0)]
    with serving(chosen, tags) as (exporter, _stream):
        client.ask(connect=chosen["endpoint"])
        client.ask(watch=[NODE + "t_0000"])
        exporter.live(rows_of(tags, [(0, good(4.5, BEGIN))]))
        client.until(lambda one: one["value"] == 4.5)
        client.until(lambda one: one["status"] == quality.BAD_NO_COMMUNICATION)
        client.changes.clear()
        exporter.idle()  # the job lives again, and what it last said is still so
        client.until(lambda one: one["value"] == 4.5)


def test_other_series_come_by_a_new_address_space(client: ForeignClient, tmp_path: Path) -> None:
    chosen = open_settings(tmp_path)
    with serving(chosen, [series(0)]) as (exporter, _stream):
        client.ask(connect=chosen["endpoint"])
        client.ask(watch=[NODE + "t_0000"])
        renamed = [series(at, path=("plant", "hall", name)) for at, name in enumerate(("other", "n1"))]
        exporter.describe(Stream(renamed).schema)
        client.told(disconnect=True)
        client.ask(connect=chosen["endpoint"])
        assert value_of(client, "t_0000", attribute="BrowseName")["name"] == "other", (
            "the node id is the same"
        )
        assert client.ask(read=NODE + "t_0001")["status"] == quality.BAD_WAITING_FOR_INITIAL_DATA
        assert client.ask(read=NODE + "path:plant/area")["status"] == quality.BAD_NODE_ID_UNKNOWN


def test_aggregates_show_the_newest_row_of_live_packages(client: ForeignClient, tmp_path: Path) -> None:
    mean = series(0, key="t_0000/Average/60s", aggregate="Average", interval_s=60)
    chosen = open_settings(tmp_path)
    with serving(chosen, [mean]) as (exporter, stream):
        client.ask(connect=chosen["endpoint"])
        rows = rows_of([mean], [(0, good(2.0, BEGIN + 60 * NS_PER_S)), (0, good(1.0, BEGIN))])
        exporter.deliver(stream.package(rows))
        assert value_of(client, mean.key) == 2.0
        exporter.deliver(stream.package(rows_of([mean], [(0, good(9.0, BEGIN))]), haste=Haste.BACKFILL))
        assert value_of(client, mean.key) == 2.0
        assert value_of(client, mean.key + "#Definition") == "Average of each 60 s"


def test_simulated_series_say_so(client: ForeignClient, tmp_path: Path) -> None:
    chosen = open_settings(tmp_path)
    with serving(chosen, [series(0, type=ValueType.BOOL, **BARE)], is_simulated=True):
        client.ask(connect=chosen["endpoint"])
        assert value_of(client, "t_0000#Simulated") is True
        assert value_of(client, "path:plant#Simulated") is True
