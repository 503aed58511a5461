"""Themes: every role exists in both, texts and outlines have the contrast that operators need."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("PySide6")

from PySide6.QtGui import QColor, QFontInfo, QFontMetricsF
from PySide6.QtWidgets import QApplication

from hmi.core.errors import ConfigurationError
from hmi.ui.resources import resource
from hmi.ui.theme import FONTS, SCALES, THEMES, Theme, apply_theme, load_fonts

pytestmark = pytest.mark.qt


def luminance(color: QColor) -> float:
    def linear(c: float) -> float:
        return c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF())


def contrast(first: QColor, second: QColor) -> float:
    a, b = sorted((luminance(first), luminance(second)), reverse=True)
    return (a + 0.05) / (b + 0.05)


TEXTS = [
    *((t, g) for t in ("text", "text.secondary", "text.label", "setpoint") for g in ("background", "panel")),
    ("header.text", "header"), ("header.secondary", "header"), ("tab.active.text", "tab.active"), ("text", "button"),
    ("text", "field"), ("text", "selection"), ("text", "tooltip"), ("text", "row.alarm"), ("accent.text", "accent"),
    ("text", "water"), ("text.secondary", "water"), ("text", "body"), ("value", "body"), ("fill.text", "fill.on"),
    ("value", "water"), ("text", "band.plot"),
    *((t, "plot") for t in ("text", "text.label", "text.secondary", "value", "setpoint")),
    *((t, g) for t in ("text.label", "text.secondary") for g in ("field", "tooltip", "selection", "row.alarm")),
    *(("value", g) for g in ("field", "tooltip", "selection", "row.alarm")),
    ("text", "button.pressed"), ("text", "panel.alternate"), ("text.label", "panel.alternate"),
    *((f"alarm.p{n}.text", f"alarm.p{n}") for n in range(1, 5)),
]  # fmt: skip


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_HM_04_text_contrast(name: str, text: str, ground: str) -> None:
    theme = Theme.load(name)
    assert contrast(theme.color(text), theme.color(ground)) >= 4.5


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("ground", ["background", "panel", "plot"])
def test_HM_04_values_reach_seven_to_one(name: str, ground: str) -> None:
    """What values of displays of level 1 and 2 stand on; inside a vessel the ground is the water."""
    theme = Theme.load(name)
    assert contrast(theme.color("value"), theme.color(ground)) >= 7.0


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize(
    ("role", "ground"),
    [
        *((r, g) for r in ("outline", "outline.body", "pipe", "pipe.minor", "focus") for g in ("panel", "background")),
        *((r, "water") for r in ("outline", "outline.body", "pipe", "focus")),
        *((r, "body") for r in ("outline", "outline.body", "pipe")),
        ("fill.off", "panel"), ("fill.off", "background"), ("fill.on", "fill.off"), ("water.edge", "panel"),
        ("header.text", "header"), ("accent", "panel"), ("simulated", "background"),
    ],
)  # fmt: skip
def test_HM_04_outline_contrast(name: str, role: str, ground: str) -> None:
    theme = Theme.load(name)
    assert contrast(theme.color(role), theme.color(ground)) >= 3.0


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("priority", [1, 2, 3, 4])
@pytest.mark.parametrize("ground", ["panel", "background", "row.alarm"])
def test_HM_04_alarm_marks_stand_out(name: str, priority: int, ground: str) -> None:
    """By their fill or, where that is light, by their outline."""
    theme = Theme.load(name)
    marks = [theme.alarm(priority), theme.color("outline")]
    assert max(contrast(mark, theme.color(ground)) for mark in marks) >= 3.0


@pytest.mark.parametrize("name", THEMES)
def test_HM_04_trend_pens_stand_out(name: str) -> None:
    theme = Theme.load(name)
    for pen in theme.trend_pens:
        assert min(contrast(pen, theme.color(ground)) for ground in ("plot", "panel")) >= 3.0


@pytest.mark.parametrize("percent", SCALES)
def test_every_size_of_text_keeps_the_colours(qapp: QApplication, percent: int) -> None:
    theme, plain = Theme.load("dark", percent), Theme.load("dark")
    assert all(theme.hex(role) == plain.hex(role) for role in plain.roles)
    assert theme.font("text").pixelSize() == round(14 * percent / 100)
    assert theme.plain is plain


def test_unknown_size_names_the_choices() -> None:
    with pytest.raises(ConfigurationError, match="100, 125, 150, 175, 200"):
        Theme.load("light", 130)


def test_both_themes_have_the_same_roles() -> None:
    light, dark = (set(Theme.load(name).roles) for name in THEMES)
    assert light == dark
    assert {"background", "panel", "text", "value", "band", "header", "alarm.p1", "alarm.p4.text"} <= light


def test_HM_06_nothing_but_alarms_is_saturated_like_one() -> None:
    """No other role comes near an alarm fill in hue at a comparable saturation."""
    for name in THEMES:
        theme = Theme.load(name)
        alarms = [theme.alarm(n) for n in range(1, 5)]
        for role in theme.roles:
            color = theme.color(role)
            if role.startswith(("alarm.", "row.alarm")) or color.hsvSaturationF() < 0.35:
                continue
            near = [abs(color.hsvHueF() - a.hsvHueF()) for a in alarms]
            assert min(min(d, 1 - d) for d in near) > 0.05, (name, role)


def test_unknown_theme_names_the_choices() -> None:
    with pytest.raises(ConfigurationError, match="light, dark"):
        Theme.load("pink")


def test_the_font_is_bundled_with_its_licence() -> None:
    folder = resource("fonts", "OFL.txt").parent
    assert "SIL OPEN FONT LICENSE" in (folder / "OFL.txt").read_text(encoding="utf-8")
    fonts = [path.name for path in folder.iterdir() if path.suffix in {".otf", ".ttf", ".woff", ".woff2"}]
    assert len(fonts) == 4
    notice = Path(__file__).parents[2] / "NOTICE"
    words = notice.read_text(encoding="utf-8")
    assert all(name in words for name in [*fonts, "OFL.txt"])


def test_bundled_font_has_tabular_figures(qapp: QApplication) -> None:
    apply_theme(qapp, Theme.load("light"))
    assert load_fonts() == "Inter"
    for role in FONTS:
        metrics = QFontMetricsF(Theme.load("light").font(role))
        assert metrics.horizontalAdvance("1111") == pytest.approx(metrics.horizontalAdvance("8888"))
    assert QFontInfo(Theme.load("light").font("value")).family() == "Inter"
