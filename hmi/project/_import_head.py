"""What an import adds beside rows: areas and connections of plant.toml, and types. Nothing there is overwritten."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from hmi.project._import_cells import clean
from hmi.project._import_change import ADDED, NOWHERE, UNCHANGED, Change, Source, Work
from hmi.project.folder_files import Files
from hmi.project.import_names import legal_name, placed
from hmi.project.importing import ProposedConnection, ProposedType
from hmi.project.plant import Plant
from hmi.project.type_text import toml_key, toml_value

HEAD: Final = "plant.toml"
TYPE: Final = "type"
CONNECTION: Final = "connection"
_WORD: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TYPE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_AREA: Final = re.compile(r"\s*\[\[\s*area\s*\]\]")
_HEADER: Final = re.compile(r"\s*\[")


def plan_types(types: Sequence[ProposedType], plant: Plant, files: Files, work: Work) -> None:
    """New files ``types/<name>.toml``; a type that the plant has stays as it is."""
    for number, one in enumerate(types):
        source, path = Source(TYPE, number), f"types/{one.name}.toml"
        if source in work.left_out or one.name in work.spared_types - work.used_types:
            continue
        if one.name in work.type_names:
            work.notes.append(
                f"the plant has another type {work.type_names[one.name]}: the new one is {one.name}"
            )
        if not _TYPE_NAME.fullmatch(one.name):
            what = f"{one.name!r} is no name of a type"
            work.refuse(source, what, one.place, "name it with letters, digits, _ and -")
        elif one.name in plant.types:
            work.changes.append(Change(UNCHANGED, "type", one.name, (), one.place))
            if (files.get(path) or b"").split() != one.text.encode(errors="replace").split():
                work.remark(f"the plant has a type {one.name} already, and it stays as it is", one.place)
        elif path in files or path in work.texts:
            what = f"there is a file {path} already, and it holds another type"
            work.refuse(source, what, one.place, "rename one of them")
        elif problem := _problem_of_type(one):
            work.refuse(source, f"type {one.name}: {problem}", one.place)
        else:
            work.texts[path] = one.text.rstrip() + "\n"
            work.changes.append(Change(ADDED, "type", one.name, (), one.place))


def _problem_of_type(one: ProposedType) -> str:
    try:
        one.text.encode()
        data = tomllib.loads(one.text)
    except (tomllib.TOMLDecodeError, UnicodeEncodeError, RecursionError) as error:
        return f"its text is not valid TOML ({error})"
    return "" if data.get("name") == one.name else f"its text is of a type {data.get('name')!r}"


def wanted_areas(areas: Mapping[str, str], area: str, plant: Plant) -> dict[str, str]:
    """Titles of the areas that the plant lacks, by the path they are to have; ``area`` itself is one."""
    known = {one.path for one in plant.areas}
    wanted = {area: area.rpartition("/")[2]} if area and area not in known else {}
    for path, title in areas.items():
        made = placed(legal_name(path).replace(".", "/"), area, known)
        if made and made not in known:
            wanted.setdefault(made, clean(title) or path)
    return wanted


def plan_head(
    text: str, connections: Sequence[ProposedConnection], names: Iterable[str], plant: Plant, work: Work
) -> None:
    """The text of plant.toml with what is new; its comments and its layout stay."""
    new = list(_new_connections(connections, plant, work))
    areas = _needed(work.areas, names)
    if not new and not areas:
        return
    known = {one.path for one in plant.areas} | set(areas)
    blocks = [_area_block(path, title, known) for path, title in areas.items()]
    changed = _with_areas(text, blocks) + "".join(map(_connection_block, new))
    if not _holds(text, changed, areas, new):
        do = "add it by hand: " + "; ".join([*(f"area {path}" for path in areas), *(one.name for one in new)])
        work.refuse(Source(CONNECTION, -1), f"{HEAD} is written so that nothing can be added", NOWHERE, do)
        return
    work.texts[HEAD] = changed
    work.changes += [Change(ADDED, "area", path) for path in areas]
    work.changes += [Change(ADDED, "connection", one.name, (f"{one.driver} {one.endpoint}",)) for one in new]


def _new_connections(
    connections: Sequence[ProposedConnection], plant: Plant, work: Work
) -> Iterable[ProposedConnection]:
    for number, one in enumerate(connections):
        source = Source(CONNECTION, number)
        if source in work.left_out:
            continue
        known = plant.connections.get(one.name)
        if known is not None and known.driver != one.driver:
            what = f"the connection {one.name} is of the driver {known.driver} in the plant, not {one.driver}"
            work.refuse(source, what, NOWHERE, "name another connection")
        elif known is not None:
            work.changes.append(Change(UNCHANGED, "connection", one.name))
        elif not _WORD.fullmatch(one.name):
            work.refuse(
                source, f"{one.name!r} is no name of a connection", NOWHERE, "use letters, digits, _ and -"
            )
        else:
            yield one


def _needed(areas: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Areas with something in them, those around them first."""
    heads = {name[:at] for name in names for at, letter in enumerate(name) if letter == "/"}
    return {path: areas[path] for path in sorted(areas) if path in heads}


def _area_block(path: str, title: str, known: set[str]) -> str:
    above = path
    while above and (above == path or above not in known):
        above = above.rpartition("/")[0]
    parent = f"parent = {toml_value(above)}\n" if above else ""
    return f"[[area]]\npath = {toml_value(path)}\ntitle = {toml_value(title)}\n{parent}"


def _with_areas(text: str, blocks: Sequence[str]) -> str:
    """Behind the last area, or before the first table; a comment above a table belongs to it."""
    if not blocks:
        return text if text.endswith("\n") else text + "\n"
    lines = text.rstrip("\n").split("\n")
    areas = [index for index, line in enumerate(lines) if _AREA.match(line)]
    begin = areas[-1] + 1 if areas else 0
    end = next((i for i in range(begin, len(lines)) if _HEADER.match(lines[i])), len(lines))
    while end > begin and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    rest = lines[end:]
    while rest and not rest[0].strip():
        rest.pop(0)
    before, after = "\n".join(lines[:end]), "\n".join(rest)
    middle = "\n".join(blocks)
    return f"{before}\n\n{middle}\n{after}\n" if after else f"{before}\n\n{middle}"


def _connection_block(one: ProposedConnection) -> str:
    lines = [
        "",
        f"[connection.{one.name}]",
        f"driver = {toml_value(one.driver)}",
        f"endpoints = {toml_value([one.endpoint] if one.endpoint else [])}",
    ]
    if one.settings:
        lines += ["", f"[connection.{one.name}.settings]"]
        lines += [f"{toml_key(name)} = {toml_value(value)}" for name, value in one.settings.items()]
    return "\n".join(lines) + "\n"


def _holds(before: str, after: str, areas: Mapping[str, str], new: Sequence[ProposedConnection]) -> bool:
    """Whether the text says what it did, with these additions and nothing else."""
    try:
        old, now = tomllib.loads(before), tomllib.loads(after)
    except tomllib.TOMLDecodeError:
        return False
    wanted_areas = [*(one.get("path") for one in old.get("area", ())), *areas]
    wanted = {*old.get("connection", {}), *(one.name for one in new)}
    if [one.get("path") for one in now.get("area", ())] != wanted_areas or wanted != set(
        now.get("connection", {})
    ):
        return False
    rest = ("area", "connection")
    return all(now.get(key) == value for key, value in old.items() if key not in rest)
