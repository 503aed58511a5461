"""Checks the displays of a plant: element types, properties, and every name they refer to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hmi.check._controls import control_problem
from hmi.check._display_lints import Linted, lint_displays
from hmi.check._names import FolderNames
from hmi.check._pictures import picture_problem
from hmi.check._suggest import meant
from hmi.core.identity import is_elsewhere
from hmi.mimics import (
    Display,
    DisplayFinding,
    Element,
    ElementDefinition,
    Shared,
    declared_parameters,
    load_display,
    shipped_definitions,
    tag_names,
)
from hmi.project.draft import FAULT, Draft, element_lines
from hmi.project.plant import DisplayFile

_UNFOLDED = ("embed", "repeat")


def check_displays(draft: Draft, *, looks: bool = True) -> None:
    """Findings for every display; with ``looks`` also those of the lint rules."""
    definitions, names, folder = shipped_definitions(), FolderNames(draft), Path(draft.folder)
    shared = Shared(definitions, names)
    lines = {file.source.file: element_lines(file, draft) for file in draft.displays.values()}
    displays: dict[str, Display] = {}
    for file in draft.displays.values():
        if FAULT in file.document:
            continue  # said where it was read
        display = load_display(file.document, definitions, file=file.source.file, names=names, shared=shared)
        displays[file.name] = display
        for element in display.own:
            line = lines[file.source.file].get(element.id, file.source.line)
            _check_element(element, file, line, folder, draft)
    _take_findings([f for display in displays.values() for f in display.findings], lines, draft)
    _check_home(draft, names)
    for found in lint_displays(draft, names, displays) if looks else ():
        _take_linted(found, lines, draft)


def _check_element(element: Element, file: DisplayFile, line: int, folder: Path, draft: Draft) -> None:
    """What one element of a file refers to, whatever display it is shown in."""
    _check_tags(element, file, line, draft)
    if (written := control_problem(element, draft.by_name)) is not None:
        draft.findings.error(file.source.file, line, *written, rule="control")
    if (problem := picture_problem(element, folder)) is not None:
        severity, what, do = problem
        note = draft.findings.error if severity == "error" else draft.findings.warning
        note(file.source.file, line, what, do, rule="picture")
    _check_names(element, file, line, draft)


def _take_linted(found: Linted, lines: Mapping[str, Mapping[str, int]], draft: Draft) -> None:
    """A finding at the line of its own element, with those that embed it."""
    places = [
        (source.file, lines[source.file].get(element, 1))
        for display, element in found.path
        if (source := draft.displays[display].source)
    ]
    *outer, (file, line) = places
    by = f" (embedded by {', '.join(f'{f}:{n}' for f, n in outer)})" if outer else ""
    note = draft.findings.error if found.severity == "error" else draft.findings.warning
    note(file, line, found.what + by, found.do, rule=found.rule)


def _take_findings(
    findings: Iterable[DisplayFinding], lines: Mapping[str, Mapping[str, int]], draft: Draft
) -> None:
    """What a display says of itself is said once, not again wherever it is embedded."""
    said: set[tuple[str, str, str]] = set()
    for found in sorted(findings, key=lambda f: len(f.through)):
        key = (found.file, found.element, found.text)
        if key in said:
            continue
        said.add(key)
        line = lines.get(found.file, {}).get(found.element, found.line)
        places = (f"{e.file}:{lines.get(e.file, {}).get(e.element, 0)}" for e in found.through)
        by = f" (embedded by {', '.join(places)})" if found.through else ""
        note = draft.findings.error if found.severity == "error" else draft.findings.warning
        note(found.file, line, found.text + by, found.do, rule=found.rule or "content")


def _check_home(draft: Draft, names: FolderNames) -> None:
    """The first display is opened without arguments."""
    home = draft.displays.get(str(draft.head.get("home", "")))
    if home is None:
        return
    missing = [p.name for p in declared_parameters(home.document, names).values() if p.required]
    if missing:
        what = f"home is the display {home.name}, which needs the parameter {missing[0]}"
        draft.findings.error(
            draft.head_file,
            draft.home_line,
            what,
            "give it a default, or name another display",
            rule="home-parameters",
        )


def _check_tags(element: Element, file: DisplayFile, line: int, draft: Draft) -> None:
    for prop, name in _named_tags(element, file):
        if is_elsewhere(name) or draft.is_known(name):
            continue
        what = f"element {element.id}: {prop} names the tag {name!r}, which is not known"
        do = meant(name, draft.by_name, "name a tag of tags.csv")
        draft.findings.error(file.source.file, line, what, do, rule="unknown-tag")


def _named_tags(element: Element, file: DisplayFile) -> Iterator[tuple[str, str]]:
    yield from tag_names(element)
    if element.definition is None:
        yield from _tags_of_unknown(element.unknown)
        return
    for prop in element.definition.properties:
        value = element.properties.get(prop.name)
        if prop.type == "list" and isinstance(value, list):
            yield from ((prop.name, name) for name in _tags_in_list(value))


def _tags_in_list(members: list[Any]) -> Iterator[str]:
    """Tags that the members of a list name under ``tag`` and ``tags``."""
    for member in members:
        if not isinstance(member, Mapping):
            continue
        several = member.get("tags")
        names = [member.get("tag"), *(several if isinstance(several, list) else ())]
        yield from (name for name in names if isinstance(name, str) and name)


def _tags_of_unknown(properties: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What an element of an unknown type most likely calls its tags."""
    for name, value in properties.items():
        if isinstance(value, str) and value and (name == "tag" or name.endswith("_tag")):
            yield name, value


def _check_names(element: Element, file: DisplayFile, line: int, draft: Draft) -> None:
    """Check references to instances, areas and displays."""
    known: dict[str, Collection[str]] = {
        "instance": draft.instances,
        "area": draft.areas,
        "display": draft.displays,
    }
    for kind, name in _references(element, element.definition):
        if kind == "display" and element.type in _UNFOLDED:
            continue  # said where the display is unfolded
        if kind != "display" and is_elsewhere(name):
            continue
        if name in draft.broken_names or (kind == "display" and name in draft.broken_displays):
            continue
        if name not in known[kind] and not (kind == "area" and _begins_a_tag(name, draft)):
            what = f"element {element.id}: there is no {kind} {name!r}"
            do = meant(name, known[kind], f"name {'an' if kind != 'display' else 'a'} {kind} of this plant")
            draft.findings.error(file.source.file, line, what, do, rule="dead-link")


def _begins_a_tag(prefix: str, draft: Draft) -> bool:
    """An area may also be written as the beginning of tag names."""
    return any(name.startswith(prefix) for name in draft.by_name)


def _references(element: Element, definition: ElementDefinition | None) -> Iterator[tuple[str, str]]:
    for prop in definition.properties if definition else ():
        value = element.properties.get(prop.name)
        if prop.type in ("instance", "area", "display") and isinstance(value, str) and value:
            yield prop.type, value
