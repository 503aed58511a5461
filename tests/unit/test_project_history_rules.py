"""[history] of plant.toml: what is kept how long, checked like every other table."""

from __future__ import annotations

from pathlib import Path

import pytest

from hmi.core.errors import ConfigurationError
from hmi.project import new_plant, open_plant
from hmi.project.diff import plant_diff
from hmi.project.plant import HistoryRules


def with_rules(folder: Path, text: str) -> Path:
    new_plant(folder)
    head = folder / "plant.toml"
    head.write_text(head.read_text(encoding="utf-8") + f"\n[history]\n{text}\n", encoding="utf-8")
    return folder


def test_a_plant_says_how_long_its_history_is_kept_and_a_change_of_it_is_one(tmp_path: Path) -> None:
    new_plant(tmp_path / "a")
    told = with_rules(tmp_path / "b", "raw_days = 400\nquota_gb = 12.5\nfeed_days = 3")
    first, second = open_plant(tmp_path / "a"), open_plant(told)
    assert first.history == HistoryRules()
    assert second.history == HistoryRules(raw_days=400, quota_gb=12.5, feed_days=3)
    assert "history" in plant_diff(first, second).head
    assert first.revision != second.revision


@pytest.mark.parametrize(
    "text", ["raw_days = 6", "raw_days = 3661", "quota_gb = -1", "ballast_mb = 1.5", 'feed_mb = "x"']
)
def test_a_limit_that_makes_no_sense_is_named_with_its_line(tmp_path: Path, text: str) -> None:
    folder = with_rules(tmp_path / "plant", text)
    with pytest.raises(ConfigurationError, match=r"plant\.toml:\d+") as told:
        open_plant(folder)
    assert text.split(" ")[0] in str(told.value)
