"""Who asks: every request to the runtime carries a principal (design 2b.9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum


class Role(Enum):
    """Rights that a principal may hold; deny by default."""

    VIEW = "view"
    ACKNOWLEDGE = "acknowledge"
    OPERATE = "operate"
    TUNE = "tune"
    ENGINEER = "engineer"
    SECURITY = "security"
    INSTRUCTOR = "instructor"


class Mode(Enum):
    """Fixed when a runtime starts; there is no switch (design 2b.3)."""

    PLANT = "plant"
    SIMULATOR = "simulator"


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or a process: who, from which station, in which session, with which roles.

    ``roles`` hold everywhere. ``by_area``: area path -> the roles that hold in that area and below it instead;
    of several the most specific area decides (CR 2.1: deny by default). ``name`` is the full name. ``elevated_by``:
    the other account whose rights are among these for a while; the journal names both.
    """

    user: str
    station: str
    session: str
    roles: frozenset[Role] = field(default_factory=frozenset[Role])
    by_area: Mapping[str, frozenset[Role]] = field(default_factory=dict[str, frozenset[Role]])
    name: str = ""
    elevated_by: str = ""

    def has(self, role: Role, lineage: Sequence[str] = ()) -> bool:
        """The right to something in an area; ``lineage`` are its paths, most specific first.

        Without an area: the right to what concerns the whole plant.
        """
        return role in roles_in(self.roles, self.by_area, lineage)

    def has_somewhere(self, role: Role) -> bool:
        """True when there is an area, or the whole plant, where the role holds."""
        return role in self.roles or any(role in roles for roles in self.by_area.values())

    @property
    def printed(self) -> str:
        """The name that people read."""
        return self.name or self.user


def roles_in(
    roles: frozenset[Role], by_area: Mapping[str, frozenset[Role]], lineage: Sequence[str]
) -> frozenset[Role]:
    """The roles that hold at the first path of ``lineage``."""
    return next((by_area[area] for area in lineage if area in by_area), roles)


def lineage_of(parents: Mapping[str, str], area: str) -> tuple[str, ...]:
    """An area and all areas above it, most specific first; ``parents`` maps each path to the one above.

    An area that no plant names belongs to the one its path begins with.
    """
    found: list[str] = []
    while area and area not in found:
        found.append(area)
        area = parents[area] if area in parents else area.rpartition("/")[0]
    return tuple(found)


VIEWER = Principal("anonymous", "local", "view", frozenset({Role.VIEW}))
SYSTEM = Principal("system", "runtime", "system", frozenset({Role.VIEW}))
DEMO_OPERATOR = Principal(
    "demo-operator", "local", "demo", frozenset({Role.VIEW, Role.ACKNOWLEDGE, Role.OPERATE, Role.TUNE})
)
DEMO_INSTRUCTOR = Principal("demo-instructor", "local", "demo", frozenset({Role.VIEW, Role.INSTRUCTOR}))
