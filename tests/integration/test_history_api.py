"""The history over the API of a whole runtime: reads, aggregates, trends, annotations and edits (HI-11, HI-12)."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from people_plant import PASSWORD, PV, add_people, cheap_hashes, plant_of, roles, served
from waterworks_session import Watcher

from hmi.client.history import TrendQuery
from hmi.client.socket import SocketClient
from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.errors import AccessRefused, CommunicationError
from hmi.core.history import ReadAtTime, ReadProcessed, ReadRaw, SampleFlag
from hmi.core.values import DataValue
from hmi.historian.samples import Samples
from hmi.runtime import Runtime, _history_api
from hmi.testing.history import make_samples

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket"),
]
TAG = f"t_{PV}"
BEGIN = 1_700_000_000 * NS_PER_S
PEOPLE = {
    "ada": (roles("acknowledge"), {}),
    "eng": (roles("acknowledge", "engineer"), {}),
    "out": (roles("acknowledge"), {"outlet": roles("engineer", "acknowledge")}),
    "vic": (roles("view"), {}),
}


def value(second: float, number: float, status: int = 0) -> DataValue:
    at = BEGIN + int(second * NS_PER_S)
    return DataValue(number, status, at, at)


@asynccontextmanager
async def history(
    folder: Path, monkeypatch: pytest.MonkeyPatch, user: str = "eng"
) -> AsyncIterator[tuple[Runtime, SocketClient]]:
    """A runtime with a minute of history of ``PV``, and somebody who is signed in."""
    cheap_hashes(monkeypatch)
    add_people(folder, PEOPLE)
    async with served(folder, plant_of()) as (runtime, _):
        await until(lambda: runtime.services.history.archive is not None)
        minute = [value(second, float(second)) for second in range(60)]
        await asyncio.to_thread(
            runtime.services.history.insert, TAG, minute, user="test", reason="a past to read"
        )
        client = SocketClient(folder, Watcher())
        try:
            await client.sign_in(user, PASSWORD)
            yield runtime, client
        finally:
            await client.close()


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not reached():
            await asyncio.sleep(0.01)


async def journalled(client: SocketClient, kind: str, event: str) -> list[dict[str, object]]:
    found = await client.journal(kind=kind, limit=500)
    return [record for record in found if record["event"] == event]


async def test_raw_pages_go_on_where_they_ended_both_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with history(tmp_path, monkeypatch) as (_, client):
        for start, end in ((BEGIN, BEGIN + 59 * NS_PER_S), (BEGIN + 59 * NS_PER_S, BEGIN)):
            seen: list[float] = []
            at = start
            while True:
                page = await client.read_raw(ReadRaw(PV, at, end, 25))
                seen += [float(str(one.value)) for one in page.samples]
                if not page.continuation:
                    break
                at = page.continuation
            assert seen == sorted(map(float, range(60)), reverse=start > end)
        assert all(flag & SampleFlag.BACKFILL for flag in page.flags)


async def test_bounds_are_given_when_they_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with history(tmp_path, monkeypatch) as (_, client):
        low, high = BEGIN + 10 * NS_PER_S + 1, BEGIN + 12 * NS_PER_S - 1
        without = await client.read_raw(ReadRaw(PV, low, high))
        with_them = await client.read_raw(ReadRaw(PV, low, high, bounds=True))
        assert [one.value for one in without.samples] == [11.0]
        assert [one.value for one in with_them.samples] == [10.0, 11.0, 12.0]


async def test_values_at_times_are_stored_or_marked_as_interpolated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with history(tmp_path, monkeypatch) as (_, client):
        times = (BEGIN + 5 * NS_PER_S, BEGIN + 5 * NS_PER_S + NS_PER_S // 2, BEGIN - NS_PER_S)
        page = await client.read_at_time(ReadAtTime(PV, times))
        assert [(one.value, one.status) for one in page.samples] == [
            (5.0, 0), (5.5, 0x402), (None, quality.BAD_NO_DATA),
        ]  # fmt: skip


async def test_aggregates_by_name_with_pages_of_intervals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with history(tmp_path, monkeypatch) as (_, client):
        request = ReadProcessed(TAG, BEGIN, BEGIN + 60 * NS_PER_S, 20 * NS_PER_S, "time average 2", False)
        page = await client.read_processed(request)
        assert [one.value for one in page.samples][:2] == [10.0, 30.0]
        monkeypatch.setattr(_history_api, "PAGE", 100)
        fine = ReadProcessed(TAG, BEGIN, BEGIN + 60 * NS_PER_S, NS_PER_S // 4, "Count")
        first = await client.read_processed(fine)
        assert len(first.samples) == 100
        assert first.continuation == BEGIN + 25 * NS_PER_S
        with pytest.raises(CommunicationError, match="there is no aggregate 'Mode'"):
            await client.read_processed(ReadProcessed(TAG, BEGIN, BEGIN + 1, 0, "Mode"))


async def test_a_trend_comes_as_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with history(tmp_path, monkeypatch) as (_, client):
        answer = await client.read_trend(TrendQuery([PV, TAG], BEGIN, BEGIN + 60 * NS_PER_S, 500))
        assert [one.tag_id for one in answer.series] == [TAG, TAG]
        assert answer.series[0].exact
        times = np.frombuffer(answer.series[0].times, "<i8")
        numbers = np.frombuffer(answer.series[0].first, "<f8")
        inside = (times >= BEGIN) & (times < BEGIN + 60 * NS_PER_S)
        assert numbers[inside].tolist() == [float(n) for n in range(60)]
        few = await client.read_trend(TrendQuery([PV], BEGIN, BEGIN + 60 * NS_PER_S, 6))
        assert not few.series[0].exact
        assert np.frombuffer(few.series[0].high, "<f8").max() >= 59.0


async def test_figures_of_a_range(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with history(tmp_path, monkeypatch) as (_, client):
        (found,) = await client.range_figures([PV], BEGIN, BEGIN + 50 * NS_PER_S)
        assert (found.minimum, found.maximum, found.count) == (0.0, 49.0, 50)
        assert found.average == pytest.approx(25.0, abs=0.51)
        assert found.percent_good == pytest.approx(100.0)
        assert (await client.history_state()).seq > 0


async def test_an_annotation_is_kept_told_and_withdrawn_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with history(tmp_path, monkeypatch, "ada") as (_, client):
        made = await client.annotate(PV, BEGIN + NS_PER_S, "Filter changed")
        assert (made.tag_id, made.user) == (TAG, "ada")
        assert [one.text for one in await client.annotations([PV], BEGIN, BEGIN + 2 * NS_PER_S)] == [
            "Filter changed"
        ]
        count = ReadProcessed(TAG, BEGIN, BEGIN + 2 * NS_PER_S, 0, "AnnotationCount")
        assert (await client.read_processed(count)).samples[0].value == 1
        await client.withdraw_annotation(made.id, "wrong pump")
        assert await client.annotations([PV], BEGIN, BEGIN + 2 * NS_PER_S) == []
        (noted,) = await journalled(client, "note", "annotation.withdrawn")
        assert (noted["actor"], noted["object_id"]) == ("ada", TAG)
        with pytest.raises(CommunicationError, match="there is no annotation"):
            await client.withdraw_annotation(made.id, "again")


async def test_hi_11_an_edit_keeps_the_old_version_with_user_and_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with history(tmp_path, monkeypatch) as (_, client):
        assert await client.edit_history(PV, [value(7, 70.0)], "sensor was bridged") == 1
        seven = ReadRaw(PV, BEGIN + 7 * NS_PER_S, BEGIN + 7 * NS_PER_S)
        now = await client.read_raw(seven)
        assert [one.value for one in now.samples] == [70.0]
        assert now.flags[0] & SampleFlag.EDITED
        before = await client.read_raw(ReadRaw(PV, seven.start, seven.end, modified=True))
        assert [one.value for one in before.samples] == [7.0]
        (why,) = before.modifications
        assert (why.user, why.reason, why.act) == ("eng", "sensor was bridged", "replace")
        (noted,) = await journalled(client, "audit", "history.edit")
        assert noted["actor"] == "eng"


async def test_an_insert_never_takes_the_place_of_what_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with history(tmp_path, monkeypatch) as (_, client):
        await client.edit_history(PV, [value(7, 70.0), value(7.5, 75.0)], "by hand", insert=True)
        found = await client.read_raw(ReadRaw(PV, BEGIN + 7 * NS_PER_S, BEGIN + 8 * NS_PER_S))
        assert [one.value for one in found.samples] == [7.0, 75.0, 8.0]


async def test_bounds_come_once_over_the_pages_of_a_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with history(tmp_path, monkeypatch) as (_, client):
        request = ReadRaw(PV, BEGIN + 10 * NS_PER_S, BEGIN + 19 * NS_PER_S, 4, bounds=True)
        found: list[object] = []
        while True:
            page = await client.read_raw(request)
            found += [one.value for one in page.samples]
            if not page.continuation:
                break
            request = replace(request, start=page.continuation, continued=True)
        assert found == [float(second) for second in range(9, 21)]


async def test_hi_11_deleted_samples_stay_readable_as_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with history(tmp_path, monkeypatch) as (_, client):
        low, high = BEGIN + 20 * NS_PER_S, BEGIN + 24 * NS_PER_S
        assert await client.delete_history(PV, low, high, "test signal") == 5
        assert (await client.read_raw(ReadRaw(PV, low, high))).samples == ()
        gone = await client.read_raw(ReadRaw(PV, low, high, modified=True))
        assert [one.value for one in gone.samples] == [20.0, 21.0, 22.0, 23.0, 24.0]
        assert {one.act for one in gone.modifications} == {"delete"}


@pytest.mark.parametrize("user", ["ada", "vic", "out"])
async def test_edits_need_the_engineer_of_the_area_and_refusals_are_journalled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: str
) -> None:
    async with history(tmp_path, monkeypatch, user) as (_, client):
        with pytest.raises(AccessRefused):
            await client.edit_history(PV, [value(7, 70.0)], "why not")
        with pytest.raises(AccessRefused):
            await client.delete_history(PV, BEGIN, BEGIN + NS_PER_S, "why not")
        found = await client.read_raw(ReadRaw(PV, BEGIN + 7 * NS_PER_S, BEGIN + 7 * NS_PER_S))
        assert [one.value for one in found.samples] == [7.0]
        assert await client.journal(kind="audit", limit=500)


@pytest.mark.parametrize(
    ("samples", "told"),
    [
        ([["x", 0, BEGIN]], "is no float"), ([[True, 0, BEGIN]], "is no float"), ([[1.0, -1, BEGIN]], "32 bits"),
        ([[1.0, 0, 0]], "UTC ns after 1970"), ([[1.0, 0]], "value, status, source time"), ([], "list of 1 to"),
        ([[1.0, 0, 2**62]], "too far ahead"),
    ],
)  # fmt: skip
async def test_bad_samples_are_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, samples: list[object], told: str
) -> None:
    async with history(tmp_path, monkeypatch) as (_, client):
        body = {"tag": PV, "samples": samples, "reason": "r"}
        with pytest.raises(CommunicationError, match=told):
            await client._write("/v1/history/edit", body, dict)


async def test_hi_12_a_read_ends_when_its_client_goes_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with history(tmp_path, monkeypatch) as (runtime, client):
        begun, ended = threading.Event(), threading.Event()

        def endless(tag_id: str, start: int, end: int) -> Iterator[Samples]:
            at = start
            try:
                while True:
                    begun.set()
                    yield make_samples([at], [1.0])
                    at += 1
            finally:
                ended.set()

        monkeypatch.setattr(runtime.services.history, "samples", endless)
        asked = asyncio.create_task(client.range_figures([PV], BEGIN, BEGIN + 10**15))
        await until(begun.is_set)
        assert (await client.status()).run_id  # the loop goes on meanwhile
        asked.cancel()
        await until(ended.is_set)
