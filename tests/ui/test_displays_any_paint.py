"""Whatever a display file holds, its picture is painted."""

from __future__ import annotations

import math
from typing import Any

import pytest

pytest.importorskip("PySide6")

from display_documents import ARGUMENTS, DOCUMENTS
from embedding_plant import DEFINITIONS, plant
from hypothesis import HealthCheck, given, settings
from PySide6.QtCore import QSize

from hmi.core import quality
from hmi.core.values import DataValue
from hmi.mimics import Scene, load_display
from hmi.ui.mimic.offscreen import render
from hmi.ui.theme import Theme

pytestmark = pytest.mark.qt
NOW = 1_795_000_000_000_000_000


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(DOCUMENTS, ARGUMENTS)
def test_any_document_is_painted_without_an_exception(
    qapp: Any, document: dict[str, Any], arguments: Any
) -> None:
    names = plant(displays={"loop": document})
    scene = Scene(load_display(document, DEFINITIONS, names=names, arguments=arguments), names)
    theme = Theme.load("light")
    for value in (None, 0.5, "\x00<b>" * 2_000, math.nan):
        if value is not None:
            scene.apply(dict.fromkeys(scene.tags, DataValue(value, quality.GOOD, NOW, NOW)), NOW)
        assert not render(scene, QSize(320, 240), theme).isNull()
