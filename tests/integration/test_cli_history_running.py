"""``hmi history`` at a runtime that runs: the same answers, and changes by a person who signs in."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_calls import CommandLine, command
from people_plant import PASSWORD, add_people, roles
from test_cli_history import LEVEL_TAG, VALVE_TAG, plant_at, rows_of
from waterworks_session import wait_until

from hmi.client.local import is_running

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket")
PEOPLE = {"eng": (roles("engineer", "acknowledge"), {}), "ada": (roles("acknowledge"), {})}
DAY = ("--from", "2025-06-01T00:00", "--to", "2025-06-02T00:00")
SAMPLES = "time_utc,tag,value,status_code\r\n" + "".join(
    f"2025-06-01T0{hour}:00:00Z,{LEVEL_TAG},{hour}.5,0x00000000\r\n" for hour in range(1, 6)
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ...]]:
    """The arguments that name a plant and the data folder of its runtime; its PLC is not there."""
    base = tmp_path_factory.mktemp("running")
    plant, data = plant_at(base), base / "data"
    add_people(data, PEOPLE)
    process = subprocess.Popen(command("serve", plant, "--data", data), stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: is_running(data) or process.poll() is not None)
        yield str(plant), "--data", str(data)
        assert process.poll() is None
    finally:
        process.terminate()
        assert process.wait(20) == 0


class Signed:
    """``hmi history`` of somebody whose password is piped in."""

    def __init__(self, hmi: CommandLine, monkeypatch: pytest.MonkeyPatch, running: tuple[str, ...]) -> None:
        self._hmi, self._monkeypatch, self._running = hmi, monkeypatch, running

    def __call__(self, user: str, *arguments: str):
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))
        who = ("--user", user, "--password-stdin")
        return self._hmi("history", *self._running, *arguments, *who)

    def read(self, *arguments: str) -> list[dict[str, str]]:
        told = self._hmi("history", *self._running, *arguments, "--format", "csv")
        assert told.code == 0, told.err
        assert told.err == ""
        return rows_of(told.out)


@pytest.fixture
def signed(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, running: tuple[str, ...]
) -> Signed:
    return Signed(CommandLine(capfd, monkeypatch), monkeypatch, running)


def test_samples_are_put_in_put_right_and_taken_out_and_all_of_it_stays_readable(
    signed: Signed, tmp_path: Path
) -> None:
    table = tmp_path / "late.csv"
    table.write_text(SAMPLES, encoding="utf-8")
    told = signed("eng", "--import", str(table), "--reason", "logger was read by hand")
    assert (told.code, told.out.strip()) == (0, "5 samples"), told.err
    assert [one["value"] for one in signed.read(LEVEL_TAG, *DAY)] == ["1.5", "2.5", "3.5", "4.5", "5.5"]
    table.write_text(f"time_utc,tag,value\n2025-06-01T02:00:00Z,{LEVEL_TAG},20\n", encoding="utf-8")
    told = signed("eng", "--edit", str(table), "--reason", "typing error")
    assert told.code == 0, told.err
    told = signed("eng", LEVEL_TAG, "--delete", "--from", "2025-06-01T05:00Z", "--to", "2025-06-01T05:00Z",
                  "--reason", "test signal")  # fmt: skip
    assert (told.code, told.out.strip()) == (0, "1 samples"), told.err
    assert [one["value"] for one in signed.read(LEVEL_TAG, *DAY)] == ["1.5", "20.0", "3.5", "4.5"]
    gone = signed.read(LEVEL_TAG, *DAY, "--modified")
    assert [(one["value"], one["act"], one["changed_by"]) for one in gone] == [
        ("2.5", "replace", "eng"), ("5.5", "delete", "eng"),
    ]  # fmt: skip
    whole = signed.read(LEVEL_TAG, *DAY, "--aggregate", "Maximum")
    assert [one["value"] for one in whole] == ["20.0"]


def test_a_remark_is_counted_where_it_stands(signed: Signed) -> None:
    told = signed("ada", VALVE_TAG, "--annotate", "Valve was stuck", "--at", "2025-06-01T04:00Z")
    assert told.code == 0, told.err
    (count,) = signed.read(VALVE_TAG, *DAY, "--aggregate", "annotation count")
    assert count["value"] == "1"


def test_who_may_not_is_refused_and_nothing_changes(signed: Signed, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(f"time_utc,tag,value\n2025-06-01T09:00:00Z,{LEVEL_TAG},1\n", encoding="utf-8")
    told = signed("ada", "--edit", str(table), "--reason", "why not")
    assert told.code == 1
    assert "has no right to engineer" in told.err
    assert signed("nobody", "--edit", str(table), "--reason", "why not").code in {1, 2}
    nine = ("--from", "2025-06-01T09:00Z", "--to", "2025-06-01T09:01Z")
    assert signed.read(LEVEL_TAG, *nine) == []


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (f"2025-06-01T09:00:00Z,{LEVEL_TAG},much", "t.csv:2: 'much' is no float"),
        (f"yesterday,{LEVEL_TAG},1", "t.csv:2: yesterday is no time after 1970"),
        ("2025-06-01T09:00:00Z,area1/none,1", "t.csv:2: there is no tag 'area1/none'"),
        ("", "holds no samples"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_sent(
    signed: Signed, tmp_path: Path, rows: str, told: str
) -> None:
    table = tmp_path / "t.csv"
    table.write_text(f"time_utc,tag,value\n{rows}\n", encoding="utf-8")
    result = signed("eng", "--import", str(table), "--reason", "r")
    assert result.code == 2
    assert told in result.sentence


def test_an_export_over_the_api_goes_on_page_after_page(signed: Signed, tmp_path: Path) -> None:
    table = tmp_path / "many.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("time_utc", "tag", "value"))
        for second in range(12_000):
            hour, rest = divmod(second, 3_600)
            writer.writerow((f"2024-06-01T{hour:02}:{rest // 60:02}:{rest % 60:02}Z", LEVEL_TAG, second))
    told = signed("eng", "--import", str(table), "--reason", "a long past")
    while "try again in" in told.err:  # a wrong password of another test
        time.sleep(1)
        told = signed("eng", "--import", str(table), "--reason", "a long past")
    assert (told.code, told.out.strip()) == (0, "12000 samples"), told.err
    rows = signed.read(LEVEL_TAG, "--from", "2024-06-01T00:00Z", "--to", "2024-06-02T00:00Z")
    assert [float(one["value"]) for one in rows] == list(range(12_000))
    assert signed("eng", "--state").code == 0
