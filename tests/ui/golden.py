"""Compares pictures with the ones under ``tests/data/golden``, cell by cell; ``make golden`` writes them anew.

A sheet is compared in its cells, because one missing badge is nothing in a whole sheet and much in its cell. The
tolerance is for anti-aliasing alone, which may differ a little between builds of Qt:

* mean difference of a cell at most ``MEAN`` of 255 levels, over all pixels and channels;
* at most ``SHARE`` of its pixels differ by more than ``LEVELS`` in any channel.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage

FOLDER = Path(__file__).parents[1] / "data" / "golden"
MEAN = 1.2
LEVELS = 80
SHARE = 0.001
WRITES = bool(os.environ.get("WATCHKEEPER_WRITE_GOLDEN"))


def pixels(picture: QImage) -> np.ndarray[Any, Any]:
    """Height × width × (red, green, blue) as 8-bit numbers."""
    plain = picture.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), plain.bytesPerLine())
    return rows[:, : plain.width() * 3].reshape(plain.height(), plain.width(), 3).copy()


def pack(image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Each pixel as one number, in a row."""
    flat = image.reshape(-1, 3).astype(np.int32)
    return flat[:, 0] << 16 | flat[:, 1] << 8 | flat[:, 2]


def unpack(packed: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=1)


def colours_of(image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The different colours of a picture, as rows of (red, green, blue)."""
    return unpack(np.flatnonzero(np.bincount(pack(image), minlength=1 << 24)))


def part(image: np.ndarray[Any, Any], place: QRect) -> np.ndarray[Any, Any]:
    return image[place.top() : place.bottom() + 1, place.left() : place.right() + 1]


def difference(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> tuple[float, float]:
    """(mean difference in levels, share of pixels that differ by more than ``LEVELS``)."""
    apart = np.abs(one.astype(np.int16) - other.astype(np.int16))
    return float(apart.mean()), float((apart.max(axis=2) > LEVELS).mean())


def is_same(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    mean, share = difference(one, other)
    return mean <= MEAN and share <= SHARE


def check(name: str, picture: QImage, cells: Mapping[str, QRect], seen: Path) -> None:
    """Hold a sheet against its golden picture; what differs is kept in the folder ``seen`` for the eye.

    ``cells`` names places of the sheet in pixels. Raises AssertionError with the cells that differ.
    """
    path = FOLDER / f"{name}.png"
    if WRITES:
        FOLDER.mkdir(parents=True, exist_ok=True)
        _write(picture, path)
    assert path.is_file(), f"{path} is missing: look at the sheet and write it with: make golden"
    golden, now = pixels(QImage(str(path))), pixels(picture)
    assert golden.shape == now.shape, f"{name}: {now.shape} instead of {golden.shape}; see make golden"
    changed = [
        f"{cell} (mean {mean:.2f}, {share:.2%} of the pixels)"
        for cell, place in cells.items()
        if not is_same(a := part(golden, place), b := part(now, place))
        for mean, share in (difference(a, b),)
    ]
    if changed:
        picture.save(str(seen / f"{name}.png"))
        raise AssertionError(f"{name} looks different in: {'; '.join(changed[:8])}; now {seen / name}.png")


def _write(picture: QImage, path: Path) -> None:
    """With the 256 colours that are most in use: sheets stay small, and edges move by a few levels at most."""
    image = pixels(picture)
    packed, index, counts = np.unique(pack(image), return_inverse=True, return_counts=True)
    colours = unpack(packed)
    kept = colours[np.argsort(counts)[::-1][:256]].astype(np.int32)
    nearest = np.array([np.abs(kept - colour).sum(axis=1).argmin() for colour in colours.astype(np.int32)])
    indices = nearest[index.reshape(-1)].reshape(image.shape[:2]).astype(np.uint8)
    height, width = indices.shape
    flat = QImage(
        np.ascontiguousarray(indices).tobytes(), width, height, width, QImage.Format.Format_Indexed8
    )
    flat.setColorTable([0xFF000000 | int(r) << 16 | int(g) << 8 | int(b) for r, g, b in kept])
    if not flat.save(str(path), None, 0):
        raise OSError(f"cannot write {path}")
