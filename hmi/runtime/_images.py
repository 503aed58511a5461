"""Pictures of the plant folder for the stations, which never read it themselves."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from hmi.core.texts import tr
from hmi.mimics import IMAGE_FOLDER, MOST_IMAGE_BYTES, image_name_problem, image_problem
from hmi.runtime._verbs import NotFound, Raw

MEDIA: Final = "image/png"


def image_answer(folder: Path, name: str, known: str) -> Raw:
    """The bytes of a picture, or that they are still those with the digest ``known``. Reads a file."""
    content = read_image(folder, name)
    digest = hashlib.sha256(content).hexdigest()
    headers = {"etag": f'"{digest}"'}
    if digest == known:
        return Raw(b"", MEDIA, 304, headers)
    return Raw(content, MEDIA, 200, headers)


def read_image(folder: Path, name: str) -> bytes:
    """The content of a PNG below ``images/``; NotFound for every other name, also through a link out of it."""
    if problem := image_name_problem(name):
        raise NotFound(f"{name[:200]!r} {problem}")
    if not folder.name:
        raise NotFound(tr("there is no picture {name}", name=f"{IMAGE_FOLDER}/{name}"))
    root = (folder / IMAGE_FOLDER).resolve()
    try:
        path = (root / name).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            raise NotFound(tr("there is no picture {name}", name=f"{IMAGE_FOLDER}/{name}"))
        with path.open("rb") as file:
            content = file.read(MOST_IMAGE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise NotFound(
            tr("the picture {name} cannot be read", name=f"{IMAGE_FOLDER}/{name[:200]}")
        ) from error
    if problem := image_problem(content):
        raise NotFound(f"{IMAGE_FOLDER}/{name} {problem}")
    return content
