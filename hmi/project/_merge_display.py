"""Two versions of a display put together: its elements by id, each of them property by property."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hmi.project._merge_order import marked, merged_fields, merged_order
from hmi.project._once import without_twice
from hmi.project._words import same
from hmi.project.canonical import ENVELOPE, element_text

Document = Mapping[str, Any]


def merged_display(name: str, base: str, ours: str, theirs: str) -> tuple[str, list[str]]:
    """The text in canonical form and a sentence for each conflict; ValueError for a side that is no display."""
    was, one, other = (_read(text) for text in (base, ours, theirs))
    conflicts: list[str] = []
    heads = _heads(name, was, one, other, conflicts)
    elements = _elements(name, was, one, other, conflicts)
    lines = [*heads, '"elements": [\n', *elements, "]\n"]
    return "{\n" + "".join(lines) + "}\n", conflicts


def _read(text: str) -> Document:
    found = json.loads(text, object_pairs_hook=without_twice) if text.strip() else {}
    elements = found.get("elements", []) if isinstance(found, dict) else None
    if not isinstance(elements, list) or not all(isinstance(one, dict) for one in elements):
        raise ValueError("it is no display")
    if any(not one.get("id") for one in elements):
        raise ValueError("it has elements without an id; run hmi format on both first")
    if len({one["id"] for one in elements}) != len(elements):
        raise ValueError("two of its elements have one id")
    return found


def _heads(name: str, base: Document, ours: Document, theirs: Document, conflicts: list[str]) -> list[str]:
    was, one, other = (
        {key: value for key, value in side.items() if key != "elements"} for side in (base, ours, theirs)
    )
    found = merged_fields(was, one, other)
    keys = [key for key in ENVELOPE if key in found.values or key in found.clashing]
    keys += sorted(key for key in {*found.values, *found.clashing} if key not in ENVELOPE)
    lines: list[str] = []
    for key in keys:
        if key not in found.clashing:
            lines.append(_head(key, found.values))
            continue
        conflicts.append(f"display {name}: {key} was {_short(was, key)}, ours says {_short(one, key)}, "
                         f"theirs {_short(other, key)}")  # fmt: skip
        lines.append(marked(_head(key, one), _head(key, other)))
    return lines


def _head(key: str, values: Mapping[str, Any]) -> str:
    if key not in values:
        return ""
    return f"{json.dumps(key, ensure_ascii=False)}: {json.dumps(values[key], ensure_ascii=False)},\n"


def _short(values: Mapping[str, Any], key: str) -> str:
    text = json.dumps(values[key], ensure_ascii=False) if key in values else "none"
    return text if len(text) <= 60 else text[:60] + "…"


def _elements(name: str, base: Document, ours: Document, theirs: Document, conflicts: list[str]) -> list[str]:
    was, one, other = ({e["id"]: e for e in side.get("elements", ())} for side in (base, ours, theirs))
    keys, clash = merged_order(list(was), list(one), list(other))
    if clash:
        conflicts.append(f"display {name}: both put its elements in another order; the order of ours is kept")
    found = [pair for key in keys if (pair := _element(name, key, was, one, other, conflicts)) is not None]
    out: list[str] = []
    for index, (mine, its) in enumerate(found):
        end = ",\n" if index < len(found) - 1 else "\n"
        if mine == its:
            out.append(mine + end)
        else:
            out.append(marked(mine and mine + end, its and its + end))
    return out


def _element(
    name: str, key: str, base: Mapping[str, Document], ours: Mapping[str, Document], theirs: Mapping[str, Document],
    conflicts: list[str],
) -> tuple[str, str] | None:  # fmt: skip
    """Its line in ours and in theirs, the same where there is no conflict; None where it is gone."""
    was, one, other = base.get(key), ours.get(key), theirs.get(key)
    if one is not None and other is not None:
        found = merged_fields(was or {}, one, other)
        if not found.clashing:
            text = element_text(found.values)
            return text, text
        called = f"display {name}: {one.get('type', 'element')} {key}"
        for part in found.clashing:
            conflicts.append(f"{called}: {part} was {_short(was or {}, part)}, ours says {_short(one, part)}, "
                             f"theirs {_short(other, part)}")  # fmt: skip
        return element_text(one), element_text(other)
    here = one if one is not None else other
    assert here is not None
    text = element_text(here)
    if was is None:
        return text, text
    if same(here, was):
        return None
    changed, removed = ("ours", "theirs") if one is not None else ("theirs", "ours")
    conflicts.append(
        f"display {name}: {here.get('type', 'element')} {key}: changed in {changed}, removed in {removed}"
    )
    return (text, "") if one is not None else ("", text)
