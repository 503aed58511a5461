"""HM-10: every equipment symbol in every state and quality against its golden sheet (``make golden`` writes them)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("PySide6")

import golden
import numpy as np
from equipment_gallery import SYMBOLS, TYPES, Sheet, quality_sheet, states_sheet, vessels_sheet
from PySide6.QtCore import QRect

from hmi.ui.theme import THEMES

pytestmark = pytest.mark.qt
SHEETS: dict[str, Any] = {
    "states": states_sheet,
    "vessels": vessels_sheet,
    **{kind: (lambda kind=kind: quality_sheet(kind)) for kind in TYPES},
}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", SHEETS)
def test_HM_10_symbols_look_as_agreed(qapp: Any, tmp_path: Path, name: str, theme: str) -> None:
    sheet: Sheet = SHEETS[name]()
    golden.check(f"{name}-{theme}", sheet.picture(theme), sheet.cells, tmp_path)


def cell_of(theme: str, place: QRect | None = None) -> np.ndarray[Any, Any]:
    sheet = states_sheet()
    return golden.part(golden.pixels(sheet.picture(theme)), place or sheet.place(0, 0))


def test_the_tolerance_sees_another_word_and_another_letter(qapp: Any) -> None:
    sheet = states_sheet()
    picture = golden.pixels(sheet.picture("light"))
    rows = {name: n for n, name in enumerate(sheet.rows)}
    for one, other in (("Starting", "Stopping"), ("Manual", "Local"), ("Running", "Automatic")):
        cells = [golden.part(picture, sheet.place(1, rows[name])) for name in (one, other)]
        assert not golden.is_same(cells[0], cells[1]), (one, other)


def test_the_tolerance_bears_softer_edges(qapp: Any) -> None:
    """What another build of Qt may do: edges blurred by a twelfth of a pixel, and a level of noise everywhere."""
    cell = cell_of("light").astype(np.float64)
    noise = np.random.default_rng(1).uniform(-1.0, 1.0, cell.shape)
    soft = cell + noise
    soft[:, 1:] = 0.92 * soft[:, 1:] + 0.08 * cell[:, :-1]
    assert golden.is_same(cell.astype(np.uint8), np.clip(soft.round(), 0, 255).astype(np.uint8))


def test_every_type_with_a_state_has_a_sheet() -> None:
    assert {SYMBOLS[name].type for name in TYPES} == {symbol.type for symbol in SYMBOLS.values()}
