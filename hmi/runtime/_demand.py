"""Which tags are wanted at full rate: what is visible, alarmed or recorded (design 3, scan on demand)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hmi.core.clock import NS_PER_S
from hmi.expressions import expression_names
from hmi.project.plant import AlarmDef, CommandRule, Plant, TagDef

LINGER_S = 30.0


class DemandTables:
    """What ``Demand`` looks up for one plant revision; made without touching a service, on any thread.

    ``always`` is wanted without an onlooker: inputs of alarms and of the rules that suppress them, recorded
    tags, life counters.
    """

    def __init__(self, plant: Plant) -> None:
        self._by_name = plant.by_name
        self.known = plant.by_handle.keys()
        self._inputs = {tag.handle: self._handles(_derived_from(tag)) for tag in plant.tags if tag.expression}
        rules = {id(tag.command): tag.command for tag in plant.tags if tag.command}  # many tags share one
        judged = {key: self._handles(_judged_by(rule)) for key, rule in rules.items()}
        self._rules = {tag.handle: judged[id(tag.command)] for tag in plant.tags if tag.command}
        names = [connection.life_counter for connection in plant.connections.values()]
        for alarm in plant.alarms:
            names += [plant.by_id[alarm.tag_id].name, *_read_by(alarm)]
        recorded = {tag.handle for tag in plant.tags if tag.history}
        self.always = self.with_inputs({*self._handles(names), *recorded})

    def _handles(self, names: Iterable[str]) -> tuple[int, ...]:
        by_name = self._by_name
        return tuple(by_name[name].handle for name in names if name in by_name)

    def with_inputs(self, handles: Iterable[int]) -> frozenset[int]:
        """The tags and everything that they and the rules of their commands are calculated from."""
        found = set(handles)
        for handle in tuple(found):
            found.update(self._rules.get(handle, ()))
        waiting = [handle for handle in found if handle in self._inputs]
        while waiting:
            for handle in self._inputs[waiting.pop()]:
                if handle not in found:
                    found.add(handle)
                    if handle in self._inputs:
                        waiting.append(handle)
        return frozenset(found)


class Demand:
    """Pure; tags by handle, times monotonic ns.

    Besides what is wanted always, it is what stations show, and for ``linger_s`` after the last one left it;
    what was only read once is wanted for as long. A tag brings along the inputs of its expression and of the
    rules of its command, through any number of derived tags.
    """

    def __init__(self, tables: DemandTables, *, linger_s: float = LINGER_S) -> None:
        self._tables = tables
        self._linger_ns = int(linger_s * NS_PER_S)
        self._looked: frozenset[int] = frozenset()
        self._until: dict[int, int] = {}
        self._next_end: int | None = None
        self._is_news = True
        self._told: frozenset[int] | None = None

    def with_inputs(self, handles: Iterable[int]) -> frozenset[int]:
        """The tags and everything that is wanted with them."""
        return self._tables.with_inputs(handles)

    def look(self, handles: Iterable[int], now_ns: int) -> None:
        """What all stations together show from now on; negative handles are unknown names."""
        looked = self.with_inputs(handle for handle in handles if handle >= 0)
        self._keep(self._looked - looked, now_ns)
        self._looked, self._is_news = looked, True

    def glance(self, handles: Iterable[int], now_ns: int) -> None:
        """Tags that were asked for once."""
        self._keep(self.with_inputs(handles), now_ns)
        self._is_news = True

    def changed(self, now_ns: int) -> frozenset[int] | None:
        """The wanted tags, when they are others than last time; cheap to ask often."""
        if not self._is_news and (self._next_end is None or now_ns < self._next_end):
            return None
        self._is_news = False
        self._until = {handle: until for handle, until in self._until.items() if until > now_ns}
        self._next_end = min(self._until.values(), default=None)
        wanted = self._tables.always | self._looked | self._until.keys()
        if wanted == self._told:
            return None
        self._told = wanted
        return wanted

    def resting(self, handles: frozenset[int]) -> frozenset[int]:
        """Those that were not wanted when ``changed`` was asked last."""
        return handles if self._told is None else handles - self._told

    def apply(self, tables: DemandTables) -> None:
        """Take another revision, whose plant kept the handles of this one; the next ``changed`` tells the set."""
        self._tables = tables
        self._looked = self.with_inputs(self._looked & tables.known)
        self._until = {handle: at for handle, at in self._until.items() if handle in tables.known}
        self._is_news, self._told = True, None

    def _keep(self, handles: Iterable[int], now_ns: int) -> None:
        until = now_ns + self._linger_ns
        for handle in handles:
            self._until[handle] = until


def _derived_from(tag: TagDef) -> tuple[str, ...]:
    return expression_names(tag.expression)


def _judged_by(rule: CommandRule) -> Iterator[str]:
    """Names that the gate reads before and after a command."""
    for text, _ in (*rule.permissives, *rule.interlocks):
        yield from expression_names(text)
    for state in rule.limits_when:
        yield from expression_names(state.when)
    if rule.feedback:
        yield from expression_names(rule.feedback)


def _read_by(alarm: AlarmDef) -> Iterator[str]:
    yield from alarm.partners
    for text, _ in alarm.expressions:
        yield from expression_names(text)
