"""The painters of element types, found beside their definitions and imported when first needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from hmi.mimics import Element, Scene
from hmi.plugins import discovery
from hmi.ui.mimic.kit import Kit
from hmi.ui.paint import draw_badge

StaticPainter = Callable[[QPainter, Element, Kit], None]
DynamicPainter = Callable[[QPainter, Element, Any, Kit], None]


@cache
def _module(kind: str) -> Any:
    return discovery.part("elements", kind, "paint")


def static_painter(element: Element) -> StaticPainter | None:
    """What an element contributes to the cached picture; None when everything in it moves."""
    if element.definition is None:
        return _unknown
    return getattr(_module(element.type), "static", None)


def dynamic_painter(element: Element) -> DynamicPainter | None:
    if element.definition is None or not element.definition.is_dynamic:
        return None
    return _module(element.type).dynamic


def _unknown(painter: QPainter, element: Element, kit: Kit) -> None:
    """An element type that does not exist is a configuration fault, and says so."""
    kit.dashed_box(painter, element.x, element.y, element.w, element.h)
    draw_badge(painter, kit.theme, "K", QRectF(element.x, element.y, element.w, element.h).center())


def paint_static(painter: QPainter, scene: Scene, kit: Kit) -> None:
    """Everything that never changes, in file order."""
    for element in scene.elements:
        if (paint := static_painter(element)) is not None:
            paint(painter, element, kit)


def paint_dynamic(painter: QPainter, scene: Scene, kit: Kit, indices: list[int]) -> None:
    """The given elements in file order."""
    for index in indices:
        element = scene.elements[index]
        if (paint := dynamic_painter(element)) is not None:
            paint(painter, element, scene.looks[index], kit)
