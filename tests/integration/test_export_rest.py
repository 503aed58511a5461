"""IT-12: the REST server of the exports over a real socket: who may read what, pages, forms of answers, proof."""

from __future__ import annotations

import gzip
import json
import os
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from rest_plant import ARCHIVE, AREAS, BEGIN, EVIL, RestPlant, followed, keys_of, serving, small_plant

from hmi.core import quality
from hmi.core.clock import NS_PER_S, wall_ns
from hmi.export import export_checker
from hmi.exporters.rest._query import time_ns, time_text
from hmi.security.it_tokens import AUDIT, EVENTS, HISTORY, LIVE, SCOPES
from hmi.security.tls import TlsFolder

FLOW, LEVEL, PUMP, TOTAL, NOTE = (
    "intake/ft1.pv", "intake/wells/lt1.pv", "outlet/p1.running", "outlet/total.pv", "outlet/note.text",
)  # fmt: skip
NEEDED = {
    "/plant": None, "/tags": None, "/openapi.json": None, "/values": LIVE, "/samples": HISTORY,
    "/aggregates": HISTORY, "/feed": HISTORY, "/statement": HISTORY, "/alarms": EVENTS, "/events": EVENTS,
    "/events?what=audit": AUDIT, "/events?what=security": AUDIT,
}  # fmt: skip


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestPlant]:
    with serving(tmp_path_factory.mktemp("rest")) as made:
        for second in range(20):
            made.write(
                second,
                {FLOW: 1.5 + second, PUMP: second % 2 == 0, TOTAL: 2**60 + second, NOTE: "é\U0001f6b0"},
            )
            made.write(second, {LEVEL: 0.1 * second, EVIL[0]: float(second), EVIL[1]: 1.0, EVIL[3]: 2.0})
        made.write(20, {FLOW: None}, status=quality.BAD_NO_COMMUNICATION)
        made.write(21, {FLOW: 7.0}, flags=8)
        made.events()
        made.show({FLOW: 3.2, LEVEL: 1.0})
        yield made


@pytest.fixture
def client(plant: RestPlant) -> Iterator[httpx.Client]:
    assert plant.exporter is not None
    plant.exporter.idle()
    with plant.client() as made:
        yield made


# ---------------------------------------------------------------------- who may read what


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("path", NEEDED)
def test_it_12_each_path_needs_its_scope(plant: RestPlant, path: str, scope: str) -> None:
    name = f"cell-{scope.partition(':')[2]}"
    if name not in {one.name for one in plant.tokens.all() if one.is_active}:
        plant.cells = {**getattr(plant, "cells", {}), name: plant.tokens.add(name, [scope], by="test")}  # type: ignore[attr-defined]
    with plant.client(plant.cells[name]) as client:  # type: ignore[attr-defined]
        answer = client.get(path)
    wanted = 200 if NEEDED[path] in (None, scope) else 403
    assert answer.status_code == wanted, answer.text
    if wanted == 403:
        assert answer.headers["content-type"] == "application/problem+json"
        assert "read:" in answer.json()["detail"]


@pytest.mark.parametrize("path", [*NEEDED, "/", "/nothing"])
@pytest.mark.parametrize("given", ["", "Bearer", "Bearer x", "Basic eA==", "Bearer " + "\xff" * 40])
def test_it_12_without_a_valid_token_nothing_is_read(plant: RestPlant, path: str, given: str) -> None:
    head = {"authorization": given.encode("latin-1")} if given else {}
    with httpx.Client(trust_env=False) as client:
        answer = client.get(plant.url + path, headers=head)
    assert answer.status_code in (401, 429)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "test" not in answer.text


def test_it_12_a_token_that_ends_is_refused_from_then_on(tmp_path: Path) -> None:
    with serving(tmp_path) as plant:
        token = plant.tokens.add("short", [LIVE], expires=wall_ns() + NS_PER_S, by="test")
        with plant.client(token) as client:
            assert client.get("/values").status_code == 200
            until(lambda: client.get("/values").status_code == 401)
            assert "has ended" in client.get("/values").json()["detail"]


