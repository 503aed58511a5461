"""Which name each tag of an Ignition tree gets here, and how a path of Ignition leads to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hmi.importers.ignition._bindings import Unsayable
from hmi.importers.ignition._tree import FOLDER, INSTANCE, TAG, Node, place_of
from hmi.project.import_names import legal_name, legal_part, placed
from hmi.project.importing import ImportContext, ImportFault

_SIGNAL: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_BRACKET: Final = re.compile(r"\[([^\]]*)\](.*)", re.DOTALL)
Way = tuple[str, ...]


def signal_name(names: Way) -> str:
    """The signal for a member of a UDT: the names from its top down joined with _; empty when nothing can stay."""
    parts = [part for name in names if (part := legal_part(name).replace("-", "_"))]
    joined = "_".join(parts)[:64].rstrip("_")
    return joined if not joined or joined[0].isalpha() else f"n{joined}"[:64]


@dataclass(slots=True)
class Names:
    """``tags``: our names by the path in the tree; ``instances``: the same of UDT instances with their type;
    ``signals``: of each instance what stands after its name, by the way inside of it.
    """

    context: ImportContext
    tags: dict[Way, str] = field(default_factory=dict[Way, str])
    instances: dict[Way, str] = field(default_factory=dict[Way, str])
    signals: dict[Way, Mapping[Way, str]] = field(default_factory=dict[Way, Mapping[Way, str]])
    areas: dict[str, str] = field(default_factory=dict[str, str])
    faults: list[ImportFault] = field(default_factory=list[ImportFault])
    _taken: dict[str, Way] = field(default_factory=dict[str, Way])

    def take(self, root: Node) -> None:
        """Name everything in the tree but the types."""
        self._folder(root)

    def _folder(self, node: Node) -> None:
        for child in node.tags.values():
            if child.kind == FOLDER:
                self._folder(child)
            elif child.kind == TAG:
                self._keep(child, self._of_tag(child.path), self.tags)
            elif child.kind == INSTANCE:
                self._keep(
                    child, self._placed("/".join(map(legal_part, child.path)), child.path), self.instances
                )

    def _of_tag(self, path: Way) -> str:
        *folders, last = [legal_part(name) for name in path]
        above = len(folders) + (1 if self.context.area else 0)
        signal = last.replace("-", "_")
        mark = "." if above > 1 and _SIGNAL.fullmatch(signal) else "/"
        return self._placed(
            "/".join(folders) + (f"{mark}{signal if mark == '.' else last}" if folders else last), path
        )

    def _placed(self, text: str, path: Way) -> str:
        if any(not legal_part(name) for name in path):
            return ""
        name = placed(legal_name(text), self.context.area, self.context.areas)
        return legal_name(name)

    def _keep(self, node: Node, name: str, kept: dict[Way, str]) -> None:
        if not name:
            what = "has no letter or digit that a name can be made of"
            self.faults.append(ImportFault(what, place_of(node.path), "rename it in Ignition"))
        elif name in self._taken:
            what = f"becomes {name}, as {'/'.join(self._taken[name])} does"
            self.faults.append(ImportFault(what, place_of(node.path), "rename one of them in Ignition"))
        else:
            self._taken[name] = node.path
            kept[node.path] = name
            self._area(name, node.path)

    def _area(self, name: str, path: Way) -> None:
        if any(name.startswith(f"{area}/") for area in self.context.areas):
            return
        if self.context.area:
            self.areas.setdefault(self.context.area, self.context.area.rpartition("/")[2])
        elif "/" in name:
            self.areas.setdefault(name.partition("/")[0], path[0])

    def found(self, way: Way) -> str | None:
        """The name of the tag at a path of the tree, inside of instances too."""
        if (name := self.tags.get(way)) is not None:
            return name
        for length in range(len(way) - 1, 0, -1):
            signals = self.signals.get(way[:length])
            if signals is not None:
                after = signals.get(way[length:])
                return f"{self.instances[way[:length]]}{after}" if after else None
        return None


def way_of(written: str, at: Way) -> tuple[Way, bool]:
    """The path that a reference such as ``[.]../Pump/Speed`` names, seen from the folder ``at``, and whether it was
    relative. Unsayable for one that leads out of the tree or asks for something else than the value.
    """
    found = _BRACKET.fullmatch(written.strip())
    base, rest = (found[1], found[2]) if found else ("", written.strip())
    relative = base == "."
    way = list(at) if relative else []
    for name in rest.strip("/").split("/"):
        if name in ("", "."):
            continue
        if name == "..":
            if not way:
                raise Unsayable(f"reads {{{written}}}, which leads out of the tree")
            way.pop()
        else:
            way.append(name)
    if way and way[-1].lower().endswith(".value"):
        way[-1] = way[-1][: -len(".value")]
    return tuple(way), relative
