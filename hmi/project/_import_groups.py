"""Cells of a proposal that only mean something together: options, the scaling, and what a guess is about."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from hmi.project._import_cells import same_pairs
from hmi.project._in_force import Cells, parameter_text, parameters_of

_SCALING: Final = ("low", "high", "scaling", "clamp")
_READING: Final = (
    "connection", "address", "type", "low", "high", "raw_low", "raw_high", "scaling", "clamp", "expression",
)  # fmt: skip
"""How a value is read: a guess at one of these is worth nothing beside another one of the plant."""


def with_options(changed: Cells, keys: Collection[str], written: Mapping[str, str]) -> None:
    """Only the options that the source speaks of change; those that an engineer has added stay."""
    if not keys or "options" not in changed:
        return
    now = parameters_of(written.get("options", ""))
    new = {key: text for key, text in now.items() if key not in keys} | parameters_of(changed["options"])
    if same_pairs(now, new):
        del changed["options"]
    else:
        changed["options"] = parameter_text(new)


def with_scaling(changed: Cells, wanted: Mapping[str, str], written: Mapping[str, str]) -> None:
    """A scaling that goes takes its range and its kind with it, which mean nothing for the plain number."""
    if changed.get("raw_low") != "" or not written.get("raw_low"):
        return
    for column in _SCALING:
        if column not in wanted and written.get(column):
            changed[column] = ""


def of_guess(changed: Cells, written: Mapping[str, str]) -> tuple[Cells, Cells]:
    """What a guess may change, and what it may not: it fills what is empty, and corrects nobody."""
    others = {column for column in _READING if column in changed and written.get(column)}
    now, new = parameters_of(written.get("options", "")), parameters_of(changed.get("options", ""))
    if any(now.get(key, text) != text for key, text in new.items()):
        others.add("options")
    taken: Cells = {}
    kept: Cells = {}
    for column, text in changed.items():
        is_reading = column in _READING or column == "options"
        is_free = not written.get(column) or (column == "options" and column not in others)
        taken_over = text and is_free and not (is_reading and others)
        (taken if taken_over else kept)[column] = text
    if "options" in taken:
        taken["options"] = parameter_text(now | new)
    return taken, kept
