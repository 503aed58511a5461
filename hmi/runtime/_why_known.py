"""Everything that the answer to "why this number?" rests on, gathered before it is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hmi.acquisition.port import Trace
from hmi.core.alarms import AlarmRow
from hmi.core.holds import Override
from hmi.core.journal import JournalRecord
from hmi.core.values import DataValue
from hmi.project.plant import Plant, TagDef


@dataclass(frozen=True, slots=True)
class LinkNow:
    """The connection of a tag: ``state`` and ``text`` as of ``hmi.acquisition.Link``, ``since`` UTC ns."""

    name: str
    driver: str
    state: str
    since: int
    text: str
    unit: str = ""
    unit_state: str = ""
    clock_ms: int = 0
    """How far the clock of its server is ahead of ours (negative: behind); 0 when that is not known."""


@dataclass(frozen=True, slots=True)
class Source:
    """The source group of a tag: its age and limit in ms, -1 where there is none; ``resting`` nobody looks at it."""

    group: str = ""
    age_ms: int = -1
    limit_ms: int = -1
    live: bool = True
    resting: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that the answer rests on.

    ``trace`` None with ``asking``: the device is not asked yet; with ``trace_error``: it could not be.
    ``events`` and ``uses`` None: not known (yet). ``override``: what a person entered, ``beneath`` it the value of
    the source.
    """

    plant: Plant
    tag: TagDef
    values: Mapping[str, DataValue]
    now_ns: int
    source: Source = Source()
    link: LinkNow | None = None
    trace: Trace | None = None
    trace_error: str = ""
    asking: bool = False
    alarms: Sequence[AlarmRow] = ()
    events: Sequence[JournalRecord] | None = None
    last: DataValue | None = None
    uses: Sequence[Mapping[str, str]] | None = None
    override: Override | None = None
    beneath: DataValue | None = None

    @property
    def value(self) -> DataValue:
        return self.values[self.tag.name]
