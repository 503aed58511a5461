"""Every control in every state against its golden sheet; what differs must also be seen without the sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("PySide6")

import golden
import numpy as np
from control_gallery import CASES, ELEMENTS, picture

from hmi.ui.theme import THEMES

pytestmark = pytest.mark.qt


@pytest.mark.parametrize("theme", THEMES)
def test_HM_15_controls_look_as_agreed(qapp: Any, tmp_path: Path, theme: str) -> None:
    sheet, cells = picture(theme)
    golden.check(f"controls-{theme}", sheet, cells, tmp_path)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("element", ELEMENTS)
def test_each_state_of_a_control_is_seen_also_without_colour(qapp: Any, element: str, theme: str) -> None:
    sheet, cells = picture(theme)
    gray = golden.pixels(sheet).astype(np.float64).mean(axis=2).round()
    parts = {case: golden.part(gray, cells[f"{case} / {element}"]) for case in CASES}  # type: ignore[arg-type]
    names = list(CASES)
    same = [
        (one, other)
        for n, one in enumerate(names)
        for other in names[:n]
        if (np.abs(parts[one] - parts[other]) > 24).sum() < 12 and (one, other) not in _without_value(element)
    ]
    assert same == []


def _without_value(element: str) -> set[tuple[str, str]]:
    """A press shows no value, a toggle no number; what was chosen before a block stands on the open card."""
    alike = {("Chosen, then blocked", "Interlock")}
    plain = {
        "button": ("Free", "Uncertain", "F Forced", "P2", "Beyond the scale"),
        "toggle": ("Free", "P2", "Beyond the scale"),
    }.get(element, ())
    return alike | {(one, other) for one in plain for other in plain}
