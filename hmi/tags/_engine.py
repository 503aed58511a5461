"""Holds the latest value of every tag and says what each batch changed (design 3, step 4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from hmi.core import quality
from hmi.core.clock import Clock
from hmi.core.commands import Refusal
from hmi.core.values import WAITING, DataValue, Value, bad
from hmi.project.plant import Plant
from hmi.tags import _inverse
from hmi.tags._ages import LifeTime
from hmi.tags._derived import Derived
from hmi.tags._entered import GROUP as ENTERED
from hmi.tags._groups import Groups
from hmi.tags._source import SourceBatch, SourceGroup
from hmi.tags._state import exported, imported
from hmi.tags._tables import TagTables
from hmi.tags._updates import LiveValues, TagUpdates

STALE = quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE
_NO_GROUPS: Mapping[str, Sequence[SourceGroup]] = MappingProxyType({})


class TagEngine:
    """Pure but for the clock; lives on one loop. Lists are indexed by the tags' handles, and may have holes.

    A tag whose source gives no sign of life is *held*: ``latest`` shows its last value as stale, and the
    value as the device gave it waits in ``_held`` for the source to return. A tag that a person gave a value is
    *covered*: ``latest`` shows that value, and what would be shown without it goes on in ``_covered``.
    """

    def __init__(self, plant: Plant, clock: Clock) -> None:
        self._clock = clock
        tables = TagTables(plant)
        # the alarm engine and the views of values keep looking at this very list
        self.latest: list[DataValue] = [WAITING] * plant.slots
        self._held: dict[int, DataValue] = {}
        self._covered: dict[int, DataValue] = {}
        self._groups = Groups(plant, tables.derived, clock)
        self._life, self._life_time = tables.life_counters(), LifeTime(clock)
        self._look_up(tables)

    def _look_up(self, tables: TagTables) -> None:
        self.plant, self._derived, self._convert = tables.plant, tables.derived, tables.convert
        self._deadbands = tables.deadbands
        self._handles, self._by_id = tables.by_name, tables.by_id
        self._of_connection = tables.of_connection
        self.values = LiveValues(tables.by_name, self.latest)

    # ---- values

    def handle(self, name_or_id: str) -> int:
        """KeyError when the plant has no such tag."""
        found = self._handles.get(name_or_id)
        return self._by_id[name_or_id] if found is None else found

    def value(self, name_or_id: str) -> DataValue:
        return self.latest[self.handle(name_or_id)]

    # ---- what the sources say

    def ingest(self, batch: SourceBatch) -> TagUpdates:
        """Take a batch of raw values; what is equal, or within the deadband, refreshes the age but is no change."""
        out = TagUpdates(self._clock.now_ns(), batch.group)
        self._alive(batch, out)
        held, latest, convert, changes = self._held, self.latest, self._convert, out.changes
        deadbands = self._deadbands
        for handle, raw in self._apart(batch.updates) if self._covered else batch.updates:
            scale = convert[handle]
            new = raw if scale is None else scale(raw)
            if held and handle in held:
                held[handle] = new
                new = _stale(new)
            old = latest[handle]
            if handle in deadbands and deadbands[handle].holds_back(old, new):
                continue
            latest[handle] = new
            if new.value != old.value or new.status != old.status:
                changes.append((handle, new))
        if changes and self._derived.order:
            self._recompute(out)
        return out

    def _apart(self, updates: Sequence[tuple[int, DataValue]]) -> list[tuple[int, DataValue]]:
        """The updates of tags that show what their source says; those of covered ones are kept beside."""
        covered, held, shown = self._covered, self._held, list[tuple[int, DataValue]]()
        for handle, raw in updates:
            if handle not in covered:
                shown.append((handle, raw))
                continue
            new = self.scaled(handle, raw)
            if handle in held:
                held[handle] = new
                new = _stale(new)
            covered[handle] = new
        return shown

    def link_down(self, connection: str, status: int = quality.BAD_NO_COMMUNICATION) -> TagUpdates:
        """One batch of Bad values for every point of a connection."""
        for life in self._life:
            if life.connection == connection:
                life.last, life.still_ms, life.frozen = None, 0.0, False
        return self._put_bad(self._of_connection.get(connection, ()), status, connection)

    def group_down(self, group: str, status: int = quality.BAD_NO_COMMUNICATION) -> TagUpdates:
        """The same for one source group, such as one silent unit behind a gateway."""
        known = self._groups.known.get(group)
        return self._put_bad(known.handles if known else (), status, group)

    def _put_bad(self, handles: Sequence[int], status: int, group: str) -> TagUpdates:
        out = TagUpdates(self._clock.now_ns(), group)
        self._put_all(handles, bad(status, out.now_ns), out)
        gone = set(handles)
        lost = [known for known in self._groups.known.values() if gone.issuperset(known.handles)]
        out.seen_ns = min((known.surely_seen_at for known in lost if known.heard), default=0)
        for known in lost:
            known.heard = known.stale = False
        self._recompute(out)
        return out

    def _put_all(self, handles: Sequence[int], value: DataValue, out: TagUpdates) -> None:
        """One Bad value for thousands of tags at a time; no deadband holds a Bad value back."""
        held, covered, latest, changes = self._held, self._covered, self.latest, out.changes
        for handle in handles:
            if held:
                held.pop(handle, None)
            if covered and handle in covered:
                covered[handle] = value
                continue
            old, latest[handle] = latest[handle], value
            if value.status != old.status or value.value != old.value:
                changes.append((handle, value))

    def _put(self, handle: int, new: DataValue, out: TagUpdates) -> None:
        if handle in self._covered:
            self._covered[handle] = new
            return
        old = self.latest[handle]
        band = self._deadbands.get(handle)
        if band is not None and band.holds_back(old, new):
            return
        self.latest[handle] = new
        if new.value != old.value or new.status != old.status:
            out.changes.append((handle, new))

    def _recompute(self, out: TagUpdates) -> None:
        """Derived tags that depend on what changed, in dependency order."""
        closure, order = self._derived.closure, self._derived.order
        changed = {handle for handle, _ in out.changes}
        due: set[int] = set()
        for handle in changed:
            due.update(closure.get(handle, ()))
        for position in sorted(due):
            one = order[position]
            if not any(handle in changed for _, handle in one.inputs):
                continue
            count = len(out.changes)
            self._derive(one, out)
            if len(out.changes) > count:
                changed.add(one.handle)

    def _derive(self, one: Derived, out: TagUpdates) -> None:
        new, scale = one.evaluate(self.latest, out.now_ns), self._convert[one.handle]
        self._put(one.handle, new if scale is None else scale(new), out)

    # ---- what people enter

    def override(self, handle: int, value: DataValue | None) -> TagUpdates:
        """Show a value instead of the source's, which goes on arriving; None: the source's counts again, at once."""
        out = TagUpdates(self._clock.now_ns(), ENTERED)
        if value is not None:
            self._covered.setdefault(handle, self.latest[handle])
            self._show(handle, value, out)
        elif handle in self._covered:
            self._show(handle, self._covered.pop(handle), out)
        self._groups.enter(self._covered)
        self._recompute(out)
        return out

    @property
    def overridden(self) -> Collection[int]:
        """Handles of the tags that show what a person entered."""
        return self._covered.keys()

    def source_value(self, handle: int) -> DataValue:
        """What would be shown if nobody had entered anything."""
        return self._covered.get(handle, self.latest[handle])

    def _show(self, handle: int, new: DataValue, out: TagUpdates) -> None:
        """Past the deadband: an entry is never too small to count."""
        self.latest[handle] = new
        out.changes.append((handle, new))

    # ---- age

    def add_groups(self, connection: str, groups: Sequence[SourceGroup]) -> None:
        """Acquisition tells the source groups of a connection before it opens it."""
        for group in groups:
            self._groups.add(
                group.name, connection=connection, period_ms=group.period_ms, handles=group.handles
            )

    @property
    def groups(self) -> tuple[str, ...]:
        return self._groups.names()

    def group_of(self, handle: int) -> str:
        """Source group of a tag, '' when it has none; derived tags have combined ones."""
        return self._groups.of(handle)

    def ages_ms(self) -> dict[str, int]:
        """Time since each group's last proof of life."""
        return self._groups.ages_ms()

    def limits_ms(self) -> dict[str, int]:
        return self._groups.limits_ms()

    def is_live(self, handle: int) -> bool:
        """Whether the source of one tag is within its age limit; looks at that source alone."""
        return self._groups.is_live(handle)

    def source_group_of(self, handle: int) -> str:
        """The source group of what the device says, also under a manual value."""
        return self._groups.source_of(handle)

    def source_is_live(self, handle: int) -> bool:
        """As ``is_live`` for the source itself, whatever a person entered over it."""
        return self._groups.source_is_live(handle)

    def _alive(self, batch: SourceBatch, out: TagUpdates) -> None:
        group = self._groups.known.get(batch.group)
        if group is None:
            group = self._groups.learn(batch.group, [handle for handle, _ in batch.updates])
        out.seen_ns = group.alive_at if group.heard else 0
        if not batch.alive:
            return
        group.alive_ns, group.heard = self._clock.monotonic_ns(), True
        group.alive_at = out.now_ns
        if group.stale:
            group.stale = False
            self._release(group.handles, out)

    def supervise(self) -> TagUpdates:
        """Judge life counters and group ages; called about four times a second by the runtime."""
        out = TagUpdates(self._clock.now_ns())
        elapsed = self._life_time.elapsed_ms()
        for life in self._life:
            source = self._held.get(life.handle, self.source_value(life.handle))
            frozen = life.watch(source.value, elapsed)
            if frozen != life.frozen:
                life.frozen = frozen
                handles = self._of_connection.get(life.connection, ())
                (self._hold if frozen else self._release)(handles, out)
        mono = self._clock.monotonic_ns()
        for group in self._groups.known.values():
            if not group.stale and group.is_late(mono):
                group.stale = True
                self._hold(group.handles, out)
        if out:
            self._recompute(out)
        return out

    def _hold(self, handles: Sequence[int], out: TagUpdates) -> None:
        for handle in handles:
            if handle not in self._held:
                source = self._held[handle] = self.source_value(handle)
                self._put(handle, _stale(source), out)

    def _release(self, handles: Sequence[int], out: TagUpdates) -> None:
        frozen = {life.connection for life in self._life if life.frozen}
        late = {name for name, group in self._groups.known.items() if group.stale}
        for handle in handles:
            if self.plant.by_handle[handle].connection in frozen or self._groups.source_of(handle) in late:
                continue
            if handle in self._held:
                self._put(handle, self._held.pop(handle), out)

    # ---- writes

    def raw_for(self, handle: int, value: Value) -> Value | Refusal:
        """The raw value that writes ``value``, or why it does not fit."""
        return _inverse.raw_for(self.plant.by_handle[handle], value)

    def scaled(self, handle: int, raw: DataValue) -> DataValue:
        """A raw read-back in the tag's unit; the latest value is not touched."""
        scale = self._convert[handle]
        return raw if scale is None else scale(raw)

    def tolerance(self, handle: int) -> float:
        """How far a read-back may be off, in the tag's unit."""
        return _inverse.tolerance(self.plant.by_handle[handle])

    # ---- revisions and state

    def apply(
        self,
        tables: TagTables,
        closed: Collection[str] = (),
        moved: Collection[int] = (),
        renewed: Mapping[str, Sequence[SourceGroup]] = _NO_GROUPS,
    ) -> TagUpdates:
        """Take another revision: tables made with the plant of this one as ``previous``.

        Values, ages and what is held stay by handle. ``closed`` connections are gone or start afresh: their
        tags wait for a first value again, as does a tag whose value would mean something else now, and one that
        is ``moved`` (handles): asked for at another place of its device. ``renewed`` are the source groups of
        connections that go on with other points, in the place of those before. ``latest`` keeps its identity and
        ``values`` of before its names; commands that are under way read on in it.
        """
        out = TagUpdates(self._clock.now_ns())
        self.latest.extend([WAITING] * (tables.plant.slots - len(self.latest)))
        waiting = {handle for name in closed for handle in tables.of_connection.get(name, ())}
        waiting.update(moved)
        waiting.update(handle for handle in tables.other if not tables.plant.by_handle[handle].expression)
        for handle in tables.other:
            self._held.pop(handle, None)
        self._look_up(tables)
        for handle in tables.gone:
            self._covered.pop(handle, None)
            self._reset(handle, quality.BAD_CONFIGURATION, out)
        for handle in sorted(waiting):
            self._reset(handle, quality.BAD_WAITING_FOR_INITIAL_DATA, out)
        self._groups.follow(self.plant, self._derived, closed)
        for connection, groups in renewed.items():
            self._groups.renew(connection, groups)
        self._groups.enter(self._covered)
        kept = {life.connection: life for life in self._life if life.connection not in closed}
        self._life = [kept.get(life.connection, life) for life in tables.life_counters()]
        self._hold_what_is_not_live(out)
        for one in self._derived.order:
            self._derive(one, out)
        return out

    def _hold_what_is_not_live(self, out: TagUpdates) -> None:
        """What is new or moved behind a source without a sign of life has to wait for one as its neighbours do."""
        for life in self._life:
            if life.frozen:
                self._hold(self._of_connection.get(life.connection, ()), out)
        for group in self._groups.known.values():
            if group.stale:
                self._hold([handle for handle in group.handles if handle in self.plant.by_handle], out)

    def _reset(self, handle: int, status: int, out: TagUpdates) -> None:
        self._held.pop(handle, None)
        self._put(handle, bad(status, out.now_ns), out)

    def _take(self, values: Mapping[str, DataValue]) -> TagUpdates:
        out = TagUpdates(self._clock.now_ns())
        for tag_id, value in values.items():
            handle = self._by_id.get(tag_id)
            if handle is not None and not self.plant.by_handle[handle].expression:
                self._put(handle, value, out)
        self._recompute(out)
        return out

    def export_state(self) -> dict[str, Any]:
        """Every known value by tag id as its source gave it, JSON types only."""
        return exported(self.plant, [self.source_value(handle) for handle in range(len(self.latest))])

    def import_state(self, state: Mapping[str, Any]) -> TagUpdates:
        """Values from ``export_state`` come back as last usable until their source speaks."""
        return self._take(imported(state))


def _stale(value: DataValue) -> DataValue:
    return value if value.is_bad else value.with_status(STALE)
