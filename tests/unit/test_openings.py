"""What ``--open`` of a picture accepts; everything else is refused before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from hmi.cli._pictures import wanted_openings
from hmi.core.errors import UsageError
from hmi.core.openings import Opening, opening, trend_of
from hmi.project import open_plant

WATERWORKS = Path(__file__).parents[2] / "screens" / "waterworks"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("alarms", Opening("alarms")),
        ("areas", Opening("areas")),
        ("points", Opening("points")),
        ("points:bad", Opening("points", "bad")),
        ("find", Opening("find")),
        ("certificates", Opening("certificates")),
        ("find:raw: pump", Opening("find", "raw: pump")),
        ("why:intake/ft101.pv", Opening("why", "intake/ft101.pv")),
        ("faceplate:intake/p101a", Opening("faceplate", "intake/p101a")),
    ],
)
def test_each_form_is_read(text: str, found: Opening) -> None:
    assert opening(text) == found


@pytest.mark.parametrize("text", ["", "why", "why:", "faceplate", "areas:x", "find:", "chart:x", ":areas"])
def test_anything_else_is_one_sentence_that_names_the_forms(text: str) -> None:
    with pytest.raises(
        UsageError,
        match=r"write accounts, alarms, areas, certificates, .*faceplate:INSTANCE or held:INSTANCE",
    ):
        opening(text)


def test_names_that_the_plant_does_not_have_are_refused() -> None:
    plant = open_plant(WATERWORKS)
    assert wanted_openings(plant, ["why:intake/p101a.speed", "faceplate:intake/p101a"])
    for text in ("why:intake/nothing", "faceplate:intake/nothing", "points:odd"):
        with pytest.raises(UsageError, match="there is no such"):
            wanted_openings(plant, [text])


def test_a_trend_is_named_by_its_tags_and_how_far_back_it_begins() -> None:
    assert trend_of(opening("trend:a/b.pv+c").name) == (["a/b.pv", "c"], 0)
    assert trend_of("a@-90min") == (["a"], 5_400)
    assert trend_of("a@-2d") == (["a"], 172_800)
    for wrong in ("", "@-1h", "a@2h", "a@-1w", "+"):
        with pytest.raises(UsageError, match=r"write it as trend:TAG\+TAG"):
            trend_of(wrong)
