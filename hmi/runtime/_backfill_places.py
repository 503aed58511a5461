"""Since when each tag is read from where it is now: what its device tells of the time before is of no use for it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from hmi.project.plant import Plant, TagDef

FILE: Final = "backfill.json"
"""In the data folder."""
_DIGITS: Final = 16
log = logging.getLogger(__name__)
_Known = dict[str, tuple[str, int]]
_decode = msgspec.json.Decoder(_Known).decode


class Places:
    """Kept over starts, because a plant may be edited while no runtime runs. Blocks: call it from a thread.

    A tag that is met for the first time counts as always having been where it is.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: _Known | None = None

    def since(self, plant: Plant, tags: Sequence[TagDef], now_ns: int) -> dict[str, int]:
        """By id, UTC ns, 0 = always; ``now_ns`` for those that are elsewhere now, or mean something else."""
        known, unknown_since = self._read(now_ns)
        found: _Known = {}
        for tag in tags:
            place = _place(plant, tag)
            before, since = known.get(tag.id, (place, unknown_since))
            found[tag.id] = place, since if before == place else now_ns
        if any(known.get(tag_id) != one for tag_id, one in found.items()):
            self._known = {**known, **found}
            self._keep()
        return {tag_id: since for tag_id, (_place, since) in found.items()}

    def _read(self, now_ns: int) -> tuple[_Known, int]:
        """What is known, and since when a tag counts of which nothing is known."""
        if self._known is None:
            self._known = {}
            try:
                self._known = _decode(self._file.read_bytes())
            except FileNotFoundError:
                return self._known, 0
            except (OSError, ValueError) as error:
                log.warning(
                    "%s cannot be read (%s); holes of before are not filled from now on.", self._file, error
                )
                return self._known, now_ns
        return self._known, 0

    def _keep(self) -> None:
        draft = self._file.with_suffix(".new")
        try:
            draft.write_bytes(msgspec.json.encode(self._known))
            draft.replace(self._file)
        except OSError as error:
            log.error("%s cannot be written: %s", self._file, error)


def _place(plant: Plant, tag: TagDef) -> str:
    """A digest of where a tag is read and of what its raw values mean; how a connection is worked does not count."""
    connection = plant.connections.get(tag.connection)
    device = (connection.driver, connection.endpoints[:1]) if connection else ()
    told = (device, tag.connection, tag.address, tag.type, tag.options, tag.scaling, tag.range)
    return sha256(msgspec.json.encode(told, enc_hook=str, order="sorted")).hexdigest()[:_DIGITS]
