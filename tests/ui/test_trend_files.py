"""What a trend shows as a file: CSV, Parquet, workbook and picture; whole or not at all."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

pytest.importorskip("PySide6")

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog
from shell_plant import Desk
from trend_plant import FLOW, LEVEL, RESIDUAL, TURBIDITY, open_trends

from hmi.core.clock import NS_PER_S
from hmi.core.errors import UsageError
from hmi.core.quality import BAD_NO_DATA
from hmi.ui.trend.curve import curve_from
from hmi.ui.trend.export import HEAD, Part, parts_between, whole, write_rows
from hmi.ui.trend.panel import TrendPanel

pytestmark = pytest.mark.qt
ZONE = ZoneInfo("Europe/Berlin")


@pytest.fixture
def desk(qtbot: Any) -> Iterator[Desk]:
    with open_trends(qtbot) as made:
        yield made


def opened(desk: Desk, qtbot: Any) -> TrendPanel:
    desk.window.open_trend([FLOW, LEVEL, TURBIDITY, RESIDUAL], 2 * 3600)
    panel = desk.window.trends[0]
    qtbot.waitUntil(lambda: all(len(pen.curve) for pen in panel.pens))
    return panel


def written(panel: TrendPanel, file: Path, qtbot: Any) -> str:
    said: list[str] = []
    panel.said.connect(said.append)
    panel.acts.write(file)
    qtbot.waitUntil(lambda: bool(said))
    return said[0]


def rows_in(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as source:
        return list(csv.DictReader(source))


def test_csv_has_every_sample_in_view_with_status_and_both_times(
    desk: Desk, qtbot: Any, tmp_path: Path
) -> None:
    panel = opened(desk, qtbot)
    file = tmp_path / "trend.csv"
    assert written(panel, file, qtbot) == f"Written: {file}"
    rows = rows_in(file)
    assert tuple(rows[0]) == HEAD
    assert {row["tag"] for row in rows} == {FLOW, LEVEL, TURBIDITY, RESIDUAL}
    flow = [row for row in rows if row["tag"] == FLOW]
    view = panel.model.view
    seen = [row for row in flow if datetime.fromisoformat(row["time_utc"]).timestamp() * 1e9 >= view.start]
    assert len(seen) in {1439, 1440, 1441}
    assert all(row["status"] == "0x00000000" and row["rows"] == "sample" for row in flow[:-1])
    gap = [row for row in rows if row["tag"] == LEVEL and row["status"] == f"0x{BAD_NO_DATA:08X}"]
    assert [row["value"] for row in gap] == [""]


def test_parquet_and_workbook_say_the_same(desk: Desk, qtbot: Any, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    openpyxl = pytest.importorskip("openpyxl")
    panel = opened(desk, qtbot)
    panel.toggle_live()
    for ending in ("csv", "parquet", "xlsx"):
        written(panel, tmp_path / f"t.{ending}", qtbot)
    expected = rows_in(tmp_path / "t.csv")
    table = parquet.read_table(tmp_path / "t.parquet")
    assert table.num_rows == len(expected)
    assert str(table.schema.field("time").type) == "timestamp[ns, tz=UTC]"
    values = [row["value"] for row in expected]
    assert ["" if v is None else repr(v) for v in table.column("value").to_pylist()] == values
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx", read_only=True).active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == HEAD
    assert len(rows) - 1 == len(expected)
    assert [row[0] for row in rows[1:]] == [row["tag"] for row in expected]


def test_a_picture_is_what_is_seen(desk: Desk, qtbot: Any, tmp_path: Path) -> None:
    panel = opened(desk, qtbot)
    written(panel, tmp_path / "trend.png", qtbot)
    picture = QImage(str(tmp_path / "trend.png"))
    assert picture.size() == panel.size()


def test_the_dialogue_stands_beside_everything_and_proposes_a_name(
    desk: Desk, qtbot: Any, tmp_path: Path
) -> None:
    panel = opened(desk, qtbot)
    panel.acts.ask_file("csv")
    dialog = panel.acts.dialog
    assert isinstance(dialog, QFileDialog)
    assert dialog.isVisible()
    assert dialog.selectedFiles()[0].endswith(".csv")
    said: list[str] = []
    panel.said.connect(said.append)
    dialog.fileSelected.emit(str(tmp_path / "asked.csv"))
    dialog.reject()
    qtbot.waitUntil(lambda: bool(said))
    assert (tmp_path / "asked.csv").is_file()
    assert panel.acts.dialog is None


def test_a_place_that_cannot_be_written_is_said_in_one_sentence(
    desk: Desk, qtbot: Any, tmp_path: Path
) -> None:
    panel = opened(desk, qtbot)
    blocked = tmp_path / "file"
    blocked.write_text("")
    said = written(panel, blocked / "trend.csv", qtbot)
    assert said.startswith("The file cannot be written: ")
    assert "\n" not in said


def test_an_unknown_ending_names_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"use \.csv, \.parquet, \.xlsx or \.png"):
        write_rows(tmp_path / "trend.doc", [], ZONE)


def test_a_name_that_looks_like_a_formula_is_text(tmp_path: Path) -> None:
    curve = curve_from(np.array([0], np.int64), np.array([-1.5]))
    write_rows(tmp_path / "t.csv", [Part("=cmd|x", "", curve)], ZONE)
    (row,) = rows_in(tmp_path / "t.csv")
    assert row["tag"] == "'=cmd|x"
    assert row["value"] == "-1.5"
    assert row["time_plant"] == "1970-01-01T01:00:00+01:00"


def test_half_a_file_is_never_left(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("before")

    def broken(fresh: Path) -> None:
        fresh.write_text("half")
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        whole(file, broken)
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_only_what_is_in_view_is_written_with_the_value_that_held_at_its_start() -> None:
    times = np.arange(10, dtype=np.int64) * NS_PER_S
    curve = curve_from(times, np.arange(10.0))
    (part,) = parts_between([("t", "", curve)], 25 * NS_PER_S // 10, 6 * NS_PER_S)
    assert part.curve.last.tolist() == [2.0, 3.0, 4.0, 5.0, 6.0]
