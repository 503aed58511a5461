"""Pictures of the plant folder: what a display knows of each, and which names and sizes are allowed.

A picture is a PNG below ``images/``. What is larger than the limits is refused before it is decoded.
"""

from __future__ import annotations

import struct
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from hmi.core.texts import tr

FOLDER: Final = "images"
MOST_BYTES: Final = 4 * 2**20
MOST_SIDE: Final = 4_096
MOST_AREA: Final = 8 * 2**20
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_HEAD: Final = 24


class ImageState(NamedTuple):
    """``digest`` names the content of a picture that is there; ``problem`` says why one is not."""

    digest: str = ""
    problem: str = ""


NOT_YET: Final = ImageState()


def image_name_problem(name: str) -> str:
    """What is wrong with the name of a picture; empty for a name below ``images/``."""
    path = PurePosixPath(name)
    if path.suffix.lower() == ".svg":
        return tr("an SVG is not shown; import it, or save it as PNG")
    if path.suffix.lower() != ".png":
        return tr("is not a PNG")
    parts = name.split("/")
    if name != str(path) or path.is_absolute() or "\\" in name or ":" in name or {"..", "."} & set(parts):
        return tr("is not a name below {folder}/", folder=FOLDER)
    return ""


def image_problem(content: bytes) -> str:
    """What is wrong with the bytes of a picture, by its size and its head alone; empty when it may be decoded."""
    if len(content) > MOST_BYTES:
        return tr("is larger than {n} MiB", n=MOST_BYTES // 2**20)
    if len(content) < _HEAD or not content.startswith(_SIGNATURE) or content[12:16] != b"IHDR":
        return tr("is not a PNG")
    width, height = struct.unpack(">II", content[16:24])
    if not 0 < width <= MOST_SIDE or not 0 < height <= MOST_SIDE or width * height > MOST_AREA:
        return tr("has {w} × {h} pixels, more than {side} on a side or {area} megapixels", w=width, h=height,
                  side=MOST_SIDE, area=MOST_AREA // 2**20)  # fmt: skip
    return ""