def test_it_12_a_removed_token_is_refused_at_once(tmp_path: Path) -> None:
    with serving(tmp_path) as plant:
        token = plant.tokens.add("gone", [LIVE], by="test")
        with plant.client(token) as client:
            assert client.get("/values").status_code == 200
            plant.tokens.remove("gone", by="test")
            assert client.get("/values").status_code == 401
            again = plant.tokens.add("gone", [LIVE], by="test")
            assert client.get("/values").status_code == 401
        assert plant.client(again).get("/values").status_code == 200


def test_it_12_while_the_file_of_tokens_cannot_be_read_nobody_is_let_in(tmp_path: Path) -> None:
    with serving(tmp_path) as plant, plant.client() as client:
        kept = plant.tokens.path.read_bytes()
        plant.tokens.path.write_bytes(b"{broken")
        assert client.get("/plant").status_code == 503
        plant.tokens.path.write_bytes(kept)
        assert client.get("/plant").status_code == 200


def test_it_12_only_the_hash_of_a_token_is_kept(plant: RestPlant) -> None:
    assert plant.token.encode() not in plant.tokens.path.read_bytes()
    assert os.name != "posix" or plant.tokens.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("area", "wanted"), [("intake", 3), ("intake/wells", 1), ("outlet", 6), ("nowhere", 0)]
)
def test_it_12_a_token_with_areas_sees_nothing_else(plant: RestPlant, area: str, wanted: int) -> None:
    name = f"area-{area.replace('/', '-')}"
    token = plant.tokens.add(name, [LIVE, HISTORY, EVENTS], areas=[area], by="test")
    areas = [one.path for one in AREAS]
    with plant.client(token) as client:
        tags = client.get("/tags").json()["tags"]
        assert len(tags) == wanted
        ids = {tag["id"] for tag in tags}
        assert {one["tag"] for one in client.get("/values").json()["values"]} == ids
        assert {row["tag"] for row in client.get("/samples").json()["rows"]} <= ids
        assert {row["tag"] for row in client.get("/aggregates").json()["rows"]} <= ids
        lines = [json.loads(line) for line in client.get("/feed").text.splitlines()]
        assert {line[0] for line in lines if isinstance(line, list)} <= ids
        assert {one["key"] for one in client.get("/statement").json()["series"]} == ids
        assert client.get("/samples", params={"tags": f"-area:{area}"}).json()["rows"] == []
        seen = {one["path"] for one in client.get("/plant").json()["areas"]}
        assert seen == {one for one in areas if one == area or one.startswith(f"{area}/")}
        for path, rows in (("/alarms", "alarms"), ("/events", "events")):
            found = client.get(path).json()[rows]
            assert len(found) == (3 if area in ("intake", "outlet") else 0)
            assert area in ("intake", "outlet") or not found


def test_it_12_the_audit_trail_has_no_areas(plant: RestPlant, tmp_path: Path) -> None:
    from hmi.core.errors import UsageError

    with pytest.raises(UsageError, match="audit"):
        plant.tokens.add("wrong", [AUDIT], areas=["intake"], by="test")


def test_it_12_what_the_job_does_not_serve_no_token_reads(tmp_path: Path) -> None:
    with serving(tmp_path, serves=["live"]) as plant, plant.client() as client:
        assert client.get("/values").status_code == 200
        for path in (
            "/samples",
            "/feed",
            "/events",
            "/events?what=audit",
            "/alarms",
            "/aggregates",
            "/statement",
        ):
            assert client.get(path).status_code == 403


# ---------------------------------------------------------------------- only reading


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_it_12_nothing_can_be_written(client: httpx.Client, method: str) -> None:
    for path in NEEDED:
        answer = client.request(method, path, content=b"{}")
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, HEAD"


