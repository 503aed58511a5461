"""The picture of a faceplate by its kind: what the object looks like, drawn as on displays, with scales and limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hmi.ui.faceplate.faces.analogue import AnalogueFace
from hmi.ui.faceplate.faces.base import Face
from hmi.ui.faceplate.faces.drive import DriveFace
from hmi.ui.faceplate.faces.loop import LoopFace
from hmi.ui.faceplate.faces.tank import TankFace
from hmi.ui.faceplate.faces.valve import ValveFace
from hmi.ui.faceplate.source import ObjectSource
from hmi.ui.theme import Theme

_FACES: Final[Mapping[str, type[Face]]] = {
    "pump": DriveFace,
    "valve": ValveFace,
    "loop": LoopFace,
    "tank": TankFace,
    "analogue": AnalogueFace,
}


def face_of(theme: Theme, source: ObjectSource) -> Face | None:
    """The picture of an object; None for a kind without one."""
    face = _FACES.get(source.content.kind)
    return face(theme, source) if face is not None else None


__all__ = ["Face", "face_of"]
