"""Makes a new plant folder that opens as it is."""

from __future__ import annotations

import re
from pathlib import Path

from hmi.core.errors import UsageError
from hmi.core.identity import new_id
from hmi.project._format import format_plant

TEMPLATE = Path(__file__).parent / "template"
EMPTY_TEMPLATE = Path(__file__).parent / "template_empty"


def new_plant(folder: Path | str, *, title: str = "", empty: bool = False) -> Path:
    """Write a small plant into an empty or new folder; UsageError when there is something already.

    ``empty``: without areas, connections and tags, to fill from lists and devices.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: there is something already; name a new or an empty folder")
    name = re.sub(r"[^a-z0-9_-]+", "-", folder.resolve().name.lower()).strip("-")[:64] or "plant"
    words = {
        "@ID@": new_id("p"),
        "@NAME@": name,
        "@TITLE@": _one_line(title or name.replace("-", " ").title()),
    }
    try:
        _copy(EMPTY_TEMPLATE if empty else TEMPLATE, folder, words)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written ({error.strerror or error})") from error
    format_plant(folder)
    return folder


def _one_line(text: str) -> str:
    return re.sub(r'[\\"\x00-\x1f\x7f]', " ", text)


def _copy(template: Path, folder: Path, words: dict[str, str]) -> None:
    for source in sorted(path for path in template.rglob("*") if path.is_file()):
        text = source.read_text(encoding="utf-8")
        for word, instead in words.items():
            text = text.replace(word, instead)
        target = folder / source.relative_to(template)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
