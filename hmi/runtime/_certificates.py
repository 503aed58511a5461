"""Certificates of a running plant: who showed which, what people decide, what ends soon (CR 1.8, UA-10, UA-16)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hmi.acquisition import Acquisition
from hmi.alarms import AlarmEngine
from hmi.client.certificates import Certificates, TrustAnswer, urgency, urgency_of
from hmi.core.clock import NS_PER_S, Clock, monotonic_ns, wall_ns
from hmi.core.errors import ConfigurationError, StorageError
from hmi.core.journal import Entry, JournalWriter, Kind
from hmi.core.principal import SYSTEM, Principal
from hmi.core.texts import tr
from hmi.project.plant import Plant
from hmi.security.tls import TlsFolder
from hmi.security.trust import LIST_PLACES, PLACES
from hmi.security.trust_desk import OWN, Done, decided
from hmi.security.trust_desks import act as act_in
from hmi.security.trust_desks import desks_of, look, own_days, served
from hmi.security.trust_notes import waiting

log = logging.getLogger(__name__)
LOOK_S, NOTE_S = 1.0, 0.5
AGAIN_NS: Final = 60_000_000_000
"""Dates pass without any file changing."""
DAY_NS: Final = 86_400 * NS_PER_S
STATIONS: Final = "stations"
"""Key of the alarm of the certificate that stations on other machines see."""
EVENTS: Final = {
    "accept": "certificate.accepted", "reject": "certificate.rejected", "remove": "certificate.removed",
    "renew": "certificate.renewed", "return": "certificate.returned", "import": "certificate.imported",
    "crl": "certificate.list_imported",
}  # fmt: skip
OBJECT: Final = "certificate:"
"""Before the fingerprint in the object id of a record."""
_WATCHED: Final = (*PLACES.values(), *LIST_PLACES.values(), "seen", "notes", "own")
Signature = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class _Looked:
    """What one look at the folders found; made on a thread."""

    signature: Signature
    found: Certificates
    stations_days: float | None
    served_days: Mapping[str, int]
    no_longer_trusted: Mapping[str, str]
    decided: Mapping[str, tuple[str, str]]


class CertificateDesk:
    """Watches the pki folders, so that what ``hmi trust`` or a person with files does counts at once.

    ``tell`` sends an event to every station, ``put`` hands on changes of alarms.
    """

    def __init__(
        self,
        plant: Plant,
        data: Path,
        *,
        journal: JournalWriter,
        alarms: AlarmEngine,
        clock: Clock,
        tell: Callable[[str, Any], None],
        put: Callable[[list[Any]], object],
    ) -> None:
        self._data, self._journal, self._alarms, self._clock = data, journal, alarms, clock
        self._tell, self._put = tell, put
        self._tls = TlsFolder(data)
        self._acting = asyncio.Lock()
        self._signature: Signature | None = None
        self._looked_at = 0
        self._decided: Mapping[str, tuple[str, str]] | None = None
        self._explained: set[str] = set()
        self.counts: dict[str, int] = {}
        self.acquisition: Acquisition | None = None
        self.apply(plant)

    def apply(self, plant: Plant) -> None:
        """Another revision of the plant: its connections and what they accept by setting."""
        self._plant_id = plant.id
        self._desks, self._served = desks_of(plant, self._data), served(plant, self._data)
        self._signature, self._decided = None, None  # another folder is not a change by hand

    # --- what stations ask ----------------------------------------------------------------------------

    async def list(self) -> Certificates:
        """All certificates with the state of the connections at this moment."""
        links = self.acquisition.links if self.acquisition else {}
        states = {name: link.state for name, link in links.items()}
        return await asyncio.to_thread(look, self._desks, states)

    async def act(self, act: str, fingerprint: str, reason: str, principal: Principal) -> TrustAnswer:
        """Journalled before it is done, and again with what came of it. StorageError when either cannot be kept."""
        said = {"act": act, "reason": reason}
        async with self._acting:
            asked = Done(TrustAnswer(), fingerprint)
            await self._record("certificate.requested", principal, asked, said, self._clock.now_ns())
            self._explained.add(fingerprint)
            try:
                _, done = await asyncio.to_thread(act_in, self._desks, act, fingerprint)
            except OSError as error:
                raise StorageError(tr("the trust list cannot be written: {error}", error=error)) from error
            event = "certificate.refused" if done.answer.refusal else EVENTS[act]
            await self._record(event, principal, done, said, self._clock.now_ns())
            self._drop_users(act, done)
            await self._look_again(force=True)
        if act in {"accept", "return", "renew"}:
            self._retry(done.fields.get("connections"))
        return done.answer

    async def _record(
        self, event: str, principal: Principal, done: Done, more: Mapping[str, Any], at_ns: int
    ) -> None:
        text = done.answer.refusal or done.answer.text
        name = str(done.fields.get("subject") or done.fields.get("issuer") or "")
        payload = {"name": name, "fingerprint": done.fingerprint, **done.fields, **more, "text": text}
        object_id = self._object_id(done.fingerprint)
        await self._journal.append(Entry(Kind.AUDIT, event, principal, object_id, at_ns, payload))

    def _object_id(self, fingerprint: str) -> str:
        return f"{OBJECT}{fingerprint}" if fingerprint else self._plant_id

    def _retry(self, names: Iterable[str] | None) -> None:
        for name, link in (self.acquisition.links if self.acquisition else {}).items():
            if names is None or name in names:
                link.retry_now()

    # --- what is watched ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with self._acting:
                    await self._take_notes()
                    await self._look_again()
            except (OSError, StorageError) as error:
                log.error("The certificates cannot be looked after: %s", error)
            except Exception:
                # The border to what servers and people left in files: a fault in one must not end the runtime.
                log.exception("The certificates cannot be looked after.")
            await asyncio.sleep(LOOK_S)

    async def _take_notes(self) -> None:
        """What was done at the command line, into the journal; the file goes when the record is durable."""
        for desk in self._desks:
            for file, note in await asyncio.to_thread(waiting, desk.folder):
                if note is not None:
                    self._explained.add(note.fingerprint)
                    done = Done(TrustAnswer(), note.fingerprint, note.fields)
                    event = EVENTS.get(note.act, "certificate.changed")
                    more = {"act": note.act, "reason": note.reason}
                    await self._record(
                        event, Principal(note.user, "local", "hmi trust"), done, more, note.time
                    )
                await asyncio.to_thread(file.unlink, missing_ok=True)

    async def _look_again(self, *, force: bool = False) -> None:
        signature = await asyncio.to_thread(_signature, self._folders())
        due = monotonic_ns() - self._looked_at > AGAIN_NS
        if signature == self._signature and not due and not force:
            return
        before = self._signature
        looked = await asyncio.to_thread(self._look_around, signature)
        self._signature, self._looked_at = looked.signature, monotonic_ns()
        for name, why in looked.no_longer_trusted.items():
            self._drop(name, why)
        self._judge(looked)
        await self._note_changes_by_hand(looked.decided)
        if before != looked.signature:
            self._tell("certificates", self.counts)

    def _drop_users(self, act: str, done: Done) -> None:
        """What a person refused is used no longer, whatever its files say by now."""
        if act in {"reject", "remove"} and not done.answer.refusal:
            for name in done.fields.get("connections", ()):
                self._drop(name, tr("its certificate was refused by a person"))

    def _drop(self, name: str, why: str) -> None:
        link = self.acquisition.links.get(name) if self.acquisition else None
        if link is not None and link.state == "up":
            log.warning("Connection %s is closed: %s.", name, why)
            link.drop(why)

    def _folders(self) -> list[Path]:
        return [*(desk.folder / part for desk in self._desks for part in _WATCHED), self._tls.folder]

    def _look_around(self, signature: Signature) -> _Looked:
        ended = {name: why for desk in self._desks for name, why in desk.no_longer_trusted().items()}
        known = {key: value for desk in self._desks for key, value in decided(desk.folder).items()}
        days = {name: left for folder, name in self._served.items() if (left := own_days(folder)) is not None}
        return _Looked(signature, look(self._desks, {}), _days_left(self._tls), days, ended, known)

    def _judge(self, looked: _Looked) -> None:
        """Counts for the stations, alarms for what ends soon."""
        found = looked.found
        ending = {OWN: urgency(found.own)} if found.own is not None else {}
        if looked.stations_days is not None:
            ending[STATIONS] = urgency_of(looked.stations_days)
        ending |= {f"export/{name}": urgency_of(days) for name, days in looked.served_days.items()}
        links = self.acquisition.links if self.acquisition else {}
        shown = [(one, offer) for one in found.certificates if one.place != "denied" for offer in one.offers]
        for one, offer in shown:
            if offer.connection in links:
                key = f"link/{offer.connection}"
                ending[key] = _sooner(ending.get(key, 0), urgency(one))
        counts = {"waiting": found.waiting, "expiring": sum(days > 0 for days in ending.values())}
        self.counts = {name: number for name, number in counts.items() if number}
        soon = {key: days for key, days in ending.items() if days}
        self._put(self._alarms.certificates_are(soon, self._clock.now_ns()))

    async def _note_changes_by_hand(self, now: Mapping[str, tuple[str, str]]) -> None:
        """Files that came or went without an act: somebody with access to the folder did that."""
        before, self._decided = self._decided, now
        changed = {
            key for key in (before.keys() | now.keys() if before is not None else ())
            if before is not None and before.get(key) != now.get(key)
        }  # fmt: skip
        if changed - self._explained:
            await asyncio.sleep(NOTE_S)  # the note of an act at the command line follows its files
            await self._take_notes()
        for fingerprint in sorted(changed - self._explained):
            place, subject = now.get(fingerprint) or ("", before[fingerprint][1] if before else "")
            text = tr("changed in the folder of certificates, not by an act of a person that is known here")
            payload = {"name": subject, "fingerprint": fingerprint, "place": place, "text": text}
            object_id, now_ns = self._object_id(fingerprint), self._clock.now_ns()
            entry = Entry(Kind.AUDIT, "certificate.changed", SYSTEM, object_id, now_ns, payload)
            await self._journal.append(entry)
        self._explained.clear()


def _sooner(one: int, other: int) -> int:
    """Of two steps the one with fewer days; 0 is none."""
    return min(filter(None, (one, other)), default=0)


def _days_left(tls: TlsFolder) -> float | None:
    """Of the certificate that stations on other machines see; None where there is none that can be read."""
    try:
        ends = tls.show().valid_to if tls.is_ready else None
    except ConfigurationError as error:
        log.error("%s", error)
        return None
    return None if ends is None else (ends.timestamp() * NS_PER_S - wall_ns()) / DAY_NS


def _signature(folders: Iterable[Path]) -> Signature:
    """Names, sizes and times of the files: another one means that something was changed."""
    found: list[tuple[str, int, int]] = []
    for folder in folders:
        with contextlib.suppress(OSError):  # not made yet, or a file that has just gone
            for entry in os.scandir(folder):
                state = entry.stat()
                found.append((entry.path, state.st_size, state.st_mtime_ns))
    return tuple(sorted(found))
