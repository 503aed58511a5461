"""Another revision of the plant, made ready beside the one that runs; nothing here touches a service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hmi.acquisition import Acquisition, NextLinks
from hmi.alarms import AlarmTables
from hmi.client.port import PlantInfo
from hmi.commands import GateTables, HoldTables
from hmi.core.collector import without_collector
from hmi.core.errors import ConfigurationError, WatchkeeperError
from hmi.core.texts import tr
from hmi.project import keep_handles
from hmi.project.diff import plant_diff
from hmi.project.folder_files import Signature, settle, signature_of
from hmi.project.plant import Plant
from hmi.runtime._demand import DemandTables
from hmi.runtime._plant_info import plant_info
from hmi.tags import TagTables

SENTENCES = 200


@dataclass(frozen=True, slots=True)
class Why:
    """``reason`` in a person's words; ``author``: the user of the operating system at a command line, where nobody is
    signed in, as the command line gives it; ``os_user``: the account of its process, as the system gives it.
    """

    reason: str = ""
    author: str = ""
    os_user: str = ""

    @property
    def payload(self) -> dict[str, str]:
        """What records of the journal get."""
        told = {"reason": self.reason, "author": self.author, "os_user": self.os_user}
        return {name: text for name, text in told.items() if text}


NO_WORD = Why()


class PlantRefused(WatchkeeperError):
    """The plant cannot be taken; ``reasons`` are whole sentences."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)


@dataclass(frozen=True, slots=True)
class NextRevision:
    """What every service takes in one step. ``cut`` are the ids of tags whose device or meaning changes, ``other`` of
    those whose values mean something else, ``elsewhere`` of those that are asked for at another place or mean
    something else: what is read of them now tells nothing of a command from before.
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
    elsewhere: frozenset[str]


def read_plant(folder: Path) -> tuple[Plant, Signature]:
    """The plant of a folder as it is now, and what the disk says of its files.

    PlantRefused with every error that ``hmi check`` shows but those of looks, or when a file changes meanwhile.
    """
    try:
        settle(folder)
    except ConfigurationError as error:
        raise PlantRefused([error.sentence]) from error
    before = signature_of(folder)
    from hmi.check import checked_plant  # a runtime starts without the linter

    plant, findings = checked_plant(folder)
    errors = [finding.sentence for finding in findings if finding.is_error]
    if errors or plant is None:
        raise PlantRefused(errors)
    if signature_of(folder) != before:
        raise PlantRefused([still_written(folder)])
    return plant, before


def still_written(folder: Path | str) -> str:
    """What is said of a folder whose files change while they are read."""
    return tr("{folder} is being written at this moment; do it again when that is done", folder=folder)


@without_collector()
def next_revision(plant: Plant, running: Plant, acquisition: Acquisition) -> NextRevision:
    """Everything that can fail or takes long; PlantRefused with one sentence."""
    _must_be_the_same(plant, running)
    plant = keep_handles(plant, running)
    try:
        tags = TagTables(plant, running)
        changed = (*tags.gone, *tags.other)
        links = acquisition.next_links(plant, changed)
        return NextRevision(
            plant=plant,
            sentences=_shortened(plant_diff(running, plant).sentences),
            tags=tags,
            alarms=AlarmTables(plant),
            gate=GateTables(plant),
            demand=DemandTables(plant),
            links=links,
            info=plant_info(plant, acquisition.mode),
            cut=_cut(running, links),
            holds=HoldTables(plant),
            other=frozenset(tag.id for h in changed if not (tag := running.by_handle[h]).manual),
            elsewhere=_elsewhere(running, plant, frozenset(changed)),
        )
    except ConfigurationError as error:
        raise PlantRefused([error.sentence]) from error


def with_links(new: NextRevision, running: Plant, links: NextLinks) -> NextRevision:
    """The same with links of which more are closed than was thought."""
    return new if links is new.links else replace(new, links=links, cut=_cut(running, links))


def _cut(running: Plant, links: NextLinks) -> frozenset[str]:
    """Ids of tags that are asked for elsewhere, mean something else, are gone, or whose link is closed."""
    behind = (tag.id for tag in running.tags if tag.connection in links.closed)
    return frozenset((*behind, *(running.by_handle[h].id for h in links.afresh if h in running.by_handle)))


def _elsewhere(running: Plant, plant: Plant, changed: frozenset[int]) -> frozenset[str]:
    """Ids of tags that mean something else (``changed`` handles) or are no longer asked for where they were."""
    return frozenset(
        tag.id
        for tag in running.tags
        if tag.handle in changed or running.place(tag) != plant.place(plant.by_handle[tag.handle])
    )


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
