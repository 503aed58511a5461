"""What an operator types as a number, and what a faceplate, a list and a history do with it."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QRect, QSize

from hmi.ui.faceplate.placement import place
from hmi.ui.labels import short_tag
from hmi.ui.navigation import History
from hmi.ui.numbers import limit_problem, parse_number

pytestmark = pytest.mark.qt


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("18.5", 18.5), ("18,5", 18.5), (" 7 ", 7.0), ("-3.25", -3.25), ("−3,25", -3.25), ("1 248", 1248.0),
        ("1 248,5", 1248.5), (".5", 0.5), ("0,125", 0.125), ("1250.125", 1250.125), ("1'000", 1000.0),
        ("12,50", 12.5), ("1.234", 1.234),
    ],
)  # fmt: skip
def test_numbers_are_read_in_either_notation(text: str, value: float) -> None:
    assert parse_number(text).value == value


@pytest.mark.parametrize("text", ["1.000", "1,000", "-1.250", "12.500", "999.999"])
def test_a_thousand_is_never_guessed_from_a_mark(text: str) -> None:
    """Both readings are told; a tag that is shown with three decimals takes the point for a decimal point."""
    problem = parse_number(text, decimals=2).problem
    whole, _, part = text.replace(",", ".").partition(".")
    assert f"{whole}{part}" in problem
    assert f" {float(text.replace(',', '.')):g}?" in problem
    if "." in text:
        assert parse_number(text, decimals=3).value == float(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "1_000",
        "１２",
        "٣٫٥",
        "0x10",
        "+-1",
        "1,234",
        "1.234,5",
        "1,2,3",
        "--1",
        "1e5",
        "nan",
        "inf",
        "1 24",
        "٣",
        "9" * 40,
        "<b>1</b>",
    ],
)
def test_what_is_no_number_or_may_mean_two_is_refused_with_a_reason(text: str) -> None:
    typed = parse_number(text)
    assert typed.value is None
    assert typed.problem


def test_the_number_is_shown_as_it_will_be_sent() -> None:
    assert parse_number("1248,50").shown.split() == ["1", "248.5"]
    assert parse_number("5.5", integer=True).problem


def test_limits_are_named_in_the_unit() -> None:
    assert limit_problem(95, 10, 90, "%") == "Not above 90 %."
    assert limit_problem(5, 10, 90, "") == "Not below 10."
    assert limit_problem(50, 10, 90, "%") == ""


@pytest.mark.parametrize("at", [(0, 44), (900, 400), (1880, 880), (20, 880), (1700, 44)])
def test_a_faceplate_never_covers_its_object_nor_leaves_its_area(at: tuple[int, int]) -> None:
    area = QRect(0, 44, 1920, 880)
    target = QRect(*at, 40, 40)
    taken: list[QRect] = []
    for _ in range(4):
        box = place(target, QSize(336, 420), area, taken)
        assert area.contains(box)
        assert not box.intersects(target)
        assert not any(box.intersects(other) for other in taken)
        taken.append(box)


def test_history_keeps_at_least_twenty_places() -> None:
    history = History()
    for number in range(25):
        history.visit(str(number))
    for _ in range(20):
        history.back()
    assert history.current == "4"
    history.visit("new")
    assert not history.can_forward
    assert history.current == "new"


@pytest.mark.parametrize(
    ("name", "short"),
    [("clearwell/at402.pv", "AT-402"), ("intake/p101a.running", "P-101A"), ("intake/raw.lead", "raw.lead"),
     ("plc1", "plc1")],
)  # fmt: skip
def test_loop_tags_read_as_on_the_drawing(name: str, short: str) -> None:
    assert short_tag(name) == short
