"""People, roles and times in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from hmi.client.people import SessionInfo
from hmi.core.texts import tr

# from the one that says most; what a role is called, and who has it
ROLES: Final = {
    "security": ("Security", "security"),
    "engineer": ("Engineer", "engineer"),
    "instructor": ("Instructor", "instructor"),
    "tune": ("Tune", "supervisor"),
    "operate": ("Operate", "operator"),
    "acknowledge": ("Acknowledge", "may acknowledge"),
    "view": ("View", "view only"),
}


def roles_text(roles: Iterable[str]) -> str:
    """All of them, the most important one first; a role of a newer runtime under its own name."""
    given = list(roles)
    known = [tr(words) for role, (words, _) in ROLES.items() if role in given]
    return ", ".join([*known, *(role for role in given if role not in ROLES)]) or tr("Nothing")


def short_roles(session: SessionInfo, title_of: Callable[[str], str]) -> str:
    """What somebody is, in a word or two, and where when that is not everywhere."""
    best = next((role for role in ROLES if session.may_somewhere(role)), "view")
    title = tr(ROLES[best][1])
    areas = [area for area, roles in session.by_area.items() if best in roles]
    if best in session.roles or not areas:
        return title
    if len(areas) == 1:
        return tr("{role} in {area}", role=title, area=title_of(areas[0]))
    return tr("{role} in {n} areas", role=title, n=len(areas))


def name_of(session: SessionInfo) -> str:
    return session.name or session.user


def left_text(seconds: int) -> str:
    """Minutes and seconds."""
    return f"{max(seconds, 0) // 60}:{max(seconds, 0) % 60:02d}"
