"""Federation: one RuntimeClient over several runtimes (design 2b.9). Built only for a station that opens more than one.

The first runtime is home: its plant, displays, mode and session are the station's. What a further runtime
``name`` holds is reached as ``name::reference``: tags and equipment by name, everything else by id. Nothing a
further runtime does or fails to do delays an answer of the home runtime.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from hmi.client._federated_alarms import FederatedAlarms
from hmi.client._federated_history import FederatedHistory
from hmi.client._federated_past import FederatedPast
from hmi.client._further import Further, mixed_modes
from hmi.client._prefix import Prefix
from hmi.client.alarms import AlarmDelta, AlarmDetails, Handover, JournalPage, JournalQuery
from hmi.client.certificates import Certificates, TrustAnswer
from hmi.client.comms import Comms, FrameAnswer, Frames, LineDetail, PointTest
from hmi.client.exports import ExportAnswer, Exports, QuarantinedRow
from hmi.client.past import PastMoment, Timeline
from hmi.client.people import AccountAnswer, AccountInfo, HoldRequest, SessionInfo, SignIn
from hmi.client.points import PointPage, joined
from hmi.client.port import (
    AlarmInfo,
    ClientFactory,
    Event,
    ImageFile,
    Listener,
    LiveUpdate,
    PlantInfo,
    ReloadResult,
    RuntimeClient,
    RuntimeStatus,
)
from hmi.client.socket import SocketClient
from hmi.client.what_if import AlarmEdit, AlarmSettings, WhatIfAnswer, WhatIfQuery
from hmi.client.why import Why
from hmi.core.commands import CommandResult, OperatorCommand, Selection
from hmi.core.errors import CommunicationError, WatchkeeperError
from hmi.core.holds import Holds
from hmi.core.identity import TagRef
from hmi.core.texts import tr
from hmi.core.values import Value

QUICK_S = 2.0
MOST_POINTS = 5_000


@dataclasses.dataclass(frozen=True, slots=True)
class FurtherRuntime:
    """What a federation is given for each further runtime.

    ``listener`` gets its live values and its link under their references; its alarms go to the home
    listener, into one list.
    """

    name: str
    factory: ClientFactory
    listener: Listener


class FederatedStatus(RuntimeStatus, frozen=True):
    """The home runtime's status with the links of all; ``further`` holds those of the others that answer."""

    further: dict[str, RuntimeStatus] = {}


