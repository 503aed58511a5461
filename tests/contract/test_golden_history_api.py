"""The history answers of API version 1, as a runtime sent them, are understood for ever (design 2b.11)."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from hmi.client._decode import converted, history_page
from hmi.client.history import AnnotationInfo, HistoryState, RangeFigures, TrendAnswer
from hmi.core.history import Modification
from hmi.core.values import DataValue

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "history-api-1.json"
AT = 1_790_000_000_000_000_000
SECOND = 1_000_000_000


def sent(name: str) -> Any:
    return msgspec.json.decode(SAMPLE.read_bytes())[name]


def body(name: str) -> bytes:
    return msgspec.json.encode(sent(name))


def test_a_raw_page_of_api_1_with_flags_and_where_it_goes_on() -> None:
    page = history_page(sent("raw"))
    assert page.samples == (
        DataValue(1.5, 0, AT, AT + 5),
        DataValue(None, 0x80310000, AT + SECOND, AT + SECOND + 5),
        DataValue(2**64 - 1, 0x40910000, AT + 2 * SECOND, AT),
    )
    assert (page.flags, page.continuation) == ((0, 32, 5), AT + 3 * SECOND)


def test_replaced_versions_of_api_1_name_who_when_and_why() -> None:
    page = history_page(sent("modified"))
    assert page.modifications == (Modification("ada", AT + 1, "sensor was bridged", "replace"),)
    assert page.samples[0].value == "Auto"


def test_processed_values_of_api_1_keep_their_info_bits() -> None:
    page = history_page(sent("processed"))
    assert [(one.value, one.status) for one in page.samples] == [(12.25, 0x405), (None, 0x809B0000)]
    assert page.flags == ()


def test_figures_annotations_and_state_of_api_1() -> None:
    full, empty = converted(body("figures"), list[RangeFigures])
    assert (full.maximum, full.maximum_at, full.average, full.percent_good) == (9.5, AT + 2, 4.25, 87.5)
    assert (empty.minimum, empty.count) == (None, 0)
    (note,) = converted(body("annotations"), list[AnnotationInfo])
    assert (note.id, note.text, note.user) == ("an_1.t_x", "Filter changed", "ada")
    state = converted(body("state"), HistoryState)
    assert (state.seq, state.until, state.problem) == (12, AT, "the disk is full")


def test_a_trend_of_api_1_is_columns_of_bytes() -> None:
    answer = msgspec.msgpack.decode(base64.b64decode(sent("trend_msgpack")), type=TrendAnswer)
    first, second = answer.series
    assert np.frombuffer(first.times, "<i8").tolist() == [AT, AT + SECOND]
    assert np.frombuffer(first.high, "<f8").tolist() == [9.0, 8.0]
    assert np.frombuffer(first.statuses, "<u4").tolist() == [0, 0x80310000]
    assert (first.exact, first.stepped, list(first.breaks)) == (False, True, [0, 1])
    assert second.problem == "cannot be read"
