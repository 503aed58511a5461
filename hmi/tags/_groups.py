"""Which source group every tag belongs to, and how old each group is."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from hmi.core.clock import Clock
from hmi.project.plant import Plant
from hmi.tags._ages import LEAST_LIMIT_MS, GroupAge, combined_age, combined_name, limit_ms
from hmi.tags._derived import DerivedTags
from hmi.tags._entered import GROUP as ENTERED
from hmi.tags._source import SourceGroup


class Groups:
    """Groups are told by acquisition, or learned from the first batch that names them.

    Tags whose value a person entered form a group of their own that never ages.
    """

    def __init__(self, plant: Plant, derived: DerivedTags, clock: Clock) -> None:
        self._plant, self._derived, self._clock = plant, derived, clock
        self.known: dict[str, GroupAge] = {}
        self._of: list[str] = [""] * plant.slots
        self._entered: frozenset[int] = frozenset()
        self._combined: dict[str, list[GroupAge]] | None = None
        self._rests_on: list[tuple[int, ...]] | None = None

    def follow(self, plant: Plant, derived: DerivedTags, closed: Collection[str]) -> None:
        """Another revision: groups and their ages stay, but for those of closed connections."""
        self._plant, self._derived, self._rests_on = plant, derived, None
        self.known = {name: group for name, group in self.known.items() if group.connection not in closed}
        self._of = [""] * plant.slots
        for name, group in self.known.items():
            for handle in group.handles:
                self._of[handle] = name
        self._combined = None

    def add(self, name: str, *, connection: str, period_ms: int, handles: Iterable[int]) -> GroupAge:
        """A group of a driver; its tags count as unheard until the first batch."""
        group = self.known.get(name)
        if group is None:
            group = GroupAge(name, connection, limit_ms(period_ms), self._clock.monotonic_ns())
            self.known[name] = group
        group.limit_ms = limit_ms(period_ms)
        group.handles = sorted({*group.handles, *handles})
        for handle in group.handles:
            self._of[handle] = name
        self._combined = None
        return group

    def renew(self, connection: str, groups: Iterable[SourceGroup]) -> None:
        """A connection that goes on has other groups now. One that is new is as old as the oldest of those that its
        tags were in and that were heard: what was read a moment ago does not become old by it. It is stale when one
        of them was: its next sign of life ends that for all of its tags.
        """
        before = {name: one for name, one in self.known.items() if one.connection == connection}
        self.known = {name: one for name, one in self.known.items() if name not in before}
        for told in groups:
            sources = [before[name] for name in {self._of[h] for h in told.handles} if name in before]
            group = GroupAge(told.name, connection, limit_ms(told.period_ms), self._clock.monotonic_ns())
            group.stale = any(one.stale for one in sources)
            if told.name in before:
                sources = [before[told.name]]
            if heard := [one for one in sources if one.heard]:
                group.alive_ns = min(one.alive_ns for one in heard)
                group.alive_at = min(one.alive_at for one in heard)
                group.heard = True
            group.handles = sorted(told.handles)
            self.known[told.name] = group
        for name, group in self.known.items():
            for handle in group.handles:
                self._of[handle] = name
        self._combined = None

    def learn(self, name: str, handles: list[int]) -> GroupAge:
        """A group that nobody told: its period is the slowest scan class of its tags."""
        tags = [self._plant.by_handle[h] for h in handles]
        scans = [
            self._plant.scan_classes[t.scan].period_ms for t in tags if t.scan in self._plant.scan_classes
        ]
        connection = tags[0].connection if tags else ""
        return self.add(name, connection=connection, period_ms=max(scans, default=1000), handles=handles)

    def enter(self, handles: Iterable[int]) -> None:
        """The tags whose value a person entered."""
        entered = frozenset(handles)
        if entered != self._entered:
            self._entered, self._rests_on = entered, None
        self._combined = None

    def of(self, handle: int) -> str:
        if handle in self._entered:
            return ENTERED
        self._combine()
        return self._of[handle]

    def source_of(self, handle: int) -> str:
        """The group of what the device says, also where a person's value stands over it."""
        self._combine()
        return self._of[handle]

    def names(self) -> tuple[str, ...]:
        return (*self.known, *self._combine(), *((ENTERED,) if self._entered else ()))

    def ages_ms(self) -> dict[str, int]:
        mono = self._clock.monotonic_ns()
        ages = {name: group.age_ms(mono) for name, group in self.known.items()}
        if self._entered:
            ages[ENTERED] = 0
        return ages | {name: combined_age(members, mono)[0] for name, members in self._combine().items()}

    def limits_ms(self) -> dict[str, int]:
        limits = {name: group.limit_ms for name, group in self.known.items()}
        if self._entered:
            limits[ENTERED] = LEAST_LIMIT_MS
        return limits | {name: max(m.limit_ms for m in members) for name, members in self._combine().items()}

    def is_live(self, handle: int) -> bool:
        """Whether the sources of one tag gave a sign of life within their limits; True without a group."""
        return self._lives(self.of(handle))

    def source_is_live(self, handle: int) -> bool:
        """The same, whatever a person entered over what the source says."""
        self._combine()
        return self._lives(self._of[handle])

    def _lives(self, name: str) -> bool:
        mono = self._clock.monotonic_ns()
        own = self.known.get(name)
        members = [own] if own is not None else self._combine().get(name, [])
        return all(one.heard and one.age_ms(mono) <= one.limit_ms for one in members)

    def _combine(self) -> dict[str, list[GroupAge]]:
        """Groups of derived tags that rest on more than one source group."""
        if self._combined is None:
            self._combined = {}
            of, known, entered = self._of, self.known, self._entered
            for one, sources in zip(self._derived.order, self._sources(), strict=True):
                names = {of[h] for h in sources if h not in entered}
                names.intersection_update(known)
                name = combined_name(names) if names or entered.isdisjoint(sources) else ENTERED
                of[one.handle] = name
                if len(names) > 1:
                    self._combined[name] = [known[n] for n in sorted(names)]
        return self._combined

    def _sources(self) -> list[tuple[int, ...]]:
        """Of each derived tag in order; looked up once, for groups come with every connection."""
        if self._rests_on is None:
            sources = self._derived.sources
            self._rests_on = [tuple(sources(one, self._entered)) for one in self._derived.order]
        return self._rests_on
