"""The API, version 1: HTTP reads and requests, a WebSocket for what is live (docs/api.md)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from hmi.client.points import POINT_STATES
from hmi.client.port import API_VERSION, ConnectionInfo, RuntimeStatus
from hmi.core.principal import DEMO_INSTRUCTOR, Principal, Role
from hmi.journal import record_dict
from hmi.runtime._accounts_api import AccountsApi
from hmi.runtime._alarm_api import AlarmApi
from hmi.runtime._certificates_api import CertificatesApi
from hmi.runtime._commands_api import CommandsApi
from hmi.runtime._comms_api import CommsApi
from hmi.runtime._exports_api import ExportsApi
from hmi.runtime._fanout import wire_value
from hmi.runtime._figures_api import FiguresApi
from hmi.runtime._health_api import HEALTH_PATH, HealthApi
from hmi.runtime._history_api import HistoryApi
from hmi.runtime._history_holds_api import HistoryHoldsApi
from hmi.runtime._holds_api import HoldsApi
from hmi.runtime._inquiry import Inquiry
from hmi.runtime._live import LOCAL, STATION, LiveHub
from hmi.runtime._log_api import log_verbs
from hmi.runtime._metrics_api import MetricsApi
from hmi.runtime._past_api import PastApi
from hmi.runtime._people import RefusalNotes
from hmi.runtime._people_api import PeopleApi
from hmi.runtime._plant_info import plant_info
from hmi.runtime._points import is_point_state
from hmi.runtime._reload_api import ReloadApi
from hmi.runtime._runtime import Runtime
from hmi.runtime._server import AnswersAfter
from hmi.runtime._verbs import BadRequest, NotFound, Raw, Verb, openapi, route
from hmi.runtime._what_if_api import WhatIfApi

JOURNAL_PAGE = 1_000
SESSION_HEADER = "watchkeeper-session"


class Api:
    """Handlers of the verbs; each gets a principal and its arguments."""

    def __init__(self, runtime: Runtime, hub: LiveHub) -> None:
        self._runtime, self._hub = runtime, hub
        self._inquiry = Inquiry(runtime)
        self._figures = FiguresApi(runtime)
        self._history = HistoryApi(runtime)
        self._what_if = WhatIfApi(runtime)
        self._past = PastApi(runtime)
        self.verbs = (*self._verbs(), *log_verbs(runtime, self._links))

    def app(self) -> ASGIApp:
        """The ASGI application."""
        note = RefusalNotes(self._runtime.people).note
        routes: list[Any] = [route(verb, self.principal_of, note) for verb in self.verbs]
        routes.append(WebSocketRoute("/v1/live", self._live))
        return AnswersAfter(self._runtime.has_taken_over, Starlette(routes=routes), at_once=HEALTH_PATH)

    def principal_of(self, request: HTTPConnection) -> Principal:
        """By the session in the header, at the station that the guard of its connection has named."""
        station = str(request.scope.get(STATION, LOCAL))
        token = request.headers.get(SESSION_HEADER, "")
        acts = request.scope.get("method") == "POST"
        return self._runtime.people.principal_of(token, station, acts=acts)

    def _verbs(self) -> tuple[Verb, ...]:
        return (
            Verb("GET", "/v1/status", Role.VIEW, self._status, "Which runtime this is, and how its links are."),
            Verb(
                "GET", "/v1/plant", Role.VIEW, self._plant_info,
                "The plant at its revision, or at that which was valid at a time (UTC ns); 304 where bytes with the "
                "SHA-256 `known` are those.",
                {"at": "integer", "known": "string"},
            ),
            Verb(
                "GET", "/v1/values", Role.VIEW, self._values, "Values with their status, live or at a time (UTC ns).",
                {"tag": "array", "at": "integer"},
            ),
            *self._history.verbs(),
            *HistoryHoldsApi(self._runtime).verbs(),
            Verb(
                "GET", "/v1/tags/{tag}/why", Role.VIEW, self._why,
                "Why a tag (id or name) has its value, hop by hop; `quick` 1 leaves its device unasked.",
                {"tag": "path", "quick": "integer"},
            ),
            Verb(
                "GET", "/v1/points", Role.VIEW, self._points,
                "Forced, simulated, manual, out_of_service, bad or stale points; without `state` the first four.",
                {"state": "string", "area": "string", "after": "integer", "limit": "integer"},
            ),
            *self._figures.verbs(),
            *self._what_if.verbs(),
            *self._past.verbs(),
            *AlarmApi(self._runtime).verbs(),
            *CertificatesApi(self._runtime).verbs(),
            *CommsApi(self._runtime).verbs(),
            *ExportsApi(self._runtime).verbs(),
            *HealthApi(self._runtime).verbs(),
            *MetricsApi(self._runtime).verbs(),
            *HoldsApi(self._runtime).verbs(),
            *PeopleApi(self._runtime).verbs(),
            *AccountsApi(self._runtime).verbs(),
            Verb(
                "GET", "/v1/journal", Role.VIEW, self._journal, "Records after a number; -1: the newest.",
                {"after": "integer", "kind": "string", "object_id": "string", "limit": "integer"},
            ),
            Verb(
                "GET", "/v1/images/{name}", Role.VIEW, self._image,
                "A PNG below images/ of the plant folder, with its SHA-256 as ETag; 304 where that is known.",
                {"name": "path", "known": "string"},
            ),
            Verb("GET", "/v1/openapi.json", Role.VIEW, self._openapi, "This description."),
            Verb("GET", "/v1/connections", Role.VIEW, self._connections, "Every connection with its figures."),
            *CommandsApi(self._runtime).verbs(),
            *ReloadApi(self._runtime).verbs(),
            Verb(
                "POST", "/v1/simulator", Role.INSTRUCTOR, self._simulator, "An instructor request (simulator mode).",
                {"verb": "string", "arguments": "object"},
            ),
        )  # fmt: skip

    async def _status(self, principal: Principal, given: Mapping[str, Any]) -> RuntimeStatus:
        s = self._runtime.services
        return RuntimeStatus(
            api=API_VERSION,
            runtime_id=s.data.runtime_id,
            run_id=s.simulator.run_id if s.simulator else s.run_id,
            plant_id=s.plant.id,
            revision=s.plant.revision,
            mode=s.mode.value,
            heartbeat=s.beats.number,
            session_time=s.clock.now_ns(),
            rate=self._runtime.session_rate,
            user=principal.user,
            roles=sorted(role.value for role in principal.roles),
            connections=self._links(),
            points=self._runtime.points.counts(),
            certificates=self._runtime.certificates.counts,
            session=self._runtime.people.info(principal),
            commands_blocked=self._runtime.people.blocked,
        )

    async def _plant_info(self, principal: Principal, given: Mapping[str, Any]) -> Any:
        if given["at"]:
            return await self._past.plant_at(given["at"])
        kept, runtime = self._runtime.services.kept_info, self._runtime
        if kept is None or runtime.info is not None:
            return runtime.info
        headers = {"etag": f'"{kept.digest}"'}
        if kept.digest == given["known"]:
            return Raw(b"", "application/json", 304, headers)
        if (content := await asyncio.to_thread(kept.read)) is not None:
            return Raw(content, "application/json", 200, headers)
        plant = runtime.plant
        found = await asyncio.to_thread(plant_info, plant, runtime.services.mode)
        if runtime.plant is plant:
            runtime.info = found
        return found

    async def _values(self, principal: Principal, given: Mapping[str, Any]) -> Any:
        s = self._runtime.services
        found: dict[str, Any] = {}
        names = given["tag"] or self._runtime.handles
        for name in names:
            if name not in self._runtime.handles:
                raise BadRequest(f"there is no tag {name!r}")
        if not given["at"]:
            self._runtime.scan.glance([self._runtime.handles[name] for name in names])
        if given["at"]:
            ids = [self._runtime.plant.by_name[name].id for name in names]
            values = await asyncio.to_thread(self._runtime.values_at, ids, given["at"])
        else:
            values = [s.tags.values[name] for name in names]
        for name, value in zip(names, values, strict=True):
            found[name] = [wire_value(value.value), value.status, value.source_time, value.receive_time]
        return {"ages": s.tags.ages_ms(), "limits": s.tags.limits_ms(), "values": found}

    async def _why(self, principal: Principal, given: Mapping[str, Any]) -> Any:
        plant = self._runtime.plant
        tag = plant.by_name.get(given["tag"]) or plant.by_id.get(given["tag"])
        if tag is None:
            raise NotFound(f"there is no tag {given['tag']!r}")
        return await self._inquiry.why(tag, quick=bool(given["quick"]))

    async def _points(self, principal: Principal, given: Mapping[str, Any]) -> Any:
        """Whoever looks at the list wakes all points: one at rest may have been forced meanwhile."""
        state, after = given["state"], given["after"]
        if not is_point_state(state):
            raise BadRequest(f"there is no state {state!r}; use one of: {', '.join(POINT_STATES)}")
        if after < 0 or given["limit"] < 0:
            raise BadRequest("after and limit are not negative")
        self._runtime.scan.glance(list(self._runtime.handles.values()))
        tags, now = self._runtime.services.tags, self._runtime.services.clock.now_ns()
        return self._runtime.points.page(
            tags.latest, now, state=state, area=given["area"], after=after, limit=given["limit"]
        )

    async def _image(self, principal: Principal, given: Mapping[str, Any]) -> Raw:
        folder = Path(self._runtime.plant.folder)
        return await asyncio.to_thread(_image_of, folder, given["name"], given["known"])

    async def _journal(self, principal: Principal, given: Mapping[str, Any]) -> Any:
        journal = self._runtime.services.journal
        limit = _page(given["limit"], 200, JOURNAL_PAGE)
        chosen = {"kind": given["kind"], "object_id": given["object_id"]}
        if given["after"] < 0:
            records = await journal.last(limit, **chosen)
        else:
            records = await journal.read(after=given["after"], limit=limit, **chosen)
        return [record_dict(record) for record in records]

    async def _connections(self, principal: Principal, given: Mapping[str, Any]) -> Any:
        return self._links()

    async def _simulator(self, principal: Principal, given: Mapping[str, Any]) -> Any:
        arguments = given.get("arguments", {})
        if not isinstance(arguments, dict):
            raise BadRequest("arguments is not an object")
        asker = DEMO_INSTRUCTOR if principal.session == DEMO_INSTRUCTOR.session else principal
        return await self._runtime.instruct(asker, str(given.get("verb", "")), arguments)

    def _links(self) -> list[ConnectionInfo]:
        acquisition = self._runtime.acquisition
        links = acquisition.links.values() if acquisition else ()
        return [
            ConnectionInfo(
                name=link.name, driver=link.definition.driver, state=link.state, since=link.since, text=link.text,
                units=self._runtime.units.of(link.name), figures=link.figures(),
            )
            for link in links
        ]  # fmt: skip

    async def _openapi(self, principal: Principal, given: Mapping[str, Any]) -> Any:
        return openapi(self.verbs)

    async def _live(self, socket: WebSocket) -> None:
        if not self.principal_of(socket).has(Role.VIEW):
            await socket.close(code=1008)
            return
        await socket.accept()
        await self._hub.serve(socket)


def _page(asked: int, usual: int, most: int) -> int:
    """How many records one answer holds; 0 asks for the usual number, a negative one is refused."""
    if asked < 0:
        raise BadRequest(f"limit={asked} is negative")
    return min(asked or usual, most)


def _image_of(folder: Path, name: str, known: str) -> Raw:
    """Reads a file; what judges pictures is imported with the first one."""
    from hmi.runtime._images import image_answer

    return image_answer(folder, name, known)
