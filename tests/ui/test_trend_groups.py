"""Groups of trends: from the plant's areas, one's own and shared ones, kept per plant."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("PySide6")

from trend_plant import FLOW, LEVEL, RESIDUAL, open_trends, trend_plant

from hmi.ui.settings import Settings
from hmi.ui.trend.cards import EntryCard
from hmi.ui.trend.groups import Group, TrendGroups, area_groups
from hmi.ui.trend.pens import Mode
from hmi.ui.trend.scale import made_scale

pytestmark = pytest.mark.qt


def opened(folder: Path, user: str, qtbot: Any) -> tuple[TrendGroups, Settings]:
    settings = Settings(folder)
    groups = TrendGroups(settings)
    settings.open("p_1", user)
    groups.open(trend_plant())
    qtbot.waitUntil(lambda: settings.is_read and groups._shared.is_read)
    return groups, settings


def names(groups: TrendGroups, kind: str) -> list[str]:
    return [group.name for group in groups.all(trend_plant()) if group.kind == kind]


def test_every_area_with_measured_values_is_a_group() -> None:
    found = {group.name: group.tags for group in area_groups(trend_plant())}
    assert found["Intake"] == (FLOW,)
    assert found["Outlet"] == (LEVEL,)
    assert "Site" not in found


def test_own_groups_are_kept_for_the_person_and_shared_ones_for_all(qtbot: Any, tmp_path: Path) -> None:
    groups, settings = opened(tmp_path, "anna", qtbot)
    groups.save(Group("Mine", (FLOW,), "own", 3600, (FLOW,), {FLOW: (0.0, 50.0)}))
    groups.save(Group("Ours", (LEVEL, RESIDUAL), "shared"))
    settings.close()
    groups.close()
    again, _ = opened(tmp_path, "anna", qtbot)
    mine = again.all(trend_plant())[0]
    assert mine == Group("Mine", (FLOW,), "own", 3600, (FLOW,), {FLOW: (0.0, 50.0)})
    other, _ = opened(tmp_path, "bert", qtbot)
    assert names(other, "own") == []
    assert names(other, "shared") == ["Ours"]
    other.remove(Group("Ours", (), "shared"))
    assert names(other, "shared") == []


def test_what_one_trend_saves_for_everybody_no_other_one_takes_away(qtbot: Any, tmp_path: Path) -> None:
    (one, anna), (two, bert) = opened(tmp_path, "anna", qtbot), opened(tmp_path, "bert", qtbot)
    told: list[str] = []
    two.changed.connect(lambda: told.append("changed"))
    one.save(Group("Of one", (FLOW,), "shared"))
    assert told
    assert names(two, "shared") == ["Of one"]
    two.save(Group("Of two", (LEVEL,), "shared"))
    one.remove(Group("Of one", (), "shared"))
    for settings in (anna, bert, one, two):
        settings.close()
    del one, two
    gc.collect()
    again, _ = opened(tmp_path, "anna", qtbot)
    assert names(again, "shared") == ["Of two"]


def test_a_group_of_the_same_name_is_replaced(qtbot: Any, tmp_path: Path) -> None:
    groups, settings = opened(tmp_path, "anna", qtbot)
    groups.save(Group("Mine", (FLOW,)))
    groups.save(Group("Mine", (LEVEL,)))
    assert [group.tags for group in groups.all(trend_plant()) if group.kind == "own"] == [(LEVEL,)]
    settings.close()


def test_what_cannot_be_read_in_the_file_is_left_out(qtbot: Any, tmp_path: Path) -> None:
    file = tmp_path / "p_1" / "anna.json"
    file.parent.mkdir()
    broken = [
        None,
        {"name": 5, "tags": [FLOW]},
        {"name": "no tags"},
        {"name": "Good", "tags": [FLOW, 7], "scales": []},
    ]
    file.write_text(json.dumps({"schema": "station/1", "trends": {"groups": broken}}))
    groups, _ = opened(tmp_path, "anna", qtbot)
    assert [(group.name, group.tags) for group in groups.all(trend_plant()) if group.kind == "own"] == [
        ("Good", (FLOW,))
    ]


def test_a_trend_is_saved_and_brought_back_with_axes_scales_and_span(qtbot: Any) -> None:
    with open_trends(qtbot) as desk:
        desk.window.open_trend([FLOW, LEVEL], 8 * 3600)
        panel = desk.window.trends[0]
        pen = panel.pens[0]
        pen.own_axis, pen.mode, pen.manual = True, Mode.MANUAL, made_scale(0.0, 50.0)
        panel.acts._ask_name("own")
        card = panel.acts.card
        assert isinstance(card, EntryCard)
        card.fields[0].setText("Night shift")
        card.accept()
        plant = desk.station.plant
        assert plant is not None
        (kept,) = [group for group in panel.groups.all(plant) if group.kind == "own"]
        desk.window.open_trend([RESIDUAL])
        again = desk.window.trends[0]
        again.show_group(kept)
        assert [pen.tag for pen in again.pens] == [FLOW, LEVEL]
        assert again.span_s == 8 * 3600
        assert again.bar.title.full_text == "Night shift"
        assert again.pens[0].own_axis
        assert (again.model.axes[0].scale.low, again.model.axes[0].scale.high) == (0.0, 50.0)
