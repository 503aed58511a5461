"""Pure parts of the MQTT and Sparkplug exporters: settings, topics, encoding of metrics, numbers of sessions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from export_stream import BEGIN, bad, context, good, rows_of, series
from hypothesis import given
from hypothesis import strategies as st
from sparkplug_host import payload_of

from hmi.core import quality
from hmi.core.errors import ConfigurationError
from hmi.core.history import SampleFlag
from hmi.core.values import DataValue, ValueType
from hmi.export.digest import object_text
from hmi.export.mqtt.access import access_of, far_host, level_of, topic_of
from hmi.export.port import TargetRefused
from hmi.exporters.mqtt.definition import DEFINITION as MQTT
from hmi.exporters.sparkplug._bdseq import BdSeq
from hmi.exporters.sparkplug._covered import MOST, Covered
from hmi.exporters.sparkplug._metrics import Encoder
from hmi.exporters.sparkplug._node import newest
from hmi.exporters.sparkplug._payload import Payload, data_payload
from hmi.exporters.sparkplug.definition import DEFINITION as SPARKPLUG
from hmi.plugins.discovery import definition, part

DEFAULTS = {one.name: one.default for one in MQTT.settings}


@pytest.mark.parametrize(
    ("given_settings", "text"),
    [
        ({"servers": []}, "no server is named"),
        (
            {"servers": ["broker"]},
            "the server 'broker' is no address; write mqtt://host:1883 or mqtts://host:8883",
        ),
        ({"servers": [1]}, "the server 1 is not a text"),
        ({"servers": ["mqtt://h:99999"]}, "is no address"),
        ({"servers": ["http://h"]}, "is no address"),
        ({"servers": ["mqtt://a:b@h"]}, "the server h has a user in its address"),
        ({"servers": ["mqtt://h"], "user": "u", "secret": "s"}, "the password would go to h in clear text"),
        ({"servers": ["mqtt://h"], "certificate": "c", "key": "k"}, "h:1883 takes no certificate"),
        ({"servers": ["mqtts://h"], "certificate": "c"}, "certificate and key go together"),
        ({"secret": "s"}, "there is a secret and no user"),
        ({"prefix": "a//b"}, "the prefix 'a//b' is no beginning of a topic"),
        ({"prefix": "v1/#"}, "is no beginning of a topic"),
        ({"state": False, "log": False}, "neither state nor log is sent"),
    ],
)
def test_settings_that_do_not_fit_are_told(given_settings: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        MQTT.check(DEFAULTS | given_settings)
    assert text in told.value.sentence


@pytest.mark.parametrize("name", ["group", "edge", "primary_host"])
def test_sparkplug_ids_without_signs_of_topics(name: str) -> None:
    """tck-id-topic-structure-namespace-valid-group-id, -valid-edge-node-id, tck-id-intro-sparkplug-host-id."""
    settings = {one.name: one.default for one in SPARKPLUG.settings}
    SPARKPLUG.check(settings | {name: "Wasserwerk:Süd"})
    for sign in "+/#":
        with pytest.raises(ConfigurationError, match="is no Sparkplug id"):
            SPARKPLUG.check(settings | {name: f"a{sign}b"})


def test_a_far_host_is_seen_among_near_ones() -> None:
    """A simulated plant must not send there."""
    assert far_host({"servers": ["mqtt://127.0.0.1", "mqtts://broker.example:8883"]}) == "broker.example"
    assert far_host({"servers": ["mqtt://127.0.0.1", "mqtt://localhost"]}) == "127.0.0.1"
    secure = access_of(DEFAULTS | {"servers": ["mqtts://h"], "user": "u", "secret": "s"}).servers[0]
    assert (secure.host, secure.port, secure.is_secure) == ("h", 8883, True)


@given(st.text(max_size=40))
def test_it_09_a_level_comes_back_and_has_no_sign_of_topics(name: str) -> None:
    level = level_of(name)
    assert level
    assert not set(level) & set("+#/$ \0")
    if name:
        assert unquote(level) == name
    assert not topic_of([name, name]).startswith("_")


VALUES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**63), 2**64 - 1),
    st.booleans(),
    st.text(max_size=300),
)
STATUSES = st.sampled_from(
    [quality.GOOD, quality.UNCERTAIN, quality.GOOD_LOCAL_OVERRIDE, quality.BAD_SENSOR_FAILURE]
)
TYPES = (ValueType.FLOAT64, ValueType.INT64, ValueType.UINT64, ValueType.BOOL, ValueType.STRING)
ROW = st.tuples(st.integers(0, 9), VALUES, STATUSES, st.integers(0, 2**62))


@given(st.lists(ROW, max_size=30), st.booleans(), st.booleans())
def test_metrics_come_back_from_the_wire(content: list[Any], with_aliases: bool, historical: bool) -> None:
    """What another decoder reads is what the rows say, in their order; what does not fit is told and never changed."""
    tags = [series(n, type=TYPES[n % 5], name="n" * (n + 1) * 9) for n in range(10)]
    values = [(p, DataValue(v if s < quality.BAD else None, s, at, at)) for p, v, s, at in content]
    rows = rows_of(tags, values)
    encoded = Encoder(tags, [t.name for t in tags], with_aliases=with_aliases).encoded(
        rows, historical=historical
    )
    payload = payload_of(data_payload(7, 255, encoded.piece(0, len(rows))))
    assert Payload.FromString(data_payload(7, 255, encoded.piece(0, len(rows)))).seq == payload.seq == 255
    kept = [row for n, row in enumerate(values) if n not in encoded.unfit]
    assert len(payload.metrics) == len(kept)
    assert historical or not encoded.unfit
    for metric, (place, value) in zip(payload.metrics, kept, strict=True):
        assert (metric.alias, metric.name) == (
            (place + 128, "") if with_aliases else (None, tags[place].name)
        )
        assert (metric.timestamp, metric.is_historical) == (value.source_time // 1_000_000, historical)
        if metric.is_null:
            unfit = metric.properties["status"] == quality.BAD_TYPE_MISMATCH
            assert unfit or metric.properties["status"] == value.status >= quality.BAD
            assert metric.quality == 0
            continue
        read = metric.value - 2**64 if place % 5 == 1 and metric.value >= 2**63 else metric.value
        assert read == (object_text(value.value) if place % 5 == 4 else value.value)
        assert metric.properties.get("status", 0) == value.status
        assert metric.quality == (500 if value.status == quality.UNCERTAIN else 192)


def test_marks_of_a_sample_are_in_its_metric() -> None:
    tags = [series(0)]
    simulated = rows_of(tags, [(0, good(1.0, BEGIN))], flags=SampleFlag.SIMULATED)
    deleted = rows_of(tags, [(0, good(1.0, BEGIN))], deleted=True)
    encoder = Encoder(tags, ["a"], with_aliases=False)
    one = payload_of(data_payload(1, 1, encoder.encoded(simulated, historical=False).piece(0, 1))).metrics[0]
    assert (one.properties, one.value) == ({"simulated": True}, 1.0)
    two = payload_of(data_payload(1, 1, encoder.encoded(deleted, historical=True).piece(0, 1))).metrics[0]
    assert two.is_null
    assert two.properties == {"Quality": 0, "status": quality.BAD_NO_DATA, "deleted": True}


def test_only_the_newest_row_of_a_series_is_live() -> None:
    tags = [series(0), series(1)]
    rows = newest(rows_of(tags, [(0, good(1.0, 1)), (1, good(2.0, 2)), (0, good(3.0, 3)), (1, bad(4))]))
    assert (rows.places.tolist(), rows.samples.times.tolist()) == ([0, 1], [3, 4])


def test_covered_forgets_what_is_old_and_what_was_asked() -> None:
    tags = [series(0), series(1)]
    covered = Covered()
    covered.add(rows_of(tags, [(0, good(1.0, BEGIN)), (1, good(1.0, BEGIN))]))
    asked = rows_of(tags, [(0, good(1.0, BEGIN)), (0, good(1.5, BEGIN)), (1, good(1.0, BEGIN + 1))])
    assert covered.of(asked).tolist() == [True, False, False]
    assert covered.of(asked).tolist() == [False, False, False]
    many = rows_of(tags, [(0, good(1.0, BEGIN + n)) for n in range(10)])
    for turn in range(MOST // 10 + 5):
        many.samples.times[:] = np.arange(10) + turn * 10
        covered.add(many)
    assert len(covered._told) == MOST


@pytest.mark.parametrize("content", ["", "rubbish", "256", "-5", "\xff"])
def test_a_number_of_sessions_that_cannot_be_read_begins_anew(tmp_path: Path, content: str) -> None:
    path = tmp_path / "state" / "job.bdseq"
    path.parent.mkdir()
    path.write_text(content, "latin-1")
    assert BdSeq(path).advance() == 0
    assert BdSeq(path).advance() == 1
    again = BdSeq(path)
    again.advance()
    again.back()
    assert BdSeq(path).advance() == 2


@pytest.mark.parametrize(
    ("name", "library"), [("mqtt", "paho"), ("sparkplug", "paho"), ("sparkplug", "google.protobuf")]
)
def test_a_missing_library_is_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str, library: str) -> None:
    for module in [
        one
        for one in sys.modules
        if one.startswith((library, f"hmi.exporters.{name}._", "hmi.export.mqtt.session"))
    ]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, library, None)
    settings = {one.name: one.default for one in definition("exporters", name).settings}
    with pytest.raises(TargetRefused, match=r'needs .*: pip install "watchkeeper\[export\]"'):
        part("exporters", name, "exporter").create(settings, context())