def test_it_12_the_exporter_has_no_way_to_write() -> None:
    """Neither the port that it is given nor what it imports leads to a writer."""
    folder = Path(__file__).resolve().parents[2] / "hmi" / "exporters" / "rest"
    text = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    for word in (
        "hmi.commands",
        "hmi.runtime",
        "hmi.client",
        "open_archive",
        "SqliteJournal",
        ".insert(",
        ".commit(",
    ):
        assert word not in text


# ---------------------------------------------------------------------- the forms of answers


def test_it_12_values_have_status_time_unit_and_are_marked(client: httpx.Client, plant: RestPlant) -> None:
    found = client.get("/values", params={"tags": FLOW}).json()
    assert found["live"] is True
    (flow,) = found["values"]
    assert (flow["value"], flow["status"], flow["unit"], flow["unit_code"]) == (3.2, 0, "m³/h", "MQH")
    assert flow["simulated"] is False
    assert flow["time"].endswith("Z")
    (pump,) = client.get("/values", params={"tags": PUMP}).json()["values"]
    assert (pump["value"], pump["status"]) == (None, quality.BAD_WAITING_FOR_INITIAL_DATA)


def test_it_12_a_silent_job_shows_no_value_as_live(plant: RestPlant, monkeypatch: pytest.MonkeyPatch) -> None:
    from hmi.exporters.rest import _board

    with plant.client() as client:
        monkeypatch.setattr(_board, "SILENT_S", -1.0)
        found = client.get("/values", params={"tags": FLOW}).json()
    assert found["live"] is False
    assert (found["values"][0]["value"], found["values"][0]["status"]) == (None, quality.BAD_NO_COMMUNICATION)


def test_it_12_samples_keep_type_status_and_marks(client: httpx.Client) -> None:
    def rows(tag: str) -> list[dict[str, Any]]:
        return client.get("/samples", params={"tags": tag}).json()["rows"]

    assert rows(TOTAL)[3]["value"] == 2**60 + 3
    assert rows(PUMP)[0]["value"] is True
    assert rows(NOTE)[0]["value"] == "é\U0001f6b0"
    flow = rows(FLOW)
    assert (flow[20]["value"], flow[20]["status"]) == (None, quality.BAD_NO_COMMUNICATION)
    assert flow[21]["simulated"] is True
    assert flow[21]["flags"] == 8
    assert "simulated" not in flow[0]
    assert flow[0]["time"] == time_text(BEGIN)


def test_it_12_ranges_are_half_open(client: httpx.Client) -> None:
    asked = {"tags": FLOW, "start": time_text(BEGIN + 3 * NS_PER_S), "end": time_text(BEGIN + 6 * NS_PER_S)}
    found = client.get("/samples", params=asked).json()["rows"]
    assert [row["value"] for row in found] == [4.5, 5.5, 6.5]
    with_offset = {**asked, "start": "2026-11-18T12:06:43+01:00"}
    assert client.get("/samples", params=with_offset).json()["rows"] == found


@pytest.mark.parametrize("limit", [1, 3, 7, 10_000])
def test_it_12_pages_hold_each_sample_once(client: httpx.Client, limit: int) -> None:
    pages = list(followed(client, "/samples", "rows", limit=limit))
    assert all(len(page) <= limit for page in pages)
    keys = keys_of([row for page in pages for row in page])
    assert len(keys) == len(set(keys)) == 20 * 8 + 2


def test_it_12_tags_and_values_are_paged(client: httpx.Client) -> None:
    ids = [tag["id"] for page in followed(client, "/tags", "tags", limit=2) for tag in page]
    assert len(ids) == len(set(ids)) == 9
    assert [one["tag"] for page in followed(client, "/values", "values", limit=4) for one in page] == ids


def test_it_12_aggregates_by_their_names(client: httpx.Client) -> None:
    asked = {
        "tags": FLOW, "start": time_text(BEGIN), "end": time_text(BEGIN + 20 * NS_PER_S), "interval_s": 5,
        "aggregate": ["Minimum", "Count"],
    }  # fmt: skip
    whole = client.get("/aggregates", params=asked).json()["rows"]
    assert [row["value"] for row in whole] == [1.5, 6.5, 11.5, 16.5, 5, 5, 5, 5]
    pages = list(followed(client, "/aggregates", "rows", **{**asked, "limit": 3}))
    assert [row for page in pages for row in page] == whole
    assert max(map(len, pages)) == 3


