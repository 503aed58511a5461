"""The look of the station as named roles: colours, fonts and the Fusion palette (standards 2.4).

Files and painters name roles (``value``, ``alarm.p2``), never hex codes.
"""

from __future__ import annotations

import json
from functools import cache, lru_cache
from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontDatabase, QFontInfo, QPalette, QPen
from PySide6.QtWidgets import QApplication, QStyleFactory, QToolTip

from hmi.core.errors import ConfigurationError
from hmi.mimics import FONTS
from hmi.ui.resources import resource

FAMILY: Final = "Inter"
THEMES: Final = ("light", "dark")
SCALES: Final = (100, 125, 150, 175, 200)
"""Sizes of text in per cent that a user may choose."""
_FONT_FILES = ("Inter-Regular.otf", "Inter-Medium.otf", "Inter-SemiBold.otf", "Inter-Bold.otf")
_LARGE_PX: Final = 22.0
_WEIGHTS = {
    400: QFont.Weight.Normal,
    500: QFont.Weight.Medium,
    600: QFont.Weight.DemiBold,
    700: QFont.Weight.Bold,
}


@cache
def load_fonts() -> str:
    """Register the bundled family once; the family name to use (the platform's own when that fails)."""
    loaded = [QFontDatabase.addApplicationFont(str(resource("fonts", name))) for name in _FONT_FILES]
    return FAMILY if min(loaded) >= 0 else QFontInfo(QFont()).family()


@lru_cache(maxsize=128)
def make_font(pixels: float, weight: int = 400) -> QFont:
    """Tabular figures and unhinted spacing, so that numbers do not jump; one shared object for each size."""
    font = QFont(load_fonts())
    font.setPixelSize(max(1, round(pixels)))
    font.setWeight(_WEIGHTS[weight])
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    font.setStyleStrategy(QFont.StyleStrategy.PreferAntialias)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


class Theme:
    """One set of named colours and fonts; objects are shared and must not be changed by their users."""

    def __init__(
        self,
        name: str,
        *,
        title: str,
        dark: bool,
        colors: dict[str, str],
        pens: list[str],
        percent: int = 100,
        most: float = 1000.0,
    ) -> None:
        self.name, self.title, self.dark = name, title, dark
        self.percent, self.scale, self._most = percent, percent / 100, most
        self._hex = colors
        self._colors = {role: QColor(code) for role, code in colors.items()}
        self._brushes = {role: QBrush(color) for role, color in self._colors.items()}
        self._pens: dict[tuple[str, float, bool], QPen] = {}
        self._fonts: dict[str, QFont] = {}
        self.trend_pens = tuple(QColor(code) for code in pens)

    @staticmethod
    def load(name: str, percent: int = 100) -> Theme:
        """The shipped theme of that name (``light`` or ``dark``) with texts of a size; the same object each time.

        ConfigurationError when there is no such theme or size (``SCALES``).
        """
        if percent not in SCALES:
            sizes = ", ".join(map(str, SCALES))
            raise ConfigurationError(f"there is no text size of {percent} %", do=f"use one of: {sizes}")
        return _load(name, percent)

    @property
    def plain(self) -> Theme:
        """The same colours with texts of 100 %: for what is painted by a painter that is scaled itself."""
        return _load(self.name, 100)

    def grown(self, percent: int) -> Theme:
        """The same colours with texts of any size, in per cent, for displays; what is large stays as it is."""
        return self.plain if percent == 100 else _load(self.name, percent, _LARGE_PX)

    def px(self, length: float) -> int:
        """A length that holds text, given in pixels at 100 %, at the size of this theme."""
        return round(length * self.scale)

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(self._colors)

    def color(self, role: str) -> QColor:
        return self._colors[role]

    def hex(self, role: str) -> str:
        """The colour as ``#RRGGBB``, for libraries that take text."""
        return self._hex[role]

    def brush(self, role: str) -> QBrush:
        return self._brushes[role]

    def pen(self, role: str, width: float = 1.0, *, dashed: bool = False) -> QPen:
        """A flat-capped, mitred pen of the role's colour."""
        key = (role, width, dashed)
        if key not in self._pens:
            pen = QPen(self._colors[role], width)
            pen.setJoinStyle(_MITER)
            pen.setCapStyle(_FLAT)
            if dashed:
                pen.setDashPattern([3.0, 2.0])
            self._pens[key] = pen
        return self._pens[key]

    def font(self, role: str) -> QFont:
        """The font of a role (keys of ``FONTS``) at the size of this theme."""
        font = self._fonts.get(role)
        if font is None:
            pixels, weight = FONTS[role]
            font = self._fonts[role] = make_font(max(min(pixels * self.scale, self._most), pixels), weight)
        return font

    def alarm(self, priority: int) -> QColor:
        """Fill of a priority 1 to 4."""
        return self._colors[f"alarm.p{priority}"]


_MITER = Qt.PenJoinStyle.MiterJoin
_FLAT = Qt.PenCapStyle.FlatCap


@cache
def _load(name: str, percent: int, most: float = 1000.0) -> Theme:
    if name not in THEMES:
        raise ConfigurationError(f"there is no theme called {name!r}", do=f"use one of: {', '.join(THEMES)}")
    path = resource("themes", f"{name}.json")
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return Theme(
        document["name"],
        title=document["title"],
        dark=document["dark"],
        colors=document["colors"],
        pens=document["pens"],
        percent=percent,
        most=most,
    )


# palette role -> theme role
_PALETTE: Final = (
    (QPalette.ColorRole.Window, "background"),
    (QPalette.ColorRole.WindowText, "text"),
    (QPalette.ColorRole.Base, "panel"),
    (QPalette.ColorRole.AlternateBase, "panel.alternate"),
    (QPalette.ColorRole.Text, "text"),
    (QPalette.ColorRole.PlaceholderText, "text.label"),
    (QPalette.ColorRole.Button, "button"),
    (QPalette.ColorRole.ButtonText, "text"),
    (QPalette.ColorRole.BrightText, "accent.text"),
    (QPalette.ColorRole.Highlight, "selection"),
    (QPalette.ColorRole.HighlightedText, "text"),
    (QPalette.ColorRole.ToolTipBase, "tooltip"),
    (QPalette.ColorRole.ToolTipText, "text"),
    (QPalette.ColorRole.Link, "value"),
    (QPalette.ColorRole.Accent, "accent"),
    (QPalette.ColorRole.Mid, "panel.edge"),
    (QPalette.ColorRole.Dark, "button.edge"),
    (QPalette.ColorRole.Light, "panel"),
    (QPalette.ColorRole.Shadow, "panel.edge"),
)


def palette(theme: Theme) -> QPalette:
    """The theme as a Qt palette, disabled texts included."""
    result = QPalette()
    for role, name in _PALETTE:
        result.setColor(role, theme.color(name))
    faded = theme.color("text.label")
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
        result.setColor(QPalette.ColorGroup.Disabled, role, faded)
    return result


def apply_theme(app: QApplication, theme: Theme) -> None:
    """Fusion, the palette and the bundled font for every standard widget; no style sheet (facts 7.2)."""
    if app.style().name().lower() != "fusion":  # a new style would lay out and paint every widget anew
        app.setStyle(QStyleFactory.create("Fusion"))
    app.setPalette(palette(theme))
    app.setFont(theme.font("text"))
    QToolTip.setPalette(palette(theme))
    QToolTip.setFont(theme.font("text"))
