"""Checks the scenarios of the training desk: tags, displays and areas that they name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from hmi.check._suggest import meant
from hmi.project.draft import Draft

_KINDS: Final = {"tag": "tag", "tags": "tag", "display": "display", "area": "area", "instance": "instance"}
_MOST_LEVELS: Final = 40


def check_training(draft: Draft) -> None:
    """An error for each name in a scenario that leads nowhere."""
    known: Mapping[str, Collection[str]] = {
        "tag": draft.by_name,
        "display": draft.displays,
        "area": draft.areas,
        "instance": draft.instances,
    }
    for file in draft.training.values():
        for kind, name in dict.fromkeys(_named(file.data, 0)):
            if name in known[kind] or (kind == "tag" and draft.is_known(name)):
                continue
            if name in draft.broken_names or name in draft.broken_displays:
                continue
            what = f"the scenario names the {kind} {name!r}, which is not known"
            do = meant(name, known[kind], f"name a {kind} of this plant")
            draft.findings.error(file.shown, file.line_of(name), what, do, rule="dead-link")


def _named(node: Any, level: int) -> Iterator[tuple[str, str]]:
    """(kind, name) of every reference, by the key it stands under."""
    if isinstance(node, list):
        for item in node:
            yield from _named(item, level)
        return
    if not isinstance(node, Mapping) or level > _MOST_LEVELS:
        return
    for key, value in node.items():
        names = value if isinstance(value, list) else [value]
        if key in _KINDS:
            yield from ((_KINDS[key], name) for name in names if isinstance(name, str) and name)
        yield from _named(value, level + 1)
