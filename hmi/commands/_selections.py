"""Select before operate: who holds which object, for which value, how long; pure (standards 5.2)."""

from __future__ import annotations

from dataclasses import dataclass

from hmi.core.clock import NS_PER_S
from hmi.core.commands import OperatorCommand, Reason, Refusal
from hmi.core.identity import new_id
from hmi.core.principal import Principal
from hmi.core.texts import tr
from hmi.core.values import Value
from hmi.project.plant import TagDef


@dataclass(frozen=True, slots=True)
class Held:
    """One selection; ``until_ns`` monotonic."""

    id: str
    tag_id: str
    value: Value
    principal: Principal
    until_ns: int

    def belongs_to(self, principal: Principal) -> bool:
        """The same person in the same session at the same station."""
        own = self.principal
        return (own.user, own.station, own.session) == (principal.user, principal.station, principal.session)

    @property
    def who(self) -> str:
        return f"{self.principal.printed}@{self.principal.station}"


def object_of(tag: TagDef) -> str:
    """What is selected: the equipment, else the tag alone."""
    return tag.instance or tag.id


class SelectionBook:
    """At most one selection per object, whoever asks and wherever."""

    def __init__(self) -> None:
        self._held: dict[str, Held] = {}

    def on(self, tag: TagDef, now_ns: int) -> Held | None:
        """The selection of the tag's object that is still good."""
        found = self._held.get(object_of(tag))
        if found is not None and found.until_ns <= now_ns:
            del self._held[object_of(tag)]
            return None
        return found

    def select(
        self, principal: Principal, tag: TagDef, value: Value, now_ns: int, seconds: int
    ) -> Held | Refusal:
        """Who selects an object again ends the selection of before."""
        found = self.on(tag, now_ns)
        if found is not None and not found.belongs_to(principal):
            return Refusal(Reason.OBJECT_ALREADY_SELECTED, tr("selected by {who}", who=found.who))
        held = Held(new_id("sel"), tag.id, value, principal, now_ns + seconds * NS_PER_S)
        self._held[object_of(tag)] = held
        return held

    def use(
        self, principal: Principal, command: OperatorCommand, tag: TagDef, now_ns: int
    ) -> Held | Refusal | None:
        """The selection that a command names, which ends with it; None when it names none and needs no one's leave.

        Of a right one with another value nothing is left either: what was meant has to be looked at again.
        """
        found = self.on(tag, now_ns)
        if found is not None and not found.belongs_to(principal) and not command.selection:
            return Refusal(Reason.LOCKED_BY_OTHER_CLIENT, tr("selected by {who}", who=found.who))
        if not command.selection:
            return None
        if found is None or found.id != command.selection or not found.belongs_to(principal):
            text = tr("{name} is not selected, or no longer", name=tag.name)
            return Refusal(Reason.OBJECT_NOT_SELECTED, text)
        del self._held[object_of(tag)]
        if found.tag_id != tag.id or found.value != command.value or _differ(found.value, command.value):
            text = tr("selected was {value}; select again for another command", value=found.value)
            return Refusal(Reason.INCONSISTENT_PARAMETERS, text, found.value)
        return found

    def deselect(self, principal: Principal, selection_id: str) -> bool:
        """Only who has it gives it back; True when there was one."""
        for key, held in self._held.items():
            if held.id == selection_id and held.belongs_to(principal):
                del self._held[key]
                return True
        return False

    def end_session(self, session: str, station: str) -> None:
        """Its person signed out."""
        self._held = {
            key: held
            for key, held in self._held.items()
            if (held.principal.session, held.principal.station) != (session, station)
        }

    def end_all(self) -> None:
        """What was selected means something else now: another revision of the plant, or another run."""
        self._held.clear()


def _differ(one: Value, other: Value) -> bool:
    """True and 1 are equal to Python, and not the same to a device."""
    return isinstance(one, bool) != isinstance(other, bool)
