"""Two versions of a text put together line by line, as a merge of three files does."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

from hmi.project._merge_order import marked, merged_fields
from hmi.project._words import same

_TABLE = re.compile(r"\s*\[\[?\s*([^\]]+?)\s*\]")


def merged_toml(name: str, base: str, ours: str, theirs: str) -> tuple[str, list[str]]:
    """Line by line, and proven: the result says what the values of both say. Conflicts as sentences."""
    text, conflicts = merged_lines(name, base, ours, theirs)
    if conflicts:
        return text, conflicts
    try:
        wanted, clashing = _merged_values([tomllib.loads(one) for one in (base, ours, theirs)])
        if not clashing and same(tomllib.loads(text), wanted):
            return text, []
        why = f"both changed {clashing[0]}" if clashing else "the lines of both do not fit together"
    except (ValueError, RecursionError) as error:
        why = f"put together it is no TOML ({error})"
    return marked(ours, theirs), [f"{name}: {why}; put it together by hand"]


def merged_lines(name: str, base: str, ours: str, theirs: str) -> tuple[str, list[str]]:
    """The text, with marks around what both changed, and a sentence for each such place."""
    was, one, other = (side.splitlines(keepends=True) for side in (base, ours, theirs))
    out: list[str] = []
    conflicts: list[str] = []
    for mine, its, old in _pieces(was, one, other):
        if mine == its or its == old:
            out += mine
        elif mine == old:
            out += its
        else:
            out.append(marked(_whole("".join(mine)), _whole("".join(its))))
            conflicts.append(f"{name}: both changed {_place(''.join(out[:-1]))}")
    return "".join(out), conflicts


def _whole(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


def _place(above: str) -> str:
    """Where a reader finds it: the line, and the table of a TOML file that it is in."""
    lines = above.splitlines()
    table = next((found[1] for line in reversed(lines) if (found := _TABLE.match(line))), "")
    return f"line {len(lines) + 1}" + (f", in [{table}]" if table else "")


def _pieces(
    base: list[str], ours: list[str], theirs: list[str]
) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """Parts of ours, theirs and base: those that all three share, and what lies between them."""
    in_ours, in_theirs = _matches(base, ours), _matches(base, theirs)
    b = o = t = 0
    for line in range(len(base)):
        if line not in in_ours or line not in in_theirs:
            continue
        if (line, in_ours[line], in_theirs[line]) != (b, o, t):
            yield ours[o : in_ours[line]], theirs[t : in_theirs[line]], base[b:line]
        yield [base[line]], [base[line]], [base[line]]
        b, o, t = line + 1, in_ours[line] + 1, in_theirs[line] + 1
    if (b, o, t) != (len(base), len(ours), len(theirs)):
        yield ours[o:], theirs[t:], base[b:]


def _matches(base: list[str], other: list[str]) -> dict[int, int]:
    """Lines of base by their place in the other text; what both begin and end with needs no search."""
    most = min(len(base), len(other))
    first = next((i for i in range(most) if base[i] != other[i]), most)
    last = next((i for i in range(most - first) if base[-1 - i] != other[-1 - i]), most - first)
    middle = base[first : len(base) - last], other[first : len(other) - last]
    found = {i: i for i in range(first)}
    for block in SequenceMatcher(None, *middle, autojunk=False).get_matching_blocks():
        found.update((first + block.a + i, first + block.b + i) for i in range(block.size))
    shift = len(other) - len(base)
    found.update((i, i + shift) for i in range(len(base) - last, len(base)))
    return found


def _merged_values(sides: Sequence[Any], path: str = "") -> tuple[Any, list[str]]:
    """Of base, ours and theirs. Tables by key; anything else as a whole. The second are the places that both changed
    differently.
    """
    base, ours, theirs = sides
    if not all(isinstance(one, dict) for one in (base, ours, theirs)):
        is_ours_old = same(ours, base)
        clash = not (is_ours_old or same(ours, theirs) or same(theirs, base))
        return (theirs if is_ours_old else ours), [path] if clash else []
    found = merged_fields(base, ours, theirs)
    clashing: list[str] = []
    for name in found.clashing:
        below = f"{path}.{name}" if path else name
        if any(name not in side for side in (ours, theirs)):
            clashing.append(below)
            continue
        was = base.get(name)
        was = was if isinstance(was, dict) or not isinstance(ours[name], dict) else {}
        found.values[name], more = _merged_values((was, ours[name], theirs[name]), below)
        clashing += more
    return found.values, clashing
