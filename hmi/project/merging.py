"""Two engineers, one file: what does not collide is put together, what does is told and marked. Never in silence."""

from __future__ import annotations

import codecs
from pathlib import PurePosixPath

from hmi.project._conflict_marks import conflict_line
from hmi.project._merge_display import merged_display
from hmi.project._merge_lines import merged_lines, merged_toml
from hmi.project._merge_order import Merged, marked
from hmi.project._merge_table import merged_table
from hmi.project._row_words import KEYS

__all__ = ["Merged", "merged_file"]


def merged_file(name: str, base: bytes, ours: bytes, theirs: bytes) -> Merged:
    """Put two versions of a plant file together; ``name`` is its path, ``base`` what both began with.

    Line ends, and the mark at the beginning of the file, are those of ``ours``.
    """
    if ours == theirs or theirs == base:
        return Merged(ours)
    if ours == base:
        return Merged(theirs)
    try:
        texts = [_text(one) for one in (base, ours, theirs)]
    except ValueError as why:
        return Merged(ours, (f"{name}: {why}; ours is kept as it is",))
    if texts[1] == texts[2] or texts[2] == texts[0]:
        return Merged(ours)
    if texts[1] == texts[0]:
        return Merged(theirs)
    text, conflicts = _merged(PurePosixPath(name), *texts)
    mark = codecs.BOM_UTF8 if ours.startswith(codecs.BOM_UTF8) else b""
    content = (text.replace("\n", "\r\n") if b"\r\n" in ours else text).encode()
    return Merged(mark + content, tuple(conflicts))


def _merged(path: PurePosixPath, base: str, ours: str, theirs: str) -> tuple[str, list[str]]:
    try:
        if path.name in KEYS:
            return merged_table(path.name, base, ours, theirs)
        if path.suffix == ".json":
            return merged_display(path.stem, base, ours, theirs)
    except ValueError as why:
        return marked(_ended(ours), _ended(theirs)), [
            f"{path}: cannot be read ({why}); put it together by hand"
        ]
    merge = merged_toml if path.suffix == ".toml" else merged_lines
    return merge(str(path), base, ours, theirs)


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


def _text(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        raise ValueError("one of the versions is no UTF-8 text") from None
    if line := conflict_line(text):
        raise ValueError(f"line {line} of one of the versions has the marks of a merge that was not finished")
    return text
