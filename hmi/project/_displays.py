"""displays/*.json: the envelopes of the mimics; what is in them is read by the mimics."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from hmi.core.identity import FILE_NAME, is_id
from hmi.project._draft import Draft
from hmi.project._ids import derived_id
from hmi.project._lines import json_member_lines, key_lines
from hmi.project._read import JsonFile, read_json
from hmi.project._schema import migrated
from hmi.project._shape import digest_document, shape_at
from hmi.project.models import DisplayModel
from hmi.project.plant import DisplayFile, Source

MOST_ELEMENTS: Final = 100_000  # of one file
FAULT: Final = "$fault"
"""Key of the document that stands in the place of a display with a fault: what is wrong, in words."""
_DO: Final = "put it right; until then a mark stands in the place of this display"


def load_displays(folder: Path, draft: Draft) -> None:
    """All displays by name; a display without a name is called like its file."""
    for path in sorted((folder / "displays").glob("*.json")):
        draft.broken_displays.add(path.stem)
        if _leaves(path, folder, draft):
            continue
        file = read_json(path, draft.findings)
        if file is None:
            continue
        line = key_lines(file.text, {"schema": 0})["schema"]
        data = migrated(file.data, "display", shown=file.shown, line=line, findings=draft.findings)
        if data is not None:
            _add(file, data, draft)
    home = draft.head.get("home")
    if home and home not in draft.displays and home not in draft.broken_displays:
        what, known = (
            f"home names the display {home!r}, which does not exist",
            ", ".join(draft.displays) or "none",
        )
        draft.findings.error(draft.head_file, draft.home_line, what, f"displays: {known}")


def _leaves(path: Path, folder: Path, draft: Draft) -> bool:
    """A display is a file of the plant folder: no link out of it, no device that never ends."""
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
        whole = path.is_file() or not path.exists()
    except (OSError, RuntimeError):
        inside = whole = False
    if not inside:
        what, do = "leads out of the plant folder", "copy the display into the folder"
    elif not whole:
        what, do = "is not a file", "remove it"
    else:
        return False
    draft.findings.error(str(path), 0, what, do, rule="path")
    return True


def _add(file: JsonFile, data: dict[str, Any], draft: Draft) -> None:
    lines = key_lines(file.text, data)
    data, left_out = _without_the_many(data, file.text)
    before = len(draft.findings.items)
    model = shape_at(DisplayModel, data, file.shown, lambda path: lines.get(str(path[0]), 1), draft)
    if model is None:
        _add_placeholder(file, data, before, draft)
        return
    name = model.name or file.path.stem
    if not FILE_NAME.fullmatch(name):
        what = f"{name!r} is not the name of a display"
        draft.findings.error(file.shown, 1, what, "call the file by small letters, digits, - and _")
        return
    source = Source(file.shown, lines.get("name", 1))
    if name in draft.displays:
        what = f"the display {name} is already in {draft.displays[name].source.file}"
        draft.findings.error(file.shown, source.line, what, "rename one of them", rule="duplicate-name")
        return
    data = {**data, **left_out}
    document = with_ids(data, name)
    if document != data:
        draft.findings.warning(
            file.shown,
            1,
            "the display has parts without an id",
            "run hmi format to keep ids",
            rule="missing-id",
        )
    digest_document(draft, f"displays/{name}", document)
    draft.claim_id(document["id"], Source(file.shown, lines.get("id", 1)))
    area = model.area
    if area and area not in draft.areas:
        draft.findings.error(file.shown, lines.get("area", 1), f"the area {area!r} is not known")
    draft.broken_displays.discard(file.path.stem)
    draft.display_texts[name] = file.text
    draft.displays[name] = DisplayFile(
        document["id"], name, model.title or name, model.level, area, document, source
    )


def _add_placeholder(file: JsonFile, data: Mapping[str, Any], before: int, draft: Draft) -> None:
    """One display with a fault in its head keeps no plant from opening: its place is marked with what is wrong.

    The findings from ``before`` on are those of this display.
    """
    found = draft.findings.items
    found[before:] = [replace(one, contained=True, do=one.do or _DO) for one in found[before:]]
    name = data.get("name") or file.path.stem
    if not isinstance(name, str) or not FILE_NAME.fullmatch(name) or name in draft.displays:
        name = file.path.stem
    if not FILE_NAME.fullmatch(name) or name in draft.displays:
        return
    own, title = data.get("id"), data.get("title")
    document = {
        "schema": "display/1",
        "id": own if isinstance(own, str) and is_id(own) else derived_id("d", name),
        "name": name,
        "title": title if isinstance(title, str) and title else name,
        FAULT: found[before].text,
    }
    digest_document(draft, f"displays/{name}", {**document, "digest": _digest(file.text)})
    draft.claim_id(document["id"], Source(file.shown, 1))
    draft.display_texts[name] = file.text
    draft.displays[name] = DisplayFile(
        document["id"], name, document["title"], 2, "", document, Source(file.shown, 1)
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _without_the_many(data: dict[str, Any], text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of a display with more elements than are drawn no station gets any; what it is told instead."""
    elements = data.get("elements")
    if not isinstance(elements, list) or len(elements) <= MOST_ELEMENTS:
        return data, {}
    return {**data, "elements": []}, {"elements_left_out": len(elements), "elements_digest": _digest(text)}


def with_ids(data: dict[str, Any], name: str) -> dict[str, Any]:
    """The document with a name and with ids for itself and each element; the same object's ids stay."""
    elements = data.get("elements", [])
    taken = {e["id"] for e in elements if isinstance(e.get("id"), str) and e["id"]}
    out = {**data, "id": data.get("id") or derived_id("d", name), "name": name}
    out["elements"] = [
        e
        if e.get("id")
        else {"id": _element_id(name, index, taken), **{k: v for k, v in e.items() if k != "id"}}
        for index, e in enumerate(elements)
    ]
    return out


def element_lines(file: DisplayFile, draft: Draft) -> dict[str, int]:
    """Line of each element of a display by its id, and by its place as ``#1``."""
    lines = json_member_lines(draft.display_texts[file.name], "elements")
    out = {f"#{number}": line for number, line in enumerate(lines, 1)}
    elements = file.document.get("elements", ())
    if file.document.get("elements_left_out") or FAULT in file.document:
        return out
    out.update((str(element["id"]), line) for element, line in zip(elements, lines, strict=True))
    return out


def _element_id(name: str, index: int, taken: set[str]) -> str:
    number = index
    while (found := derived_id("e", name, str(number))) in taken:
        number += 1_000_003
    taken.add(found)
    return found
