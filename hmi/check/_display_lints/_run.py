"""Runs every rule over every display, leaves out what is accepted, and says where each doubt was written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from hmi.check._display_lints._accepted import Accepted, Problem
from hmi.check._display_lints._palette import shipped_palettes
from hmi.check._display_lints._rules import BY_ID, ERROR, RULES
from hmi.check._display_lints._view import UNFOLDED, Doubt, Facts, View
from hmi.check._display_lints._ways import Ways
from hmi.check._names import FolderNames
from hmi.mimics import Display, Element
from hmi.project.draft import Draft
from hmi.project.plant import AlarmDef

MOST_OF_A_RULE: Final = 20  # doubts of one rule that are listed for one display
_MOST_STEPS: Final = 10

Own = Mapping[str, Mapping[str, Element]]


class Linted(NamedTuple):
    """One finding: where it was written, innermost display last in ``path`` as (display, element)."""

    rule: str
    severity: str
    path: tuple[tuple[str, str], ...]
    what: str
    do: str


def lint_displays(draft: Draft, names: FolderNames, displays: Mapping[str, Display]) -> Iterator[Linted]:
    """What all rules find in the displays of a plant, each doubt once."""
    own: Own = {name: {e.id: e for e in display.own} for name, display in displays.items()}
    accepted = Accepted({rule.id for rule in RULES if rule.may_be_left_out})
    for name in displays:
        accepted.take(name, draft.displays[name].document)
    facts = Facts(names, _alarms(draft), shipped_palettes(), bool(draft.areas))
    said: set[tuple[str, tuple[str, str], str]] = set()
    for name, display in displays.items():
        view = View(display, draft.displays[name].document, facts)
        for found in _of_display(name, view, own, accepted):
            if (key := (found.rule, found.path[-1], found.what)) not in said:
                said.add(key)
                yield found
    for astray in Ways(draft, displays).astray():
        if not accepted.covers(astray.display, "", astray.rule):
            yield Linted(
                astray.rule, BY_ID[astray.rule].severity, ((astray.display, ""),), astray.what, astray.do
            )
    yield from (_of_entry(problem) for problem in (*accepted.problems, *accepted.unneeded()))


def _of_display(name: str, view: View, own: Own, accepted: Accepted) -> Iterator[Linted]:
    for rule in RULES:
        left = MOST_OF_A_RULE
        for doubt in rule.find(view) if rule.find is not None else ():
            path = origin_of(name, doubt.element, own)
            if any(accepted.covers(display, element, rule.id) for display, element in path):
                continue
            left -= 1
            if left < 0:
                more = f"more findings of {rule.id} in this display are not listed"
                yield Linted(rule.id, rule.severity, ((name, ""),), more, "correct the listed ones first")
                break
            severity = ERROR if doubt.grave else rule.severity
            yield Linted(rule.id, severity, path, _with_own_name(doubt, path), doubt.do)


def _with_own_name(doubt: Doubt, path: tuple[tuple[str, str], ...]) -> str:
    """The sentence with the id as the innermost file writes it."""
    return doubt.what.replace(f"element {doubt.element}:", f"element {path[-1][1]}:", 1)


def _of_entry(problem: Problem) -> Linted:
    where = f"element {problem.element}: " if problem.element else ""
    path = ((problem.display, problem.element),)
    return Linted("lint", BY_ID["lint"].severity, path, f"{where}{problem.what}", problem.do)


def _alarms(draft: Draft) -> Mapping[str, tuple[AlarmDef, ...]]:
    found: defaultdict[str, list[AlarmDef]] = defaultdict(list)
    for alarm in draft.alarms:
        if (tag := draft.by_id.get(alarm.tag_id)) is not None:
            found[tag.name].append(alarm)
    return {name: tuple(alarms) for name, alarms in found.items()}


def origin_of(display: str, identity: str, own: Own) -> tuple[tuple[str, str], ...]:
    """From an id of an unfolded display to (display, element) of each file on the way, the outermost first."""
    return tuple(_origin(display, identity, own, _MOST_STEPS)) or ((display, ""),)


def _origin(display: str, identity: str, own: Own, steps: int) -> list[tuple[str, str]]:
    elements = own.get(display, {})
    if identity in elements:
        return [(display, identity)]
    for head, rest in _cuts(identity) if steps else ():
        outer = elements.get(head)
        if outer is None or outer.type not in UNFOLDED:
            continue
        inner = str(outer.get("display") or "")
        # behind a repeater comes the name of the instance, which has slashes of its own
        tails = [rest] if outer.type == "embed" else [tail for _, tail in _cuts(rest)]
        for tail in tails:
            if found := _origin(inner, tail, own, steps - 1):
                return [(display, head), *found]
        return [(display, head)]
    return []


def _cuts(identity: str) -> Iterator[tuple[str, str]]:
    at = identity.find("/")
    while at >= 0:
        yield identity[:at], identity[at + 1 :]
        at = identity.find("/", at + 1)
