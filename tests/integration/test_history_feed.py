"""The change feed and the coverage for programs, over the API of a whole runtime (design 2b.8)."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from people_plant import PV, plant_of, served

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.history import SampleFlag
from hmi.core.values import DataValue
from hmi.runtime import Runtime, _history_feed

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket"),
]
TAG = f"t_{PV}"
BEGIN = 1_700_000_000 * NS_PER_S


def values(first: int, count: int, status: int = 0) -> list[DataValue]:
    times = [BEGIN + second * NS_PER_S for second in range(first, first + count)]
    return [DataValue(float(at % 97), status, at, at) for at in times]


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not reached():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def recorded(folder: Path) -> AsyncIterator[tuple[Runtime, httpx.AsyncClient]]:
    async with served(folder, plant_of()) as (runtime, client):
        await until(lambda: runtime.services.history.archive is not None)
        yield runtime, client


async def put(runtime: Runtime, act: str, *arguments: Any) -> int:
    done = getattr(runtime.services.history, act)
    return await asyncio.to_thread(lambda: done(TAG, *arguments, user="ada", reason="a test"))


async def asked(client: httpx.AsyncClient, path: str) -> Any:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def everything(client: httpx.AsyncClient, limit: int) -> list[dict[str, Any]]:
    commits: list[dict[str, Any]] = []
    cursor = 0
    while True:
        page = await asked(client, f"/v1/history/feed?after={cursor}&limit={limit}")
        if not page["commits"]:
            assert page["next"] == cursor
            return commits
        assert len(page["commits"]) <= limit
        assert page["commits"][-1]["seq"] == page["next"]
        commits += page["commits"]
        cursor = page["next"]


async def test_the_feed_gives_every_kind_in_commit_order_page_by_page(tmp_path: Path) -> None:
    async with recorded(tmp_path) as (runtime, client):
        late = await put(runtime, "insert", values(0, 20))
        edited = await put(runtime, "edit", [DataValue(5.0, 0, BEGIN, BEGIN)])
        await put(runtime, "delete", BEGIN + NS_PER_S, BEGIN + 2 * NS_PER_S)
        commits = await everything(client, 2)
        numbers = [one["seq"] for one in commits]
        assert numbers == sorted(set(numbers))
        by_seq = {one["seq"]: one for one in commits}
        assert (by_seq[late]["kind"], by_seq[edited]["kind"]) == ("late", "edit")
        assert {"live", "late", "edit", "delete"} == {one["kind"] for one in commits}
        first = by_seq[late]["samples"][0]
        assert first[0] == TAG
        assert first[3] == BEGIN
        assert first[5] & SampleFlag.BACKFILL
        gone = next(one for one in commits if one["kind"] == "delete")
        assert [row[3] - BEGIN for row in gone["samples"]] == [NS_PER_S, 2 * NS_PER_S]
        assert (gone["modification"][0], gone["modification"][2:]) == ("ada", ["a test", "delete"])


async def test_the_feed_shows_what_it_does_not_hold_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with recorded(tmp_path) as (runtime, client):
        await put(runtime, "insert", values(0, 3))
        third = await put(runtime, "insert", values(10, 3))
        history = runtime.services.history
        given = history.feed_after

        def trimmed(seq: int, limit: int = 1_000) -> Any:
            return given(max(seq, third - 1), limit)

        monkeypatch.setattr(history, "feed_after", trimmed)
        page = await asked(client, "/v1/history/feed")
        assert page["lost"] == [[1, third - 1]]
        assert page["commits"][0]["seq"] == third
        assert page["seq"] >= third
        assert page["first_seq"] == 1
        assert page["run_id"] == history.run_id


async def test_an_answer_of_the_feed_is_bounded_by_its_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_history_feed, "MOST_SAMPLES", 25)
    async with recorded(tmp_path) as (runtime, client):
        for place in range(6):
            await put(runtime, "insert", values(20 * place, 20))
        cursor, seen = 0, 0
        while (page := await asked(client, f"/v1/history/feed?after={cursor}"))["commits"]:
            count = sum(len(one["samples"]) for one in page["commits"])
            assert count < 25 + 20
            seen += sum(len(one["samples"]) for one in page["commits"] if one["kind"] == "late")
            cursor = page["next"]
        assert seen == 120


async def test_coverage_tells_gaps_from_compression_and_from_what_is_not_final(tmp_path: Path) -> None:
    async with recorded(tmp_path) as (runtime, client):
        await put(runtime, "insert", values(0, 10))
        await put(runtime, "insert", values(20, 1, quality.BAD_NO_COMMUNICATION))
        newest = await put(runtime, "insert", values(30, 1))
        await asyncio.to_thread(runtime.services.history.sync)
        end = BEGIN + 60 * NS_PER_S
        found = await asked(client, f"/v1/history/coverage?tag={PV}&start={BEGIN}&end={end}")
        assert found["seq"] >= newest
        assert found["first_seq"] == 1
        (tag,) = found["tags"]
        assert tag["tag_id"] == TAG
        assert tag["told_until"] == end
        assert tag["gaps"] == [
            {
                "start": BEGIN + 20 * NS_PER_S,
                "end": BEGIN + 30 * NS_PER_S,
                "reasons": ["link"],
                "is_open": False,
            }
        ]
        now = await asked(client, f"/v1/history/coverage?tag={PV}&start={BEGIN}")
        assert now["tags"][0]["final_until"] <= now["until"]
        assert found["until"] <= now["until"]


@pytest.mark.parametrize(
    "path",
    ["feed?after=-1", "feed?limit=-1", "feed?after=x", "coverage?tag=nothing", "coverage?start=5&end=4"],
)
async def test_a_question_that_makes_no_sense_is_one_sentence(tmp_path: Path, path: str) -> None:
    async with recorded(tmp_path) as (_, client):
        answer = await client.get(f"/v1/history/{path}")
        assert answer.status_code == 400
        assert "\n" not in answer.json()["error"]
