"""Another revision of the plant, made ready beside the one that runs; nothing here touches a service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hmi.acquisition import Acquisition, NextLinks
from hmi.alarms import AlarmTables
from hmi.check import check_plant
from hmi.client.port import PlantInfo
from hmi.commands import GateTables, HoldTables
from hmi.core.collector import without_collector
from hmi.core.errors import ConfigurationError, WatchkeeperError
from hmi.core.texts import tr
from hmi.project import keep_handles, load_plant
from hmi.project.diff import plant_diff
from hmi.project.plant import Plant
from hmi.runtime._demand import DemandTables
from hmi.runtime._plant_info import plant_info
from hmi.tags import TagTables

SENTENCES = 200


class PlantRefused(WatchkeeperError):
    """The plant cannot be taken; ``reasons`` are whole sentences."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)


@dataclass(frozen=True, slots=True)
class NextRevision:
    """What every service takes in one step. ``cut`` are the ids of tags whose device or meaning changes, ``other`` of
    those whose values mean something else.
    """

    plant: Plant
    sentences: tuple[str, ...]
    tags: TagTables
    alarms: AlarmTables
    gate: GateTables
    demand: DemandTables
    links: NextLinks
    info: PlantInfo
    cut: frozenset[str]
    holds: HoldTables
    other: frozenset[str]


def read_plant(folder: Path) -> Plant:
    """The plant of a folder as it is now; PlantRefused with every error that ``hmi check`` shows but those of looks."""
    errors = [finding.sentence for finding in check_plant(folder, looks=False) if finding.is_error]
    result = load_plant(folder)
    if errors or result.plant is None:
        raise PlantRefused(errors or [finding.sentence for finding in result.errors])
    return result.plant


@without_collector()
def next_revision(plant: Plant, running: Plant, acquisition: Acquisition) -> NextRevision:
    """Everything that can fail or takes long; PlantRefused with one sentence."""
    _must_be_the_same(plant, running)
    plant = keep_handles(plant, running)
    try:
        tags = TagTables(plant, running)
        changed = [running.by_handle[handle] for handle in (*tags.gone, *tags.other)]
        links = acquisition.next_links(plant, {tag.connection for tag in changed})
        behind = (tag for tag in running.tags if tag.connection in links.closed)
        return NextRevision(
            plant=plant,
            sentences=_shortened(plant_diff(running, plant).sentences),
            tags=tags,
            alarms=AlarmTables(plant),
            gate=GateTables(plant),
            demand=DemandTables(plant),
            links=links,
            info=plant_info(plant, acquisition.mode),
            cut=frozenset(tag.id for tag in (*changed, *behind)),
            holds=HoldTables(plant),
            other=frozenset(tag.id for tag in changed if not tag.manual),
        )
    except ConfigurationError as error:
        raise PlantRefused([error.sentence]) from error


def _must_be_the_same(plant: Plant, running: Plant) -> None:
    if plant.id != running.id:
        text = tr("{folder} holds another plant now; start a runtime for it", folder=plant.folder)
        raise PlantRefused([text])
    if plant.simulated != running.simulated:
        text = tr("a runtime cannot turn from simulated to real devices or back; start it again")
        raise PlantRefused([text])


def _shortened(sentences: Sequence[str]) -> tuple[str, ...]:
    """Enough for a person to see what was done; the revision itself is kept whole."""
    more = len(sentences) - SENTENCES
    return tuple(sentences) if more <= 0 else (*sentences[:SENTENCES], tr("and {n} more", n=more))
