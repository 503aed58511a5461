"""What the person at the station may do, as the runtimes last said; the runtimes decide again at every request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from hmi.client.people import SessionInfo
from hmi.client.port import RuntimeStatus
from hmi.core.clock import NS_PER_MS, monotonic_ns
from hmi.core.identity import TagRef
from hmi.core.principal import VIEWER, lineage_of
from hmi.core.texts import tr

if TYPE_CHECKING:
    from hmi.ui.station import Station

MS_PER_S: Final = 1000
# what a person wants to do: the role it needs, and its words
_DEEDS: Final = {
    "acknowledge": ("acknowledge", "acknowledge"),
    "note": ("acknowledge", "write a note"),
    "comment": ("acknowledge", "comment"),
    "operate": ("operate", "operate"),
    "tune": ("tune", "tune"),
    "shelve_first": ("tune", "shelve alarms of priority 1"),
    "out_of_service": ("engineer", "take alarms out of service"),
    "alarm_settings": ("engineer", "change settings of alarms"),
    "instruct": ("instructor", "change the simulation"),
    "certificates": ("security", "decide about certificates"),
    "exports": ("engineer", "control exports"),
    "frames": ("engineer", "record messages on the wire"),
    "accounts": ("security", "manage accounts"),
}


class Rights(QObject):
    """The session at this station. ``changed``: another person, or other rights; ``lost``: a right went away.

    A question that somebody left open is theirs: ``lost`` comes too when another person takes over.
    """

    changed = Signal()
    lost = Signal()

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self._station = station
        self.session = SessionInfo()
        self._told_ns = 0
        self._areas: tuple[str, dict[str, str], dict[str, str]] = ("", {}, {})

    def take(self, status: RuntimeStatus) -> None:
        """What the runtime says now; its times count down from here."""
        before, self.session = self.session, session_of(status)
        session = self.session
        self._told_ns = monotonic_ns()
        if _who(before) != _who(session):
            self.changed.emit()
            if before.user != session.user or _took_away(before, session):
                self.lost.emit()

    def turn(self) -> None:
        """Between live and past: nothing may be done in the past, and no question stays open over it."""
        self.changed.emit()
        self.lost.emit()

    # what may be done

    def may(self, role: str, area: str = "") -> bool:
        """Whether a role holds in an area (of a further runtime: with its name before); "" is the whole plant."""
        if role != "view" and self._station.clock.is_past:
            return False
        found = self._of(area)
        if found is None or (found.locked and role != "view"):
            return False
        if TagRef.parse(
            area
        ).runtime:  # areas of a further runtime are known by their titles only: it decides
            return found.may_somewhere(role)
        return found.may(role, lineage_of(self._plant()[1], area))

    def why_not(self, deed: str, area: str = "") -> str:
        """Why the person may not do one of ``_DEEDS`` in an area, in one sentence; empty when they may."""
        if why := self._station.clock.why_nothing:
            return why
        role, act = _DEEDS[deed]
        found = self._of(area)
        if found is None:
            return tr("The runtime does not answer.")
        if self.may(role, area):
            return ""
        if not found.user:
            return tr("Sign in to {act}.", act=tr(act))
        if found.locked:
            return tr("Locked: unlock to {act}.", act=tr(act))
        if area and found.may_somewhere(role):
            return tr("You have no right to {act} in {area}.", act=tr(act), area=self.title_of(area))
        return tr("You have no right to {act}.", act=tr(act))

    def why_nowhere(self, deed: str) -> str:
        """As ``why_not`` for what has no area of its own: empty when the person may do it somewhere."""
        session = self.session
        if self._station.clock.is_past:
            return self._station.clock.why_nothing
        if not session.locked and session.may_somewhere(_DEEDS[deed][0]):
            return ""
        return self.why_not(deed)

    def why_no_instructor(self) -> str:
        """The built-in identities of a simulated plant may change the simulation."""
        if why := self._station.clock.why_nothing:
            return why
        return "" if self.session.demo else self.why_not("instruct")

    def _of(self, area: str) -> SessionInfo | None:
        """The session at the runtime of an area; None while that one does not answer."""
        status = self._station.status_of(area)
        return session_of(status) if status is not None else None

    def title_of(self, area: str) -> str:
        """What people call an area."""
        return self._plant()[2].get(area, area)

    def _plant(self) -> tuple[str, dict[str, str], dict[str, str]]:
        """Revision, the area above each area, and titles; asked for with every button that is painted."""
        plant = self._station.plant
        if plant is not None and plant.revision != self._areas[0]:
            above = {one["path"]: one.get("parent", "") for one in plant.areas}
            self._areas = (plant.revision, above, {one["path"]: one.get("title", "") for one in plant.areas})
        return self._areas

    # times

    def elevated_left_s(self) -> int:
        """Whole seconds that further rights still hold; -1 when there are none."""
        return self._left_s(self.session.elevated_left_ms) if self.session.elevated_roles else -1

    def idle_left_s(self) -> int:
        """Whole seconds until the station locks itself; -1 when it does not."""
        return -1 if self.session.locked else self._left_s(self.session.idle_left_ms)

    def _left_s(self, left_ms: int) -> int:
        passed = (monotonic_ns() - self._told_ns) // NS_PER_MS
        return max(0, left_ms - passed) // MS_PER_S if left_ms >= 0 else -1


def session_of(status: RuntimeStatus) -> SessionInfo:
    """The session of a status; of a runtime from before there were sessions what its user and roles say."""
    if status.session.roles:
        return status.session
    user = "" if status.user == VIEWER.user else status.user
    return SessionInfo(
        user=user, name=user, roles=status.roles, demo=bool(user) and status.mode == "simulator"
    )


def _who(session: SessionInfo) -> tuple[object, ...]:
    """All of a session but its times, which pass by themselves."""
    return (
        session.user, session.name, session.locked, session.roles, session.by_area, session.elevated_roles,
        session.accounts, session.demo, session.must_change, session.notice,
    )  # fmt: skip


def _took_away(before: SessionInfo, now: SessionInfo) -> bool:
    """Whether some role does not hold any more where it held."""
    if now.locked and not before.locked:
        return True
    areas = before.by_area.keys() | now.by_area.keys()
    pairs = [(before.roles, now.roles)]
    pairs += [(before.by_area.get(area, before.roles), now.by_area.get(area, now.roles)) for area in areas]
    return any(not set(old) <= set(new) for old, new in pairs)
