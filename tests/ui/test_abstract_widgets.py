"""What a base class of widgets leaves open is said by every kind of it: Qt's metaclass does not look after that."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

pytest.importorskip("PySide6")

import hmi.ui
from hmi.ui.faceplate.faces.base import Face
from hmi.ui.overlay import Overlay
from hmi.ui.sheets.confirm import ReasonPanel
from hmi.ui.sheets.details import ActPanel
from hmi.ui.sheets.page import AskingPage, DecidingPage

pytestmark = pytest.mark.qt


def kinds_of(base: type) -> list[type]:
    """Every class below a base, in all modules of the station."""
    for module in pkgutil.walk_packages(hmi.ui.__path__, "hmi.ui."):
        importlib.import_module(module.name)
    found, left = [], [base]
    while left:
        left += (below := left.pop().__subclasses__())
        found += [kind for kind in below if kind.__module__.startswith("hmi.")]
    return found


@pytest.mark.parametrize(
    ("base", "names", "least"),
    [
        (Overlay, {"place_in"}, 5),
        (Face, {"look", "words", "draw"}, 5),
        (AskingPage, {"_first", "_question", "_take"}, 4),
        (DecidingPage, {"_first", "_question", "_take", "_list"}, 3),
        (ActPanel, {"_offers", "_why_pointless"}, 2),
        (ReasonPanel, {"_confirmed"}, 2),
    ],
    ids=["overlay", "face", "asking page", "deciding page", "act panel", "reason panel"],
)
def test_every_kind_says_what_its_base_leaves_open(base: type, names: set[str], least: int) -> None:
    assert {name for name in dir(base) if _is_open(base, name)} == names
    kinds = [kind for kind in kinds_of(base) if not kind.__module__.startswith("hmi.ui.sheets")]
    assert len(kinds) >= least
    assert {(kind.__name__, name) for kind in kinds for name in names if _is_open(kind, name)} == set()


def _is_open(kind: type, name: str) -> bool:
    return bool(getattr(getattr(kind, name, None), "__isabstractmethod__", False))
