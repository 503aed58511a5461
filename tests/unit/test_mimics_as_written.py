"""Elements that are read in one pass are those that the careful way would have read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hmi.mimics import Catalogue, load_display, shipped_definitions
from hmi.mimics import _reader as reader_module
from hmi.mimics._reader import Shared

SCREENS = Path(__file__).resolve().parents[2] / "screens"
FILES = sorted(SCREENS.glob("*/displays/*.json"))
ODD: tuple[dict[str, Any], ...] = (
    {"tag": "$nowhere"}, {"tag": "$$money"}, {"tag": {"expr": "'a' + 1"}}, {"tag": 7}, {"tag": "a\u202eb"},
    {"size": "huge"}, {"size": "large"}, {"x": True}, {"x": 1.5}, {"x": 10**9}, {"w": -1}, {"tooltip": 5},
    {"tooltip": "$x"}, {"tooltip": "a\nb"}, {"strange": 1}, {"unit": None}, {"label": "x" * 5_000}, {"id": 3},
    {"note": 1, "lint": []},
)  # fmt: skip


def both(document: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """The display as it is read, and as the careful way alone reads it."""
    shared = Shared(shipped_definitions(), Catalogue())  # the same expressions for both
    quick = load_display(document, shipped_definitions(), shared=shared)
    with monkeypatch.context() as patched:
        patched.setattr(reader_module, "element_as_written", lambda *_: None)
        careful = load_display(document, shipped_definitions(), shared=shared)
    return quick, careful


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parents[1].name}-{file.stem}")
def test_HM_01_a_shipped_display_is_read_alike(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick, careful = both(json.loads(file.read_text(encoding="utf-8")), monkeypatch)
    assert quick == careful


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_HM_01_an_odd_value_is_read_and_reported_alike(
    odd: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    elements = [
        {"id": f"e{n}", "type": kind, "x": 1, "y": 2, **odd}
        for n, kind in enumerate(sorted(shipped_definitions()))
    ]
    quick, careful = both({"schema": "display/1", "elements": elements}, monkeypatch)
    assert quick.findings == careful.findings
    assert quick.own == careful.own
    assert quick.elements == careful.elements