class Federation(FederatedHistory):
    """Routes every verb by the prefix of what it names. Built inside a running loop."""

    def __init__(self, home: ClientFactory, listener: Listener, further: Iterable[FurtherRuntime]) -> None:
        self._further = {
            one.name: Further(one.name, one.factory, home=listener, own=one.listener) for one in further
        }
        self._home = home(_HomeListener(listener, self))
        self._alarms = FederatedAlarms(self._home, self._further, self._named)
        self._past = FederatedPast(self._home, self._further)

    async def status(self) -> RuntimeStatus:
        """The home runtime's answer; of the others what is known at this moment."""
        home = await self._home.status()
        for one in self._further.values():
            one.meet(home.mode)
        fields = msgspec.structs.asdict(home)
        fields["connections"] = [
            *home.connections,
            *(c for f in self._further.values() for c in f.connections),
        ]
        answering = {name: one.status for name, one in self._further.items() if one.status is not None}
        every = Counter(home.points)
        for status in answering.values():
            every.update(status.points)
        fields["points"] = dict(every)
        return FederatedStatus(**fields, further=answering)

    async def plant(self) -> PlantInfo:
        """The home plant with the tags and the equipment of all further runtimes known so far.

        An event ``plant`` tells when another one has become known. ``revision`` is the home plant's, then
        `` name:revision`` for each of the others, so that it is another one then.
        """
        home = await self._home.plant()
        for one in self._further.values():
            one.meet(home.mode)
        plants = {name: one.plant for name, one in self._further.items() if one.plant and not one.refusal}
        types = {one.name: one for plant in (*plants.values(), home) for one in plant.types}
        return msgspec.structs.replace(
            home,
            types=list(types.values()),
            revision=" ".join((home.revision, *(f"{name}:{p.revision}" for name, p in plants.items()))),
            tags=[*home.tags, *(tag for plant in plants.values() for tag in plant.tags)],
            instances=[*home.instances, *(one for plant in plants.values() for one in plant.instances)],
        )

    async def plant_at(self, at: int) -> PlantInfo:
        return await self._past.plant_at(at)

    async def alarms_at(self, at: int, until: int = 0) -> PastMoment:
        return await self._past.alarms_at(at, until)

    async def timeline(self, start: int, end: int, slots: int) -> Timeline:
        return await self._past.timeline(start, end, slots)

    async def subscribe(self, tags: Sequence[str], **options: Any) -> None:
        """Each runtime gets its own tags, with the same options."""
        references = [TagRef.parse(tag) for tag in tags]
        for name, one in self._further.items():
            one.want(tuple(ref.name for ref in references if ref.runtime == name), options)
        await self._home.subscribe([ref.name for ref in references if not ref.runtime], **options)

    async def why(self, tag: str, *, quick: bool = False) -> Why:
        reference = TagRef.parse(tag)
        if not reference.runtime:
            return await self._home.why(tag, quick=quick)
        answer = await self._named(reference.runtime).client.why(reference.name, quick=quick)
        return Prefix(reference.runtime).why(answer)

    async def points(self, *, state: str = "", area: str = "", after: int = 0, limit: int = 0) -> PointPage:
        """Those of the home runtime by pages; with its last page come those of the others that answer."""
        page = await self._home.points(state=state, area=area, after=after, limit=limit)
        if page.continuation or area:
            return page
        asked = [self._points_of(name, state) for name in self._further]
        return joined(page, await asyncio.gather(*asked))

    async def _points_of(self, runtime: str, state: str) -> PointPage | None:
        try:
            found = await self._named(runtime).client.points(state=state, limit=MOST_POINTS)
        except (WatchkeeperError, OSError):
            return None  # its link says so
        return Prefix(runtime).points(found)

    async def alarms(self, *, state: str = "active") -> list[AlarmInfo]:
        if state != "active":
            return await self._alarms.hidden(state)
        return [*await self._home.alarms(), *self.further_alarms()]

    def further_alarms(self) -> list[AlarmInfo]:
        """Rows of all further runtimes as last told; of a silent one with their value unknown."""
        return [row for one in self._further.values() for row in one.alarms]

    def further_counts(self) -> list[AlarmDelta]:
        """Counts, areas and floods of each further runtime as last told."""
        return [counts for one in self._further.values() if (counts := one.counts) is not None]

    async def alarm(self, alarm_id: str) -> AlarmDetails:
        return await self._alarms.details(alarm_id)

    async def acknowledge(self, occurrence_ids: Sequence[str], comment: str = "") -> list[str]:
        """Each at its own runtime; a further one that does not answer is a sentence, not an error of the others."""
        return await self._alarms.by_owner(
            occurrence_ids, lambda client, ids: client.acknowledge(ids, comment)
        )

    async def act_on_alarms(self, act: str, alarm_ids: Sequence[str], **given: Any) -> list[str]:
        """Each at its own runtime, as ``acknowledge``."""
        return await self._alarms.by_owner(
            alarm_ids, lambda client, ids: client.act_on_alarms(act, ids, **given)
        )

    async def silence(self, area: str = "") -> None:
        await self._alarms.silence(area)

    async def alarm_figures(self, *, start: int = 0, end: int = 0, area: str = "") -> dict[str, Any]:
        return await self._alarms.figures(start=start, end=end, area=area)

    async def what_if(self, query: WhatIfQuery) -> WhatIfAnswer:
        return await self._alarms.what_if(query)

    async def alarm_settings(self, alarm_id: str) -> AlarmSettings:
        return await self._alarms.settings(alarm_id)

    async def change_alarm(self, edit: AlarmEdit) -> ReloadResult:
        return await self._alarms.change(edit)

    async def search_journal(self, query: JournalQuery) -> JournalPage:
        return await self._alarms.search(query)

    async def note(self, object_id: str, text: str) -> None:
        await self._alarms.note(object_id, text)

    async def handover(self, since: int = 0) -> Handover:
        return await self._alarms.handover(since)

    async def submit(self, command: OperatorCommand) -> CommandResult:
        """To the one runtime that holds the tag, with the heartbeat that the asker saw of that runtime."""
        reference = TagRef.parse(command.tag_id)
        if not reference.runtime:
            return await self._home.submit(command)
        selection = TagRef.parse(command.selection).name
        own = dataclasses.replace(command, tag_id=reference.name, selection=selection)
        result = await self._named(reference.runtime).client.submit(own)
        return dataclasses.replace(result, tag_id=command.tag_id)

    async def select(self, tag_id: str, value: Value, heartbeat: int) -> Selection:
        """At the runtime that holds the tag."""
        reference = TagRef.parse(tag_id)
        if not reference.runtime:
            return await self._home.select(tag_id, value, heartbeat)
        found = await self._named(reference.runtime).client.select(reference.name, value, heartbeat)
        selection_id = reference.prefix + found.id if found.id else ""
        return dataclasses.replace(found, id=selection_id, tag_id=tag_id)

    async def deselect(self, selection_id: str) -> None:
        reference = TagRef.parse(selection_id)
        client = self._named(reference.runtime).client if reference.runtime else self._home
        await client.deselect(reference.name)

    async def holds(self) -> Holds:
        """Of the home runtime; those of the others come as their events."""
        return await self._home.holds()

    async def hold(self, request: HoldRequest) -> CommandResult:
        """At the runtime that holds the object."""
        reference = TagRef.parse(request.object_id or request.hold_id or request.area)
        if not reference.runtime:
            return await self._home.hold(request)
        own = msgspec.structs.replace(
            request,
            object_id=TagRef.parse(request.object_id).name,
            hold_id=TagRef.parse(request.hold_id).name,
            area=TagRef.parse(request.area).name,
        )
        result = await self._named(reference.runtime).client.hold(own)
        return dataclasses.replace(result, tag_id=request.object_id)

    async def sign_in(self, user: str, password: str, new_password: str = "") -> SignIn:
        """The home runtime decides; the others that know the account take it along."""
        answer = await self._home.sign_in(user, password, new_password)
        if answer.token:
            await self._others(lambda client: client.sign_in(user, new_password or password))
        return answer

    async def sign_out(self) -> None:
        await self._others(lambda client: client.sign_out())
        await self._home.sign_out()

    async def lock(self) -> None:
        await self._others(lambda client: client.lock())
        await self._home.lock()

    async def unlock(self, password: str) -> SignIn:
        answer = await self._home.unlock(password)
        if not answer.refusal:
            await self._others(lambda client: client.unlock(password))
        return answer

    async def elevate(self, user: str, password: str, seconds: float) -> SignIn:
        """At the home runtime alone."""
        return await self._home.elevate(user, password, seconds)

    async def touch(self) -> None:
        await self._others(lambda client: client.touch())
        await self._home.touch()

    async def _others(self, verb: Callable[[RuntimeClient], Awaitable[Any]]) -> None:
        """At each further runtime that answers in time; what one of them refuses stays refused there."""

        async def at(one: Further) -> None:
            with contextlib.suppress(WatchkeeperError, OSError, TimeoutError):
                one.check()
                async with asyncio.timeout(QUICK_S):
                    await verb(one.client)

        await asyncio.gather(*map(at, self._further.values()))

    async def session(self) -> SessionInfo:
        return await self._home.session()

    async def sign(
        self, user: str, password: str, meaning: str, *, command_id: str, object_id: str, value: Value
    ) -> str:
        """At the runtime that carries the command out."""
        reference = TagRef.parse(object_id)
        client = self._named(reference.runtime).client if reference.runtime else self._home
        return await client.sign(
            user, password, meaning, command_id=command_id, object_id=reference.name, value=value
        )

    async def accounts(self) -> list[AccountInfo]:
        """Those of the home runtime."""
        return await self._home.accounts()

    async def act_on_account(
        self,
        act: str,
        user: str,
        *,
        name: str = "",
        password: str = "",
        roles: Sequence[str] = (),
        area: str = "",
    ) -> AccountAnswer:
        return await self._home.act_on_account(
            act, user, name=name, password=password, roles=roles, area=area
        )

    async def certificates(self) -> Certificates:
        """Of the home runtime: each runtime is asked by a station of its own."""
        return await self._home.certificates()

    async def trust(self, act: str, fingerprint: str, reason: str) -> TrustAnswer:
        return await self._home.trust(act, fingerprint, reason)

    async def comms(self) -> Comms:
        """Of the home runtime: each runtime is asked by a station of its own."""
        return await self._home.comms()

    async def comms_of(self, connection: str) -> LineDetail:
        return await self._home.comms_of(connection)

    async def frames(self, connection: str, *, after: int = 0, raw: bool = False) -> Frames:
        return await self._home.frames(connection, after=after, raw=raw)

    async def log_frames(self, connection: str, seconds: float, reason: str = "") -> FrameAnswer:
        return await self._home.log_frames(connection, seconds, reason)

    async def read_point(self, tag: str) -> PointTest:
        """From the runtime that the tag belongs to."""
        reference = TagRef.parse(tag)
        client = self._named(reference.runtime).client if reference.runtime else self._home
        return await client.read_point(reference.name)

    async def exports(self) -> Exports:
        """Of the home runtime: each runtime delivers its own data."""
        return await self._home.exports()

    async def quarantine(self, job: str) -> list[QuarantinedRow]:
        return await self._home.quarantine(job)

    async def ask_export(
        self, act: str, job: str, reason: str, *, start: int = 0, end: int = 0
    ) -> ExportAnswer:
        return await self._home.ask_export(act, job, reason, start=start, end=end)

    async def journal(
        self, *, after: int = 0, kind: str = "", limit: int = 200, object_id: str = ""
    ) -> list[dict[str, Any]]:
        """Of the runtime that ``object_id`` belongs to; ``name::`` alone means all records of that runtime."""
        reference = TagRef.parse(object_id)
        if not reference.runtime:
            return await self._home.journal(after=after, kind=kind, limit=limit, object_id=object_id)
        client = self._named(reference.runtime).client
        records = await client.journal(after=after, kind=kind, limit=limit, object_id=reference.name)
        return Prefix(reference.runtime).records(records)

    async def image(self, name: str, known: str = "") -> ImageFile:
        """Of the home runtime, as the displays are."""
        return await self._home.image(name, known)

    async def reload(self) -> ReloadResult:
        """Of the home runtime: each runtime has its own plant folder."""
        return await self._home.reload()

    async def simulator(self, verb: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Of the home runtime: each simulated plant has its own instructor."""
        return await self._home.simulator(verb, arguments)

    async def close(self) -> None:
        await asyncio.gather(
            self._home.close(), *(one.close() for one in self._further.values()), return_exceptions=True
        )

    def home_returned(self) -> None:
        for one in self._further.values():
            one.doubt_home()

    def _named(self, runtime: str) -> Further:
        """Raises when that runtime may not or cannot be asked."""
        one = self._further.get(runtime)
        if one is None:
            raise CommunicationError(tr("this station has no runtime {name}", name=runtime))
        one.check()
        return one


def socket_clients(
    data: Path, further: Mapping[str, Path], listeners: Mapping[str, Listener]
) -> ClientFactory:
    """The client of a station: of one runtime by itself when there are no further ones, else a federation."""

    def of(folder: Path) -> ClientFactory:
        return lambda listener: SocketClient(folder, listener)

    if not further:
        return of(data)
    others = [FurtherRuntime(name, of(folder), listeners[name]) for name, folder in further.items()]
    return lambda listener: Federation(of(data), listener, others)


async def mixed_problem(data: Path, further: Mapping[str, Path]) -> str:
    """One sentence when a further runtime that answers now runs in another mode than the home runtime."""
    home, *others = await asyncio.gather(_mode_of(data), *map(_mode_of, further.values()))
    pairs = zip(further, others, strict=True)
    first = tr("the home runtime")
    problems = (mixed_modes(first, home, name, mode) for name, mode in pairs if home and mode)
    return next((problem for problem in problems if problem), "")


async def _mode_of(data: Path) -> str:
    """Empty when the runtime does not answer now."""
    client = SocketClient(data, Deaf())
    try:
        async with asyncio.timeout(QUICK_S):
            return (await client.status()).mode
    except (WatchkeeperError, OSError):
        return ""
    finally:
        await client.close()


class Deaf:
    """A listener for a client that is only asked."""

    def on_live(self, update: LiveUpdate) -> None: ...

    def on_event(self, event: Event) -> None: ...

    def on_link(self, up: bool, text: str) -> None: ...


class _HomeListener:
    """What the home client tells, unchanged, but for lists of alarms, which get those of the others."""

    def __init__(self, listener: Listener, federation: Federation) -> None:
        self._listener, self._federation = listener, federation

    def on_live(self, update: LiveUpdate) -> None:
        self._listener.on_live(update)

    def on_event(self, event: Event) -> None:
        if event.kind == "alarms":
            event = Event(event.seq, event.kind, [*event.payload, *self._federation.further_alarms()])
            self._listener.on_event(event)
            for counts in self._federation.further_counts():
                self._listener.on_event(Event(0, "alarm_changes", counts))
            return
        self._listener.on_event(event)

    def on_link(self, up: bool, text: str) -> None:
        if up:
            self._federation.home_returned()
        self._listener.on_link(up, text)
