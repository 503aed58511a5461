"""Who asks: every request to the runtime carries a principal (design 2b.9)."""

from __future__ import annotations

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
    """A person or a process: who, from which station, in which session, with which roles."""

    user: str
    station: str
    session: str
    roles: frozenset[Role] = field(default_factory=frozenset[Role])

    def has(self, role: Role) -> bool:
        return role in self.roles


VIEWER = Principal("anonymous", "local", "view", frozenset({Role.VIEW}))
SYSTEM = Principal("system", "runtime", "system", frozenset({Role.VIEW}))
DEMO_OPERATOR = Principal(
    "demo-operator", "local", "demo", frozenset({Role.VIEW, Role.ACKNOWLEDGE, Role.OPERATE, Role.TUNE})
)
DEMO_INSTRUCTOR = Principal("demo-instructor", "local", "demo", frozenset({Role.VIEW, Role.INSTRUCTOR}))
