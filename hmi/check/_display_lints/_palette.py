"""Colours of the themes as numbers: contrast (WCAG 2) and difference (CIEDE2000). No Qt."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final

from hmi.project.shipped import shipped_path

THEMES: Final = ("light", "dark")
PRIORITIES: Final = (1, 2, 3, 4)
NEAR: Final = 10.0  # CIEDE2000 at which a colour is still taken for another one (standards 2.4)
_CODE: Final = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")

Rgb = tuple[float, float, float]
Lab = tuple[float, float, float]


def rgb_of(code: str) -> Rgb | None:
    """Linear red, green and blue of ``#RGB`` or ``#RRGGBB``; None for another text."""
    if not _CODE.fullmatch(code):
        return None
    digits = code[1:] if len(code) == 7 else "".join(d * 2 for d in code[1:])
    red, green, blue = (_linear(int(digits[n : n + 2], 16) / 255) for n in (0, 2, 4))
    return red, green, blue


def _linear(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def contrast(first: Rgb, second: Rgb) -> float:
    """1 for the same brightness, 21 for black on white."""
    dark, light = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (first, second))
    return (light + 0.05) / (dark + 0.05)


def lab_of(rgb: Rgb) -> Lab:
    """CIE L*a*b* under D65."""
    r, g, b = rgb
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def difference(first: Lab, second: Lab) -> float:
    """CIEDE2000."""
    (l1, a1, b1), (l2, a2, b2) = first, second
    mean = ((math.hypot(a1, b1) + math.hypot(a2, b2)) / 2) ** 7
    stretch = 1.5 - 0.5 * math.sqrt(mean / (mean + 25**7))
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = math.hypot(a1, b1), math.hypot(a2, b2)
    h1, h2 = (math.degrees(math.atan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    hue = (h1 + turn / 2) % 360 if c1 * c2 else h1 + h2
    chroma, light = (c1 + c2) / 2, (l1 + l2) / 2
    dl, dc, dh = l2 - l1, c2 - c1, 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2))
    weight = 1 + sum(k * math.cos(math.radians(n * hue + p)) for k, n, p in _HUES)
    sl = 1 + 0.015 * (light - 50) ** 2 / math.sqrt(20 + (light - 50) ** 2)
    sc, sh = 1 + 0.045 * chroma, 1 + 0.015 * chroma * weight
    blue = math.exp(-(((hue - 275) / 25) ** 2))
    rotation = -2 * math.sqrt(chroma**7 / (chroma**7 + 25**7)) * math.sin(math.radians(60 * blue))
    dl, dc, dh = dl / sl, dc / sc, dh / sh
    return math.sqrt(max(dl * dl + dc * dc + dh * dh + rotation * dc * dh, 0.0))


_HUES: Final = ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.20, 4, -63))


def chroma_of(lab: Lab) -> float:
    """How far a colour is from gray."""
    return math.hypot(lab[1], lab[2])


@dataclass(frozen=True)
class Palette:
    """The roles of one theme as colours."""

    name: str
    colors: Mapping[str, Rgb]

    @cached_property
    def alarms(self) -> Mapping[int, Lab]:
        """The fills of the priorities."""
        return {n: lab_of(self.colors[f"alarm.p{n}"]) for n in PRIORITIES}

    def alarm_like(self, rgb: Rgb) -> int:
        """The priority whose fill a colour would be taken for; 0 for none."""
        lab = lab_of(rgb)
        nearest = min(PRIORITIES, key=lambda n: difference(lab, self.alarms[n]))
        return nearest if difference(lab, self.alarms[nearest]) < NEAR else 0

    @cached_property
    def reserved(self) -> Mapping[str, int]:
        """Roles that belong to alarms or look like one, with the priority."""
        found: dict[str, int] = {}
        for role, rgb in self.colors.items():
            own = re.match(r"alarm\.p([1-4])", role)
            if priority := int(own[1]) if own else self.alarm_like(rgb):
                found[role] = priority
        return found


def palette_of(document: Mapping[str, Any]) -> Palette:
    """From a theme file."""
    colors = {role: rgb for role, code in document["colors"].items() if (rgb := rgb_of(code)) is not None}
    return Palette(document["name"], colors)


@cache
def shipped_palettes() -> tuple[Palette, ...]:
    """Those of the shipped themes."""
    folder = shipped_path("resources") / "themes"
    return tuple(
        palette_of(json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))) for name in THEMES
    )
