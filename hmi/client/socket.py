"""SocketClient: RuntimeClient over the socket of a runtime, on this machine or another one, reconnecting by itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import httpx
import msgspec
from msgspec.structs import asdict, replace
from websockets.asyncio.connection import Connection
from websockets.exceptions import WebSocketException

from hmi.client._decode import LiveDecoder, command_result, converted, event_of, selection_of
from hmi.client._socket_history import SocketHistory
from hmi.client._transport import (
    Endpoint,
    check_token,
    endpoint_in,
    http_client,
    live_connect,
    sentence_of,
)
from hmi.client.alarms import AlarmDetails, Handover, JournalPage, JournalQuery
from hmi.client.certificates import Certificates, TrustAnswer
from hmi.client.comms import Comms, FrameAnswer, Frames, LineDetail, PointTest
from hmi.client.exports import ExportAnswer, Exports, QuarantinedRow
from hmi.client.kept_plant import kept_bytes
from hmi.client.past import PastMoment, Timeline
from hmi.client.people import AccountAnswer, AccountInfo, HoldRequest, SessionInfo, SignIn, holds_of
from hmi.client.points import PointPage
from hmi.client.port import (
    AlarmInfo,
    ImageFile,
    Lane,
    Listener,
    PlantInfo,
    ReloadResult,
    RuntimeStatus,
    Subscription,
)
from hmi.client.what_if import AlarmEdit, AlarmSettings, WhatIfAnswer, WhatIfQuery
from hmi.client.why import Why
from hmi.core import heap
from hmi.core.clock import monotonic_ns
from hmi.core.commands import CommandResult, OperatorCommand, Selection
from hmi.core.errors import AccessRefused, CommunicationError
from hmi.core.holds import Holds
from hmi.core.values import Value

log = logging.getLogger(__name__)

SILENCE_S = 2.0
RECONNECT_S = 0.3
LOOK_S = 0.1  # for the address of a runtime that has none yet: asks a file
ANSWER_S = 15.0
COMMAND_S = 180.0  # a command is answered after the process followed it; only then is a lost answer one
MESSAGE_LIMIT = 64_000_000
IDS_AT_ONCE = 5_000
SESSION_HEADER = "watchkeeper-session"
SLOW_LIMIT = httpx.Timeout(ANSWER_S, read=COMMAND_S)
_decode = msgspec.msgpack.Decoder().decode
_encode = msgspec.msgpack.Encoder().encode
_json = msgspec.json.Encoder().encode


class SocketClient(SocketHistory):
    """Built inside a running loop; starts its live connection at once and keeps it.

    A live connection that is silent for 2 s counts as lost. After a loss the subscription is made again and
    a snapshot follows.
    """

    def __init__(self, data: Path, listener: Listener) -> None:
        self._data, self._listener = data, listener
        self._wanted, self._position = Subscription(()), 0
        self._http: httpx.AsyncClient | None = None
        self._socket: Connection | None = None
        self._endpoint: Endpoint | None = None
        self._down_text, self._session = "", ""
        self._known: asyncio.Task[tuple[str, PlantInfo] | None] | None = None
        self._asked_plant = False
        self._keeper = asyncio.get_running_loop().create_task(self._keep(), name="live connection")

    async def status(self) -> RuntimeStatus:
        return converted(await self._get("/v1/status"), RuntimeStatus)

    async def plant(self) -> PlantInfo:
        """What was kept of an earlier start is not sent again while the runtime has the very same."""
        if not self._asked_plant:  # mostly before the runtime is there
            self._asked_plant = True
            self._known = asyncio.create_task(asyncio.to_thread(_kept_plant, self._data))
        known = await self._known if self._known is not None else None
        query = {"known": known[0]} if known else {}
        response = await self._response("GET", "/v1/plant", params=query)
        if known and response.status_code == 304:
            return known[1]
        self._known = None  # another plant: what is kept does not come back
        return converted(_content(response), PlantInfo)

    async def plant_at(self, at: int) -> PlantInfo:
        return converted(await self._get("/v1/plant", {"at": at}), PlantInfo)

    async def alarms_at(self, at: int, until: int = 0) -> PastMoment:
        return converted(await self._get("/v1/alarms/past", {"at": at, "until": until}), PastMoment)

    async def timeline(self, start: int, end: int, slots: int) -> Timeline:
        query = {"start": start, "end": end, "slots": slots}
        return converted(await self._get("/v1/timeline", query), Timeline)

    async def subscribe(
        self,
        tags: Sequence[str],
        *,
        lane: Lane = "latest",
        at: int | None = None,
        until: int | None = None,
        rate: float = 1.0,
    ) -> None:
        self._wanted, self._position = Subscription(tuple(tags), lane, at, until, rate), 0
        if self._socket is not None:
            with contextlib.suppress(WebSocketException):  # made again with the next connection
                await self._subscribe(self._socket)

    async def why(self, tag: str, *, quick: bool = False) -> Why:
        query = {"quick": 1} if quick else {}
        return converted(await self._get(f"/v1/tags/{quote(tag)}/why", query), Why)

    async def points(self, *, state: str = "", area: str = "", after: int = 0, limit: int = 0) -> PointPage:
        query = {"state": state, "area": area, "after": after, "limit": limit}
        return converted(await self._get("/v1/points", query), PointPage)

    async def alarms(self, *, state: str = "active") -> list[AlarmInfo]:
        return converted(await self._get("/v1/alarms", {"state": state}), list[AlarmInfo])

    async def alarm(self, alarm_id: str) -> AlarmDetails:
        return converted(await self._get(f"/v1/alarms/{quote(alarm_id)}"), AlarmDetails)

    async def act_on_alarms(
        self,
        act: str,
        alarm_ids: Sequence[str],
        *,
        seconds: float = 0,
        one_shot: bool = False,
        reason: str = "",
        comment: str = "",
    ) -> list[str]:
        more = {"act": act, "seconds": seconds, "one_shot": one_shot, "reason": reason, "comment": comment}
        return await self._in_portions("/v1/alarms/act", "alarm_ids", alarm_ids, more)

    async def silence(self, area: str = "") -> None:
        await self._post("/v1/alarms/silence", {"area": area})

    async def alarm_figures(self, *, start: int = 0, end: int = 0, area: str = "") -> dict[str, Any]:
        """A long range takes its time to be read."""
        query = {"start": start, "end": end, "area": area}
        answer = await self._request("GET", "/v1/alarms/figures", params=query, timeout=SLOW_LIMIT)
        return converted(answer, dict[str, Any])

    async def what_if(self, query: WhatIfQuery) -> WhatIfAnswer:
        """The runtime says how far it is after a moment."""
        changes = [f"{name}={text}" for name, text in query.changes.items()]
        given = {"alarm_id": query.alarm_id, "change": changes, "start": query.start, "end": query.end}
        return converted(await self._get("/v1/alarms/what-if", given), WhatIfAnswer)

    async def alarm_settings(self, alarm_id: str) -> AlarmSettings:
        return converted(await self._get("/v1/alarms/settings", {"alarm_id": alarm_id}), AlarmSettings)

    async def change_alarm(self, edit: AlarmEdit) -> ReloadResult:
        """A large plant takes its time to be read and checked."""
        content = _json(asdict(edit))
        answer = await self._request("POST", "/v1/alarms/change", content=content, timeout=SLOW_LIMIT)
        return converted(answer, ReloadResult)

    async def search_journal(self, query: JournalQuery) -> JournalPage:
        given = {name: value for name, value in asdict(query).items() if value}
        return converted(await self._get("/v1/journal/search", given), JournalPage)

    async def note(self, object_id: str, text: str) -> None:
        await self._post("/v1/notes", {"object_id": object_id, "text": text})

    async def handover(self, since: int = 0) -> Handover:
        return converted(await self._get("/v1/handover", {"since": since}), Handover)

    async def acknowledge(self, occurrence_ids: Sequence[str], comment: str = "") -> list[str]:
        more = {"comment": comment}
        return await self._in_portions("/v1/alarms/acknowledge", "occurrence_ids", occurrence_ids, more)

    async def _in_portions(
        self, path: str, name: str, ids: Sequence[str], more: Mapping[str, Any]
    ) -> list[str]:
        """Each portion is sent once; a lost answer ends it."""
        problems: list[str] = []
        for start in range(0, max(len(ids), 1), IDS_AT_ONCE):
            body = {name: list(ids[start : start + IDS_AT_ONCE]), **more}
            problems += converted(await self._post(path, body), list[str])
        return problems

    async def submit(self, command: OperatorCommand) -> CommandResult:
        """Sent once: a lost answer is an error for the asker, never a second request."""
        answer = await self._request("POST", "/v1/commands", content=_json(command), timeout=SLOW_LIMIT)
        return command_result(converted(answer, dict[str, Any]))

    async def select(self, tag_id: str, value: Value, heartbeat: int) -> Selection:
        body = {"tag_id": tag_id, "value": value, "heartbeat": heartbeat}
        return selection_of(converted(await self._post("/v1/commands/select", body), dict[str, Any]))

    async def deselect(self, selection_id: str) -> None:
        await self._post("/v1/commands/deselect", {"selection": selection_id})

    async def holds(self) -> Holds:
        return holds_of(converted(await self._get("/v1/holds"), dict[str, Any]))

    async def hold(self, request: HoldRequest) -> CommandResult:
        """Sent once, as a command is."""
        return command_result(converted(await self._post("/v1/holds", request), dict[str, Any]))

    async def sign_in(self, user: str, password: str, new_password: str = "") -> SignIn:
        body = {"user": user, "password": password, "new_password": new_password}
        return self._signed_in(await self._post("/v1/session", body))

    async def sign_out(self) -> None:
        await self._post("/v1/session/end", {})
        self._session = ""

    async def lock(self) -> None:
        await self._post("/v1/session/lock", {})

    async def unlock(self, password: str) -> SignIn:
        return self._signed_in(await self._post("/v1/session/unlock", {"password": password}))

    async def elevate(self, user: str, password: str, seconds: float) -> SignIn:
        body = {"user": user, "password": password, "seconds": seconds}
        return self._signed_in(await self._post("/v1/session/elevate", body))

    async def touch(self) -> None:
        await self._post("/v1/session/touch", {})

    async def session(self) -> SessionInfo:
        return converted(await self._get("/v1/session"), SessionInfo)

    async def sign(
        self, user: str, password: str, meaning: str, *, command_id: str, object_id: str, value: Value
    ) -> str:
        body = {
            "user": user, "password": password, "meaning": meaning,
            "command_id": command_id, "object_id": object_id, "value": value,
        }  # fmt: skip
        return str(converted(await self._post("/v1/signatures", body), dict[str, Any])["id"])

    def _signed_in(self, body: bytes) -> SignIn:
        """A new token takes the place of the one before; a refusal leaves that as it was."""
        answer = converted(body, SignIn)
        self._session = answer.token or self._session
        return answer

    async def accounts(self) -> list[AccountInfo]:
        return converted(await self._get("/v1/accounts"), list[AccountInfo])

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
        body = {"act": act, "user": user, "name": name, "password": password, "roles": [*roles], "area": area}
        return converted(await self._post("/v1/accounts", body), AccountAnswer)

    async def certificates(self) -> Certificates:
        return converted(await self._get("/v1/certificates"), Certificates)

    async def trust(self, act: str, fingerprint: str, reason: str) -> TrustAnswer:
        body = {"fingerprint": fingerprint, "reason": reason}
        return converted(await self._post(f"/v1/certificates/{quote(act)}", body), TrustAnswer)

    async def comms(self) -> Comms:
        return converted(await self._get("/v1/comms"), Comms)

    async def comms_of(self, connection: str) -> LineDetail:
        return converted(await self._get(_of(connection)), LineDetail)

    async def frames(self, connection: str, *, after: int = 0, raw: bool = False) -> Frames:
        query = {"after": after, "raw": int(raw)}
        return converted(await self._get(f"{_of(connection)}/frames", query), Frames)

    async def log_frames(self, connection: str, seconds: float, reason: str = "") -> FrameAnswer:
        body = {"seconds": seconds, "reason": reason}
        return converted(await self._post(f"{_of(connection)}/frames", body), FrameAnswer)

    async def read_point(self, tag: str) -> PointTest:
        return converted(await self._get(f"/v1/tags/{quote(tag)}/read"), PointTest)

    async def exports(self) -> Exports:
        return converted(await self._get("/v1/exports"), Exports)

    async def quarantine(self, job: str) -> list[QuarantinedRow]:
        return converted(
            await self._get(f"/v1/exports/{quote(job, safe='')}/quarantine"), list[QuarantinedRow]
        )

    async def ask_export(
        self, act: str, job: str, reason: str, *, start: int = 0, end: int = 0
    ) -> ExportAnswer:
        body = {"act": act, "reason": reason, "start": start, "end": end}
        return converted(await self._post(f"/v1/exports/{quote(job, safe='')}/ask", body), ExportAnswer)

    async def journal(
        self, *, after: int = 0, kind: str = "", limit: int = 200, object_id: str = ""
    ) -> list[dict[str, Any]]:
        query = {"after": after, "kind": kind, "limit": limit, "object_id": object_id}
        return converted(await self._get("/v1/journal", query), list[dict[str, Any]])

    async def image(self, name: str, known: str = "") -> ImageFile:
        query = {"known": known} if known else {}
        response = await self._response("GET", f"/v1/images/{quote(name)}", params=query)
        if response.status_code == 304:
            return ImageFile(known)
        if response.status_code == 404:
            return ImageFile(problem=_error_text(response))
        return ImageFile(response.headers.get("etag", "").strip('"'), _content(response))

    async def reload(self) -> ReloadResult:
        """A large plant takes its time to be read and checked."""
        answer = await self._request("POST", "/v1/reload", content=b"{}", timeout=SLOW_LIMIT)
        return converted(answer, ReloadResult)

    async def simulator(self, verb: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        body = {"verb": verb, "arguments": dict(arguments)}
        return converted(await self._post("/v1/simulator", body), dict[str, Any])

    async def close(self) -> None:
        self._keeper.cancel()
        await asyncio.wait([self._keeper])
        if self._http is not None:
            await self._http.aclose()

    # ------------------------------------------------------------------ HTTP

    async def _get(self, path: str, query: Mapping[str, Any] | None = None) -> bytes:
        return await self._request("GET", path, params=dict(query or {}))

    async def _post(self, path: str, body: Any) -> bytes:
        return await self._request("POST", path, content=_json(body))

    async def _request(self, method: str, path: str, **content: Any) -> bytes:
        return _content(await self._response(method, path, **content))

    async def _response(self, method: str, path: str, **content: Any) -> httpx.Response:
        headers = {SESSION_HEADER: self._session} if self._session else {}
        client = await self._http_client()
        try:
            response = await client.request(method, path, headers=headers, **content)
        except (httpx.HTTPError, OSError) as error:
            raise sentence_of(error, self._endpoint) or CommunicationError(
                f"the runtime does not answer: {error or type(error).__name__}"
            ) from error
        check_token(response, self._endpoint)
        return response

    async def _http_client(self) -> httpx.AsyncClient:
        if self._http is None:
            endpoint = await endpoint_in(self._data)
            if self._http is None:  # another request was not quicker meanwhile
                self._endpoint, self._http = endpoint, http_client(endpoint, ANSWER_S)
        return self._http

    # ------------------------------------------------------------------ live

    async def _keep(self) -> None:
        while True:
            endpoint = None
            try:
                endpoint = await endpoint_in(self._data)
                await self._live_once(endpoint)
                text = "the runtime closed the connection"
            except TimeoutError:
                text = f"the runtime was silent for {SILENCE_S:g} s"
            except (CommunicationError, OSError, WebSocketException) as error:
                text = str(sentence_of(error, endpoint) or error) or type(error).__name__
            except Exception as error:
                # The border of the live connection: a message or a listener at fault costs one connection.
                log.exception("The live connection failed.")
                text = f"internal fault: {type(error).__name__}: {error}"
            await self._down(text)
            await asyncio.sleep(RECONNECT_S if endpoint is not None else LOOK_S)

    async def _down(self, text: str) -> None:
        self._tell_down(text)
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    def _tell_down(self, text: str) -> None:
        """Once for each different text."""
        self._socket = None
        if text != self._down_text:
            self._down_text = text
            self._listener.on_link(False, text)

    async def _live_once(self, endpoint: Endpoint) -> None:
        async with live_connect(endpoint, silence_s=SILENCE_S, limit=MESSAGE_LIMIT) as live:
            self._socket, self._down_text = live, ""
            self._listener.on_link(True, "")
            async with asyncio.timeout(SILENCE_S):
                await self._subscribe(live)
            decoder = LiveDecoder()
            while True:
                data = await self._next(live)
                self._take(decoder, cast("dict[str, Any]", _decode(data)))

    async def _next(self, live: Connection) -> bytes:
        """The next message; silence is told at once, before the connection is closed."""
        try:
            async with asyncio.timeout(SILENCE_S):
                return await live.recv(decode=False)
        except TimeoutError:
            self._tell_down(f"the runtime was silent for {SILENCE_S:g} s")
            raise

    def _take(self, decoder: LiveDecoder, message: dict[str, Any]) -> None:
        if message["t"] == "ev":
            self._listener.on_event(event_of(message))
            return
        update = decoder.live(message, monotonic_ns())
        if update.at and (self._position or update.snapshot):
            self._position = update.at
        self._listener.on_live(update)

    async def _subscribe(self, live: Connection) -> None:
        await live.send(_encode(sub_message(resumed(self._wanted, self._position))))


def _of(connection: str) -> str:
    return f"/v1/comms/{quote(connection, safe='')}"


def _content(response: httpx.Response) -> bytes:
    """The body of an answer; an error of the runtime is raised in its own words."""
    if response.status_code == 200:
        return response.content
    text = _error_text(response)
    raise AccessRefused(text) if response.status_code == 403 else CommunicationError(text)


def resumed(wanted: Subscription, position: int) -> Subscription:
    """A subscription to the past goes on at ``position``, the last instant that arrived of it."""
    if wanted.at is None or wanted.until is None or not wanted.at <= position <= wanted.until:
        return wanted
    return replace(wanted, at=position)


def sub_message(wanted: Subscription) -> dict[str, Any]:
    """The message that asks for it; what is as usual is left out, so that every runtime understands it."""
    usual = asdict(Subscription(wanted.tags))
    other = {name: value for name, value in asdict(wanted).items() if value != usual[name]}
    return {"t": "sub", "tags": wanted.tags, **other}


def _kept_plant(data: Path) -> tuple[str, PlantInfo] | None:
    """Digest and plant as they were kept for an earlier start; read while the runtime is still starting."""
    kept = kept_bytes(data)
    content = kept.read() if kept is not None else None
    if kept is None or content is None:
        return None
    try:
        with heap.at_rest():
            plant = converted(content, PlantInfo)
            heap.keep_all()  # a million objects that nobody has to look at while the runtime starts
    except CommunicationError:  # of another version of the program
        return None
    return kept.digest, plant


def _error_text(response: httpx.Response) -> str:
    try:
        return str(msgspec.json.decode(response.content, type=dict[str, Any])["error"])
    except (msgspec.MsgspecError, KeyError):
        return f"the runtime answered with {response.status_code}"