def test_it_12_schema_with_etag_and_gzip(client: httpx.Client) -> None:
    first = client.get("/tags")
    assert first.headers["content-encoding"] == "gzip"
    etag = first.headers["etag"]
    for known in (etag, f'"x", {etag}', "*", etag.removeprefix("W/")):
        again = client.get("/tags", headers={"if-none-match": known})
        assert (again.status_code, again.content) == (304, b"")
    assert client.get("/tags", headers={"if-none-match": '"x"'}).status_code == 200
    plain = client.get("/tags", headers={"accept-encoding": "gzip;q=0"})
    assert "content-encoding" not in plain.headers
    assert plain.content == first.content
    with client.stream("GET", "/tags", headers={"accept-encoding": "gzip"}) as raw:
        assert gzip.decompress(b"".join(raw.iter_raw())) == first.content
    tag = next(one for one in first.json()["tags"] if one["name"] == FLOW)
    assert (tag["unit"], tag["unit_code"], tag["range"]) == ("m³/h", "MQH", [0.0, 100.0])
    assert first.json()["quality_rule"]


def test_it_12_head_is_get_without_content(client: httpx.Client) -> None:
    for path in NEEDED:
        answer = client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")


# ---------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=10001", "limit=x", "limit=1e3", "limit=", "limit=9" * 100, "limit=1&limit=2", "limit=%D9%A1",
        "start=yesterday", "start=2026-13-01T00:00:00Z", "start=2026-11-28", "start=2026-11-28T00:00:00",
        "start=2026-11-28T25:00:00Z", "start=-1", "start=NaN", "nothing=1", "cursor=x", "cursor=%00",
        "cursor=" + "A" * 400,
        "tags=" + "x" * 501, "tags=colour:red", "tags=%22", "tags=", "%FF=1", "tags=%FF", "=", "a&b",
        "&".join(["tags=a"] * 51), "interval_s=0",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/samples", "/aggregates"])
def test_it_12_bad_parameters_are_refused_in_one_sentence(
    client: httpx.Client, path: str, query: str
) -> None:
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(problem) == {"type", "title", "status", "detail", "instance"}
    assert "\n" not in problem["detail"]
    assert len(problem["detail"]) < 400


@pytest.mark.parametrize("name", EVIL)
def test_it_12_evil_names_are_found_and_told_as_they_are(client: httpx.Client, name: str) -> None:
    word = f'"{name}"' if '"' not in name else name.replace('"', "?")
    found = client.get("/tags", params={"tags": word}).json()["tags"]
    assert [tag["name"] for tag in found] == [name]


def test_it_12_a_cursor_leads_nowhere_in_another_question_or_for_another_token(plant: RestPlant) -> None:
    other = plant.tokens.add("other", [HISTORY], areas=["outlet"], by="test")
    with plant.client() as client, plant.client(other) as stranger:
        cursor = client.get("/samples", params={"limit": 2}).json()["next"]
        assert client.get("/samples", params={"cursor": cursor}).status_code == 200
        for asked in ({"tags": "intake/*"}, {"start": "2026-11-18T11:06:40Z"}):
            assert client.get("/samples", params={**asked, "cursor": cursor}).status_code == 400
        assert client.get("/aggregates", params={"cursor": cursor}).status_code == 400
        assert stranger.get("/samples", params={"cursor": cursor}).status_code == 400
        broken = ("A" if cursor[0] != "A" else "B") + cursor[1:]
        assert client.get("/samples", params={"cursor": broken}).status_code == 400


