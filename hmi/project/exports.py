"""What leaves the plant for the computers of the office: ``[[exports]]`` of plant.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

EXPORTS_FOLDER: Final = "exports"
"""Below the data folder of a runtime: what jobs keep, and where relative paths of ``data`` begin."""
WANTED_FILE: Final = "wanted"
"""In that folder while the plant in force has jobs: a session then runs the process that delivers."""


class ExportWhat(Enum):
    """What a job delivers."""

    SAMPLES = "samples"
    """Every recorded sample with each correction."""
    AGGREGATES = "aggregates"
    """One row for each tag, aggregate and interval, again where late samples change it."""
    ALARMS = "alarms"
    AUDIT = "audit"
    """What people did, with every command and every act on the history."""
    SECURITY = "security"
    """Who came in, what was refused, accounts, stations, certificates, clocks, changes of the program and the plant."""

    @property
    def kind(self) -> str:
        """``samples`` or ``events``: which shape its rows have (``ExporterDefinition.takes``)."""
        return "samples" if self in (ExportWhat.SAMPLES, ExportWhat.AGGREGATES) else "events"


@dataclass(frozen=True, slots=True)
class ExportDef:
    """One job. ``to`` names a folder of ``hmi/exporters``; ``settings`` are checked against its definition.

    ``tags``: queries (``hmi.core.query``), of which one has to name a tag; none = every recorded tag.
    ``every_s``: seconds between two packages while it is up to date.
    ``aggregates`` by their names of OPC UA Part 13 over ``interval_s``. ``since``: UTC ns where delivery begins, 0 =
    when the job is seen first. ``quota_s``: history older than that is not delivered any more; what is dropped is
    counted. ``backfill_share``: at most this share of the time is spent on what is behind while there is live data.
    """

    name: str
    to: str
    what: ExportWhat = ExportWhat.SAMPLES
    tags: tuple[str, ...] = ()
    aggregates: tuple[str, ...] = ()
    interval_s: int = 60
    every_s: float = 1.0
    since: int = 0
    quota_s: float = 604_800.0
    backfill_share: float = 0.5
    simulator: bool = False
    enabled: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
