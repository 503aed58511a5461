"""Checks the pictures that displays name: PNG files below images/ of the plant folder, of a bounded size."""

from __future__ import annotations

from pathlib import Path

from hmi.mimics import IMAGE_FOLDER, MOST_IMAGE_BYTES, Element, image_name_problem, image_problem

_DO = f"name a PNG below {IMAGE_FOLDER}/"


def picture_problem(element: Element, folder: Path) -> tuple[str, str, str] | None:
    """(severity, what is wrong, what to do) of the picture of an element; None where it is well or there is none.

    A name that can never be shown is an error. A file that is not there now is a warning: it is drawn as a
    marked box, and may come without a reload.
    """
    definition = element.definition
    for prop in definition.properties if definition else ():
        name = element.properties.get(prop.name)
        if prop.type != "image" or not isinstance(name, str) or not name:
            continue
        named = image_name_problem(name)
        if problem := named or _file_problem(folder / IMAGE_FOLDER, name):
            what = f"element {element.id}: {prop.name}: {name[:200]!r} {problem}"
            return "error" if named else "warning", what, _DO
    return None


def _file_problem(folder: Path, name: str) -> str:
    try:
        root, path = folder.resolve(), (folder / name).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            return "does not exist"
        with path.open("rb") as file:
            return image_problem(file.read(MOST_IMAGE_BYTES + 1))
    except (OSError, ValueError) as error:
        return f"cannot be read: {getattr(error, 'strerror', '') or 'the name is not a file name'}"