def test_it_12_a_cursor_outlives_the_server(tmp_path: Path) -> None:
    with serving(tmp_path) as plant:
        for second in range(10):
            plant.write(second, {FLOW: float(second)})
        with plant.client() as client:
            first = client.get("/samples", params={"limit": 4}).json()
        assert plant.exporter is not None
        plant.exporter.close()
        plant.begin()
        with plant.client() as client:
            rest = client.get("/samples", params={"cursor": first["next"]}).json()
        assert [row["value"] for row in first["rows"] + rest["rows"]] == [
            float(second) for second in range(10)
        ]


# ---------------------------------------------------------------------- the feed


def take_feed(client: httpx.Client, log: Path, cursor: str = "", **asked: Any) -> tuple[list[Any], str]:
    """All rows there are now, appended to a log, and the cursor behind them."""
    rows: list[Any] = []
    while True:
        answer = client.get("/feed", params={**asked, **({"cursor": cursor} if cursor else {})})
        if answer.status_code == 204:
            assert answer.headers["watchkeeper-next"] == cursor or not cursor
            return rows, answer.headers["watchkeeper-next"]
        assert answer.status_code == 200, answer.text
        with log.open("ab") as file:
            file.write(answer.content)
        head, *lines, _mark = map(json.loads, answer.text.splitlines())
        rows += lines
        cursor = head["next"]
        assert cursor == answer.headers["watchkeeper-next"]


