"""HM-05 and HM-06: alarm colours stay apart for every kind of colour vision, and belong to alarms alone."""

from __future__ import annotations

import math
from itertools import combinations

import pytest

pytest.importorskip("PySide6")

from PySide6.QtGui import QColor

from hmi.ui.theme import THEMES, Theme

pytestmark = pytest.mark.qt

# Machado, Oliveira and Fernandes 2009, full severity, on linear RGB
VISION = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
Lab = tuple[float, float, float]


def linear(c: float) -> float:
    return c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4


def lab(color: QColor, vision: str = "normal") -> Lab:
    rgb = [linear(c) for c in (color.redF(), color.greenF(), color.blueF())]
    r, g, b = (
        min(max(sum(m * c for m, c in zip(row, rgb, strict=True)), 0.0), 1.0) for row in VISION[vision]
    )
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def hue(a: float, b: float) -> float:
    return math.degrees(math.atan2(b, a)) % 360


def delta_e(first: Lab, second: Lab) -> float:
    """CIEDE2000."""
    (l1, a1, b1), (l2, a2, b2) = first, second
    mean_c = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    g = 0.5 * (1 - math.sqrt(mean_c**7 / (mean_c**7 + 25**7)))
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = math.hypot(a1, b1), math.hypot(a2, b2)
    h1, h2 = hue(a1, b1), hue(a2, b2)
    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    dl, dc, dh = l2 - l1, c2 - c1, 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2))
    ml, mc = (l1 + l2) / 2, (c1 + c2) / 2
    mh = (h1 + turn / 2) % 360 if c1 * c2 else h1 + h2
    t = (
        1
        - 0.17 * math.cos(math.radians(mh - 30))
        + 0.24 * math.cos(math.radians(2 * mh))
        + 0.32 * math.cos(math.radians(3 * mh + 6))
        - 0.20 * math.cos(math.radians(4 * mh - 63))
    )
    sl = 1 + 0.015 * (ml - 50) ** 2 / math.sqrt(20 + (ml - 50) ** 2)
    sc, sh = 1 + 0.045 * mc, 1 + 0.015 * mc * t
    rt = (
        -2
        * math.sqrt(mc**7 / (mc**7 + 25**7))
        * math.sin(math.radians(60 * math.exp(-(((mh - 275) / 25) ** 2))))
    )
    return math.sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + rt * (dc / sc) * (dh / sh))


def test_the_formula_agrees_with_a_published_pair() -> None:
    assert delta_e((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485)) == pytest.approx(2.0425, abs=1e-4)


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("vision", VISION)
def test_HM_05_alarm_fills_stay_apart(name: str, vision: str) -> None:
    fills = [lab(Theme.load(name).alarm(n), vision) for n in range(1, 5)]
    assert min(delta_e(a, b) for a, b in combinations(fills, 2)) >= 10


@pytest.mark.parametrize("name", THEMES)
def test_HM_06_alarm_colours_belong_to_alarms(name: str) -> None:
    theme = Theme.load(name)
    alarms = [lab(theme.alarm(n)) for n in range(1, 5)]
    others = {role: lab(theme.color(role)) for role in theme.roles if not role.startswith("alarm.p")}
    others |= {f"pen {n}": lab(color) for n, color in enumerate(theme.trend_pens)}
    near = {role: round(min(delta_e(color, a) for a in alarms), 1) for role, color in others.items()}
    assert {role: d for role, d in near.items() if d < 10} == {}


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("vision", VISION)
def test_HM_05_digits_stay_readable_on_their_fills(name: str, vision: str) -> None:
    """Priority is told by shape and number too: the number must not sink into its fill for any eye."""
    theme = Theme.load(name)
    for n in range(1, 5):
        fill, digit = lab(theme.alarm(n), vision), lab(theme.color(f"alarm.p{n}.text"), vision)
        assert abs(fill[0] - digit[0]) >= 30


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("vision", ["protan", "deutan", "tritan"])
def test_HM_05_alarm_fills_stay_apart_from_values(name: str, vision: str) -> None:
    theme = Theme.load(name)
    for role in ("value", "setpoint", "fill.on", "fill.off", "water"):
        other = lab(theme.color(role), vision)
        assert min(delta_e(lab(theme.alarm(n), vision), other) for n in range(1, 5)) >= 5, role


@pytest.mark.parametrize("name", THEMES)
def test_HM_07_priorities_differ_without_colour(name: str) -> None:
    """Shapes and numbers differ, whatever the printer makes of the fills."""
    from hmi.ui.paint import mark_path

    paths = [mark_path(priority, 22.0) for priority in range(1, 5)]
    assert len({tuple((e.x, e.y) for e in map(p.elementAt, range(p.elementCount()))) for p in paths}) == 4
    theme = Theme.load(name)
    for priority in range(1, 5):
        fill, digit = theme.alarm(priority), theme.color(f"alarm.p{priority}.text")
        assert abs(fill.lightnessF() - digit.lightnessF()) > 0.25
