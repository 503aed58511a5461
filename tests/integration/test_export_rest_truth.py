"""What the REST server tells is so: of this plant, of this archive, heard now, and whole."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from rest_plant import ARCHIVE, BEGIN, RestPlant, followed, serving, small_plant
from test_export_rest_stream import opened, take, values

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.exporters.rest import _feed, _samples
from hmi.stores.sqlite import open_archive

FLOW, NOTE = "intake/ft1.pv", "outlet/note.text"


def port_of(plant: RestPlant) -> int:
    return int(plant.url.split(":")[2].split("/")[0])


def test_a_job_that_hears_no_runtime_shows_nothing_as_live(tmp_path: Path) -> None:
    """The job itself lives, and says so."""
    heard = [True]
    with serving(tmp_path, hears=lambda: heard[0]) as plant, plant.client() as client:
        plant.events()
        plant.show({FLOW: 7.0})
        with opened(plant, f"?tags={FLOW}") as stream:
            assert values(take(stream, "snapshot")) == {FLOW: 7.0}
            heard[0] = False
            plant.exporter._told_at = 0.0  # type: ignore[union-attr]
            plant.exporter.idle()  # type: ignore[union-attr]
            told = client.get("/values", params={"tags": FLOW}).json()
            assert told["live"] is False
            assert told["values"][0]["status"] == quality.BAD_NO_COMMUNICATION
            assert client.get("/alarms").json()["live"] is False
            later = take(stream, "snapshot")
            assert (later["live"], values(later)) == (False, {FLOW: None})
        heard[0] = True
        assert client.get("/alarms").json()["live"] is True


@pytest.mark.parametrize("limit", [1, 1_000])
def test_the_cursor_of_another_archive_is_refused_by_feed_and_statement(tmp_path: Path, limit: int) -> None:
    with serving(tmp_path) as plant:
        for second in range(5):
            plant.write(second, {FLOW: float(second), NOTE: "x"})
        with plant.client() as client:
            cursor = client.get("/feed", params={"limit": limit}).headers["watchkeeper-next"]
            assert client.get("/statement", params={"cursor": cursor}).status_code == 200
            assert client.get("/feed", params={"cursor": cursor}).status_code in (200, 204)
        port = port_of(plant)
        assert plant.exporter is not None
        plant.exporter.close()
        plant.archive.close()
        shutil.rmtree(plant.data / ARCHIVE)
        plant.archive = open_archive(plant.data / ARCHIVE)
        plant.numbers = {tag.key: plant.archive.number(tag.key) for tag in plant.series}
        for second in range(1_000, 1_009):
            plant.write(second, {FLOW: float(second), NOTE: "y"})
        plant.begin(port=port)
        with plant.client() as client:
            for path in ("/feed", "/statement"):
                assert client.get(path, params={"cursor": cursor}).status_code == 410


def test_a_page_of_long_texts_is_bounded_in_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (_samples, _feed):
        monkeypatch.setattr(module, "MOST_BYTES", 50_000, raising=False)
    with serving(tmp_path) as plant, plant.client() as client:
        for second in range(150):
            plant.write(second, {NOTE: f"{second:04d}" + "x" * 1_000, FLOW: float(second)})
        pages = list(followed(client, "/samples", "rows", limit=10_000))
        assert max(len(json.dumps(page)) for page in pages) < 100_000
        rows = [row for page in pages for row in page]
        assert len(rows) == 300
        assert len({(row["tag"], row["time"]) for row in rows}) == 300
        cursor, lines = "", 0
        while (answer := client.get("/feed", params={"limit": 10_000, "cursor": cursor})).status_code == 200:
            assert len(answer.content) < 100_000
            cursor = answer.headers["watchkeeper-next"]
            lines += answer.content.count(b"\n") - 2
        assert lines == 300


def test_an_aggregate_without_a_start_begins_at_the_first_sample(tmp_path: Path) -> None:
    with serving(tmp_path) as plant, plant.client() as client:
        for second in range(300):
            plant.write(second, {FLOW: float(second)})
        pages = list(followed(client, "/aggregates", "rows", tags=FLOW, interval_s=60, limit=2))
        rows = [row for page in pages for row in page]
        assert rows[0]["value"] is not None
        begin = BEGIN // (60 * NS_PER_S) * 60
        given = {"tags": FLOW, "interval_s": 60, "start": f"{np_time(begin)}"}
        assert rows == client.get("/aggregates", params=given).json()["rows"]


def np_time(seconds: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_the_list_of_a_query_has_its_own_etag_and_cursor(tmp_path: Path) -> None:
    """What a query chooses by may change without a change of what a series is."""
    first = small_plant()
    more = tuple(replace(tag, scan="fast") for tag in first.tags)
    asked = {"tags": "scan:fast"}
    with serving(tmp_path, replace(first, tags=more, revision="r1")) as plant:
        with plant.client() as client:
            told = client.get("/tags", params=asked)
            assert told.json()["tags"]
            cursor = client.get("/tags", params={**asked, "limit": 1}).json()["next"]
        port = port_of(plant)
        assert plant.exporter is not None
        plant.exporter.close()
        plant.plant = replace(first, revision="r2")
        plant.begin(port=port)
        with plant.client() as client:
            again = client.get("/tags", params=asked, headers={"if-none-match": told.headers["etag"]})
            assert (again.status_code, again.json()["tags"]) == (200, [])
            assert client.get("/tags", params={**asked, "limit": 1, "cursor": cursor}).status_code == 400


def test_half_a_character_in_a_text_stops_no_page(tmp_path: Path) -> None:
    with serving(tmp_path) as plant, plant.client() as client:
        plant.write(0, {NOTE: "a\ud800b"})
        plant.write(1, {NOTE: "c"})
        plant.show({NOTE: "a\ud800b"})
        assert client.get("/samples").json()["rows"][0]["value"] == "a\ufffdb"
        assert client.get("/values", params={"tags": NOTE}).json()["values"][0]["value"] == "a\ufffdb"
        answer = client.get("/feed")
        assert answer.status_code == 200
        assert json.loads(answer.text.splitlines()[1])[4] == "a\ufffdb"
        with opened(plant, f"?tags={NOTE}") as stream:
            assert values(take(stream, "snapshot")) == {NOTE: "a\ufffdb"}