@pytest.mark.parametrize("limit", [1, 5, 1_000])
def test_it_12_the_feed_proves_itself_to_the_stand_alone_checker(
    tmp_path: Path, limit: int, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "feed.log"
    with serving(tmp_path / "plant") as plant, plant.client() as client:
        for second in range(10):
            plant.write(second, {FLOW: float(second), PUMP: True, NOTE: "é"})
        rows, cursor = take_feed(client, log, limit=limit)
        assert len(rows) == 30
        plant.write(10, {FLOW: None}, status=quality.BAD_NO_COMMUNICATION)
        plant.write_late(4.5, {FLOW: 4.5}, made=11)
        more, cursor = take_feed(client, log, cursor, limit=limit)
        assert [row[4] for row in more] == [None, 4.5]
        told = client.get("/statement", params={"cursor": cursor, "start": time_text(BEGIN)})
        assert told.status_code == 200
        (tmp_path / "statement.json").write_bytes(told.content)
    given = ["--messages", str(log), "--statement", str(tmp_path / "statement.json")]
    assert export_checker.main(given) == 0, capsys.readouterr().err
    assert "32 rows, 0 missing, 0 duplicates" in capsys.readouterr().out
    lines = log.read_bytes().splitlines(keepends=True)
    for name, left in (("row", lines[:1] + lines[2:]), ("package", lines[3:] if limit == 1 else lines[:-4])):
        (tmp_path / name).write_bytes(b"".join(left))
        assert export_checker.main(["--messages", str(tmp_path / name), *given[2:]]) == 1
        assert capsys.readouterr().err


def test_it_12_the_same_cursor_gives_the_same_rows_again(tmp_path: Path) -> None:
    with serving(tmp_path) as plant, plant.client() as client:
        for second in range(6):
            plant.write(second, {FLOW: float(second), PUMP: True})
        first = client.get("/feed", params={"limit": 5})
        asked = {"limit": 5, "cursor": first.headers["watchkeeper-next"]}
        once, twice = (client.get("/feed", params=asked).text.splitlines()[1:-1] for _ in range(2))
        assert once == twice
        assert 0 < len(once) <= 5


def test_it_12_a_narrow_query_is_fed_through_many_commits(tmp_path: Path) -> None:
    with serving(tmp_path, small_plant(more=200)) as plant, plant.client() as client:
        names = [tag.name for tag in plant.series]
        for second in range(30):
            plant.write(
                second, {name: float(second) for name in names if "/n" in name and "note" not in name}
            )
        rows, _ = take_feed(client, tmp_path / "log", limit=4, tags="outlet/n0007.pv")
        assert [row[4] for row in rows] == [float(second) for second in range(30)]


def test_it_12_a_feed_begins_where_it_is_asked_to(tmp_path: Path) -> None:
    with serving(tmp_path) as plant, plant.client() as client:
        for second in range(10):
            plant.write(second, {FLOW: float(second)})
        asked = {"since": time_text(BEGIN + 7 * NS_PER_S)}
        assert [row[4] for row in take_feed(client, tmp_path / "log", **asked)[0]] == [7.0, 8.0, 9.0]


def test_it_12_a_cursor_of_commits_that_are_gone_says_so(tmp_path: Path) -> None:
    with serving(tmp_path) as plant, plant.client() as client:
        plant.write(0, {FLOW: 1.0})
        cursor = client.get("/feed").headers["watchkeeper-next"]
        assert plant.exporter is not None
        plant.exporter.close()
        plant.archive.close()
        (tmp_path / ARCHIVE).rename(tmp_path / "old")
        from hmi.stores.sqlite import open_archive

        plant.archive = open_archive(tmp_path / ARCHIVE)
        for tag in plant.series:
            plant.archive.number(tag.key)
        plant.begin()
        with plant.client() as again:
            answer = again.get("/feed", params={"cursor": cursor})
        assert answer.status_code == 410
        assert "begin without it" in answer.json()["detail"]


# ---------------------------------------------------------------------- events


def test_it_12_events_come_in_their_order_and_go_on(client: httpx.Client) -> None:
    first = client.get("/events", params={"limit": 4}).json()
    rest = client.get("/events", params={"limit": 4, "cursor": first["next"]}).json()
    numbers = [one["number"] for one in first["events"] + rest["events"]]
    assert numbers == [1, 2, 3, 4, 5, 6]
    nothing = client.get("/events", params={"cursor": rest["next"]}).json()
    assert nothing["events"] == []
    assert nothing["next"] is not None
    bounded = client.get("/events", params={"end": time_text(wall_ns())}).json()
    assert (len(bounded["events"]), bounded["next"]) == (6, None)
    before = client.get("/events", params={"end": time_text(BEGIN)}).json()
    assert (before["events"], before["next"]) == ([], None)


def test_it_12_what_people_did_and_who_came_in(client: httpx.Client) -> None:
    audit = client.get("/events", params={"what": "audit"}).json()["events"]
    assert [one["event"] for one in audit] == ["command.requested", "session.signed_in"]
    security = client.get("/events", params={"what": "security"}).json()["events"]
    assert [one["event"] for one in security] == ["session.signed_in"]
    assert security[0]["actor"] == "ada"


def test_it_12_alarms_that_stand(client: httpx.Client) -> None:
    found = client.get("/alarms").json()
    assert len(found["alarms"]) == 6
    assert found["alarms"][0]["state"] == "UNACK"
    assert found["live"] is True


# ---------------------------------------------------------------------- the socket


def test_it_12_over_tls_with_the_certificate_of_the_runtime(tmp_path: Path) -> None:
    with serving(tmp_path, security="tls") as plant:
        trusted = ssl.create_default_context(cafile=str(TlsFolder(tmp_path).authority))
        with plant.client(verify=trusted) as client:
            assert client.get("/plant").status_code == 200
        with pytest.raises(httpx.ConnectError), plant.client() as stranger:
            stranger.get("/plant")
        with pytest.raises(httpx.TransportError), httpx.Client(trust_env=False) as plain:
            plain.get(plant.url.replace("https", "http") + "/plant")


def test_it_12_a_port_that_is_taken_is_told_in_one_sentence(tmp_path: Path) -> None:
    from hmi.export.port import TargetRefused

    with serving(tmp_path / "one") as first:
        second = RestPlant(tmp_path / "two")
        with pytest.raises(TargetRefused, match="cannot listen"):
            second.begin(port=int(first.url.split(":")[2].partition("/")[0]))
        second.close()


def until(condition: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_times_are_read_to_the_nanosecond() -> None:
    assert time_ns("start", "2026-11-18T11:06:40.123456789Z") == BEGIN + 123_456_789
    assert time_ns("start", "1900-01-01T00:00:00Z") == 0
    assert time_ns("start", "9999-12-31T23:59:60Z") == 2**62
