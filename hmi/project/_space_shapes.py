"""Objects without a type of their own that have the same variables: what looks like instances of one type."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from hmi.project._space_model import SpaceNode
from hmi.project._space_names import legal_signal
from hmi.project.import_names import MOST_LETTERS

LEAST_MEMBERS: Final = 3
MOST_MEMBERS: Final = 500
"""An object with more, its parts counted in, is a folder of everything."""
_NOT_LETTERS: Final = "0123456789 _-./#:"
_END_OF_WORD: Final = re.compile(r"^[a-z]+(?=[A-Z])")
"""``NorthPump`` and ``SouthPump`` share a pump, not ``thPump``."""
Group = dict[int, dict[str, int]]
_Variables = list[tuple[str, int]]


def same_shapes(
    nodes: Sequence[SpaceNode], free: Sequence[int], instances: Collection[int], least: int
) -> list[Group]:
    """Groups of ``least`` objects of one level or more with exactly the same variables: by object, signal to variable.

    ``free`` are the variables that are in no instance yet, ``instances`` the objects that are one. The innermost
    objects come first; what is in none of them counts as a part of the object above.
    """
    levels = _levels(nodes)
    inside: list[_Variables] = [[] for _ in nodes]
    for place in free:
        if (above := nodes[place].parent) >= 0 and above not in instances:
            inside[above].append((nodes[place].name, place))
    found: list[Group] = []
    for level in reversed(levels):
        groups = [one for one in _alike(nodes, level, inside) if len(one) >= least]
        found += groups
        taken = {place for group in groups for place in group}
        for place in level:
            above = nodes[place].parent
            if above >= 0 and above not in instances and place not in taken:
                inside[above] += _handed_up(nodes[place].name, inside[place])
            inside[place] = []
    return sorted(found, key=lambda group: next(iter(group)))


def _levels(nodes: Sequence[SpaceNode]) -> list[list[int]]:
    """Places by the number of nodes above; parents stand before their children."""
    levels: list[list[int]] = []
    depth: list[int] = []
    for place, node in enumerate(nodes):
        depth.append(depth[node.parent] + 1 if node.parent >= 0 else 0)
        if depth[-1] == len(levels):
            levels.append([])
        levels[depth[-1]].append(place)
    return levels


def _alike(nodes: Sequence[SpaceNode], level: Sequence[int], inside: Sequence[_Variables]) -> Iterable[Group]:
    groups: dict[frozenset[Any], Group] = {}
    for place in level:
        if LEAST_MEMBERS <= len(inside[place]) <= MOST_MEMBERS and _may_be_instance(nodes[place]):
            signals: dict[str, int] = {}
            for name, variable in inside[place]:
                signals.setdefault(legal_signal(name), variable)
            shape = frozenset((name, variable_shape(nodes[one])) for name, one in signals.items())
            groups.setdefault(shape, {})[place] = signals
    return [group for shape, group in groups.items() if len(shape) >= LEAST_MEMBERS]


def _handed_up(name: str, variables: _Variables) -> _Variables:
    """With the name of their object before their own; what has no room for it is in no shape."""
    if len(variables) > MOST_MEMBERS:
        return []
    return [(f"{name}_{own}", place) for own, place in variables if len(name) + len(own) < MOST_LETTERS]


def _may_be_instance(node: SpaceNode) -> bool:
    """An object, or a variable that is a structure with its parts below it."""
    return node.kind == "object" or (node.facts is not None and node.facts.type == "structure")


def variable_shape(node: SpaceNode) -> tuple[Any, ...]:
    """What signals of one type have in common."""
    facts = node.facts
    assert facts is not None
    return facts.type, facts.is_writable, tuple(sorted(facts.states.items()))


def common_letters(names: Sequence[str]) -> str:
    """What the names begin with, or end with when that is longer, numbers at the ends left aside; may be empty."""
    words = [name.strip(_NOT_LETTERS) for name in names]
    head = min(words)[: _same(words)].strip(_NOT_LETTERS)
    back = [word[::-1] for word in words]
    tail = _END_OF_WORD.sub("", min(back)[: _same(back)][::-1]).strip(_NOT_LETTERS)
    return tail if len(tail) > max(len(head), 1) else head


def _same(words: Sequence[str]) -> int:
    """How many letters all begin with."""
    first, last = min(words), max(words)
    pairs = zip(first, last, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(first), len(last)))
