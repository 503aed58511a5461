"""The REST server under a flood, with slow readers and huge answers: bounded, and nobody else pays for it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from rest_plant import BEGIN, RestPlant, keys_of, serving, small_plant

from hmi.core.clock import NS_PER_S
from hmi.exporters.rest import _access
from hmi.historian.samples import Batch, Samples, ValueKind
from hmi.security.it_tokens import HISTORY, LIVE
from hmi.serving import Rate, _patient

FLOW = "intake/ft1.pv"
ROWS = 1_000_000
PATIENCE_S = 60.0


def fill(plant: RestPlant, rows: int, *, at_once: int = 50_000) -> None:
    """One row a second, the plain tags one after the other."""
    tags = [tag for tag in plant.series if "/n" in tag.name and "note" not in tag.name]
    numbers = np.array([plant.numbers[tag.key] for tag in tags], np.int32)
    for begin in range(0, rows, at_once):
        places = np.arange(begin, begin + at_once)
        times = BEGIN + places * NS_PER_S // len(tags)
        count = len(places)
        samples = Samples(
            times, (places * 0.1).view(np.uint64), np.full(count, ValueKind.FLOAT, np.uint8),
            np.zeros(count, np.uint32), times, np.zeros(count, np.uint16), np.zeros(count, np.uint16),
            np.zeros(count, np.uint32),
        )  # fmt: skip
        plant.archive.commit(Batch(numbers[places % len(tags)], samples), time=int(times[-1]) + 1)


def memory_mb() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.slow
@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="needs /proc to see the memory of the process"
)
@pytest.mark.parametrize("path", ["/samples", "/feed"])
def test_it_12_a_million_rows_with_bounded_memory(tmp_path: Path, path: str) -> None:
    with serving(tmp_path, small_plant(more=500)) as plant, plant.client() as client:
        fill(plant, ROWS)
        count, cursor, grown, before = 0, "", 0.0, 0.0
        while True:
            given = {"limit": 10_000, **({"cursor": cursor} if cursor else {})}
            answer = client.get(path, params=given)
            if answer.status_code == 204:
                break
            assert answer.status_code == 200, answer.text
            if path == "/feed":
                count += answer.content.count(b"\n") - 2
                cursor = answer.headers["watchkeeper-next"]
            else:
                content = answer.json()
                count += len(content["rows"])
                cursor = content["next"]
            if count > ROWS // 10:
                before = before or memory_mb()
                grown = max(grown, memory_mb() - before)
            if not cursor:
                break
    assert count == ROWS
    assert grown < 150


def test_it_12_a_flood_is_held_back_and_others_are_answered(tmp_path: Path) -> None:
    with serving(tmp_path, requests_per_s=20.0, burst=40) as plant:
        greedy = plant.tokens.add("greedy", [LIVE, HISTORY], by="test")
        for second in range(50):
            plant.write(second, {FLOW: float(second)})
        end, found = time.monotonic() + 3.0, Counter[int]()
        waits: list[float] = []

        def flood(_number: int) -> None:
            with plant.client(greedy) as client:
                while time.monotonic() < end:
                    answer = client.get("/samples")
                    found[answer.status_code] += 1
                    if answer.status_code == 429:
                        assert int(answer.headers["retry-after"]) >= 1

        with ThreadPoolExecutor(8) as pool:
            flooding = [pool.submit(flood, number) for number in range(8)]
            with plant.client() as client:
                while time.monotonic() < end:
                    started = time.monotonic()
                    plant.show({FLOW: started})
                    told = client.get("/values", params={"tags": FLOW})
                    waits.append(time.monotonic() - started)
                    assert told.status_code == 200
                    assert told.json()["values"][0]["value"] == started
                    time.sleep(0.1)
            for one in flooding:
                one.result()
        assert set(found) <= {200, 429}
        assert found[429] > found[200]
        assert found[200] <= 40 + 20 * 3 + 20
        assert max(waits) < 5.0


def test_it_12_guessing_tokens_is_slowed_down_by_address_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        _access, "STRANGER", Rate(0.001, _access.STRANGER.burst)
    )  # however slowly they are asked
    with serving(tmp_path) as plant:
        found = Counter[int]()
        for number in range(60):
            found[plant.client(f"guess{number}").get("/plant").status_code] += 1
        assert found[429] > 20
        with plant.client() as client:
            assert client.get("/plant").status_code == 200


def test_it_12_requests_at_a_time_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_access, "MOST_AT_ONCE", 3)
    with serving(tmp_path, max_requests=2) as plant:
        other = plant.tokens.add("other", [HISTORY], by="test")
        third = plant.tokens.add("third", [HISTORY], by="test")
        waiting, go = threading.Semaphore(0), threading.Event()
        reader = plant.exporter._running._reader  # type: ignore[union-attr]
        coverage = type(reader).coverage

        def slow(self: Any) -> Any:
            waiting.release()
            go.wait(PATIENCE_S)
            return coverage(self)

        monkeypatch.setattr(type(reader), "coverage", slow)
        with ThreadPoolExecutor(3) as pool:
            first = [pool.submit(plant.client().get, "/samples") for _ in range(2)]
            access = plant.exporter._running._access  # type: ignore[union-attr]

            def until_there_are(count: int) -> None:
                end = time.monotonic() + PATIENCE_S
                while access._running.total() < count and time.monotonic() < end:
                    time.sleep(0.02)

            assert waiting.acquire(timeout=PATIENCE_S)  # the second one waits for the first
            until_there_are(2)
            assert plant.client().get("/samples").status_code == 429
            queued = pool.submit(plant.client(other).get, "/samples")
            until_there_are(3)
            full = plant.client(third).get("/samples")
            assert (full.status_code, full.headers["retry-after"]) == (503, "1")
            with plant.client() as client:
                assert client.get("/nothing").status_code == 404
            go.set()
            assert [one.result().status_code for one in (*first, queued)] == [200, 200, 200]


def test_it_12_a_client_that_does_not_read_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_patient, "UNREAD_S", 0.5)
    with serving(tmp_path, small_plant(more=500)) as plant:
        fill(plant, 50_000)
        host, port = plant.url.removeprefix("http://").partition("/")[0].split(":")
        connections = plant.exporter._running._server.server_state.connections  # type: ignore[union-attr]
        slow = [socket.socket() for _ in range(4)]
        for one in slow:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            one.connect((host, int(port)))
            request = f"GET /it/v1/samples?limit=10000 HTTP/1.1\r\nHost: {host}\r\n"
            one.sendall(f"{request}Authorization: Bearer {plant.token}\r\n\r\n".encode())
        end = time.monotonic() + PATIENCE_S
        seen = 0
        while seen == 0 or connections:
            seen = max(seen, len(connections))
            assert time.monotonic() < end
            time.sleep(0.02)
        with plant.client() as client:
            assert client.get("/samples", params={"limit": 10_000}).status_code == 200
        for one in slow:
            one.close()


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 1_000, b"GET " + b"/" * 70_000,
        b"GET /it/v1/plant HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"GET /it/v1/plant HTTP/1.1\r\n\r\n", b"GET http://[::/it/v1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /it/v1/../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /it/v1/%2e%2e/%00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /it/v1/plant HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n",
    ],
)  # fmt: skip
def test_it_12_what_is_no_request_costs_one_connection(tmp_path: Path, data: bytes) -> None:
    with serving(tmp_path) as plant:
        host, port = plant.url.removeprefix("http://").partition("/")[0].split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as one:
            one.sendall(data)
            one.shutdown(socket.SHUT_WR)
            answer = b""
            with contextlib.suppress(ConnectionResetError):
                while piece := one.recv(4_096):
                    answer += piece
        assert not answer or answer.split(b" ")[1] in (b"400", b"401", b"404", b"405", b"431")
        with plant.client() as client:
            assert client.get("/plant").status_code == 200


def test_it_12_a_reader_that_fails_is_told_and_the_server_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hmi.core.errors import StorageError

    with serving(tmp_path) as plant, plant.client() as client:
        reader = type(plant.exporter._running._reader)  # type: ignore[union-attr]

        def broken(error: Exception) -> Any:
            def coverage(_self: Any) -> Any:
                raise error

            return coverage

        with monkeypatch.context() as patched:
            patched.setattr(reader, "coverage", broken(StorageError("the disk is gone")))
            answer = client.get("/samples")
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert "disk" not in answer.text
            patched.setattr(reader, "coverage", broken(RuntimeError("secret detail")))
            answer = client.get("/samples")
            assert answer.status_code == 500
            assert "secret" not in answer.text
        assert client.get("/samples").status_code == 200


@pytest.mark.parametrize("path", ["/samples", "/feed"])
def test_it_12_each_sample_once_while_the_archive_is_written_and_compacted(tmp_path: Path, path: str) -> None:
    hour = 3_600
    with serving(tmp_path) as plant, plant.client() as client:
        for second in range(0, 4 * hour, 60):
            plant.write(second, {FLOW: float(second), "intake/wells/lt1.pv": -1.0 * second})
        plant.write_late(7.25, {FLOW: 7.25}, made=4 * hour)
        wanted = {("t_" + FLOW, second) for second in range(0, 4 * hour, 60)}
        stop, faults = threading.Event(), list[BaseException]()

        def write() -> None:
            second = 4 * hour
            try:
                while not stop.is_set():
                    second += 60
                    plant.write(second, {FLOW: float(second)})
                    if second % 1_200 == 0:
                        plant.archive.compact(BEGIN + (second - hour) * NS_PER_S)
            except BaseException as error:
                faults.append(error)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            rows = _all(client, path, limit=17, most=1_500)
        finally:
            stop.set()
            writer.join()
        assert faults == []
        keys = keys_of(rows)
        assert len(keys) == len(set(keys))
        told = {(row["tag"], row["value"]) for row in rows}
        assert {(key, float(second)) for key, second in wanted} | {("t_" + FLOW, 7.25)} <= told


def _all(client: httpx.Client, path: str, *, limit: int, most: int) -> list[dict[str, Any]]:
    """Rows of all pages, for a feed at least so many pages as there are of what was there before."""
    rows: list[dict[str, Any]] = []
    cursor = ""
    while len(rows) < most:
        answer = client.get(path, params={"limit": limit, **({"cursor": cursor} if cursor else {})})
        if answer.status_code == 204:
            return rows
        assert answer.status_code == 200, answer.text
        if path == "/feed":
            lines = [json.loads(line) for line in answer.text.splitlines()[1:-1]]
            rows += [{"tag": one[0], "time": one[1], "version": one[2], "value": one[4]} for one in lines]
            cursor = answer.headers["watchkeeper-next"]
        else:
            content = answer.json()
            rows += content["rows"]
            cursor = content["next"]
            if cursor is None:
                return rows
    return rows


def test_rates_of_tokens_do_not_mix() -> None:
    from hmi.serving import Buckets

    buckets = Buckets(Rate(1.0, 2.0))
    assert [buckets.take("a", 0) for _ in range(3)] == [True, True, False]
    assert buckets.take("b", 0)
    assert buckets.take("a", NS_PER_S)
