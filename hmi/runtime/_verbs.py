"""A verb of the API declares who may use it; without a declaration it does not register."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from hmi.core.errors import AccessRefused, CommunicationError, StorageError, WatchkeeperError
from hmi.core.principal import Principal, Role

BODY_LIMIT = 1_000_000
BODY_S = 20.0
PATH = "path"
log = logging.getLogger(__name__)
_json = msgspec.json.Encoder(enc_hook=str).encode
Handler = Callable[[Principal, Mapping[str, Any]], Awaitable[Any]]
PrincipalOf = Callable[[Request], Principal]
NoteRefused = Callable[[Principal, str, str], None]
"""Principal, path of the verb, why."""


@dataclass(frozen=True, slots=True)
class Verb:
    """One route: method, path, the role it needs, its handler and a sentence for the OpenAPI document.

    ``parameters``: name -> JSON type of the query string (GET) or of the body (POST); ``path`` is a
    part of the path of either, slashes included. ``by_area``: the role has to hold somewhere, and the handler asks
    for it in the area of what is acted on. ``refused`` journals a request without the right; without it the API does.
    ``watched``: its handler is cancelled when the client goes away.
    """

    method: str
    path: str
    role: Role | None
    handler: Handler
    summary: str
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    refused: Callable[[Principal, Mapping[str, Any]], Awaitable[None]] | None = None
    by_area: bool = False
    watched: bool = False

    def admits(self, principal: Principal) -> bool:
        """Deny by default: a verb without a role admits nobody."""
        if self.role is None:
            return False
        return principal.has_somewhere(self.role) if self.by_area else principal.has(self.role)


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer that is no JSON."""

    content: bytes
    media: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class BadRequest(WatchkeeperError):
    """The request does not fit its verb."""


class NotFound(WatchkeeperError):
    """There is nothing of that name."""


_STATUS: Mapping[type[Exception], int] = {
    NotFound: 404, BadRequest: 400, ClientDisconnect: 400, StorageError: 503, CommunicationError: 502,
}  # fmt: skip


def _not_noted(principal: Principal, verb: str, why: str) -> None:
    """Nobody keeps refusals."""


def route(verb: Verb, principal_of: PrincipalOf, note_refused: NoteRefused = _not_noted) -> Route:
    """The Starlette route; ValueError for a verb that does not say who may use it.

    ``note_refused`` hears of each POST that its principal has no right to.
    """
    role = verb.role
    if role is None:
        raise ValueError(f"{verb.method} {verb.path} does not declare a permission")

    async def endpoint(request: Request) -> Response:
        principal = principal_of(request)
        if not verb.admits(principal):
            await _tell_refused(verb, principal, request, note_refused)
            return _forbidden(principal, role)
        try:
            given = await arguments(request, verb)
            principal = principal_of(request)  # the body took its time: the right may have gone
            if not verb.admits(principal):
                return _forbidden(principal, role)
            work = verb.handler(principal, given)
            return answer(await (while_connected(request, work) if verb.watched else work))
        except AccessRefused as error:
            if verb.method == "POST" and verb.refused is None:
                note_refused(principal, verb.path, str(error))
            return answer({"error": str(error)}, 403)
        except tuple(_STATUS) as error:
            status = next(code for kind, code in _STATUS.items() if isinstance(error, kind))
            return answer({"error": str(error)}, status)
        except Exception as error:
            # The border of the API: a fault is logged here and told in one sentence, the runtime goes on.
            log.exception("%s %s failed", verb.method, verb.path)
            return answer({"error": f"internal fault: {error}"}, 500)

    paths = [name for name, kind in verb.parameters.items() if kind == PATH]
    path = verb.path
    for name in paths:
        path = path.replace(f"{{{name}}}", f"{{{name}:path}}")
    return Route(path, endpoint, methods=[verb.method])


async def while_connected(request: Request, work: Awaitable[Any]) -> Any:
    """What the work gives; it is cancelled when the client goes away first, and ClientDisconnect raised."""
    task = asyncio.ensure_future(work)
    gone = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        for one in (task, gone):
            one.cancel()
        await asyncio.wait((task, gone))


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue


def _forbidden(principal: Principal, role: Role) -> Response:
    return answer({"error": f"{principal.user} has no right to {role.value}"}, 403)


async def _tell_refused(
    verb: Verb, principal: Principal, request: Request, note_refused: NoteRefused
) -> None:
    """What was asked is read only to be journalled; when it cannot be, the refusal stands all the same."""
    if verb.refused is None:
        if verb.method == "POST":
            note_refused(principal, verb.path, f"no right to {verb.role.value if verb.role else 'anything'}")
        return
    try:
        await verb.refused(principal, await arguments(request, verb))
    except (WatchkeeperError, ClientDisconnect) as error:
        log.warning("A refused %s %s is not journalled: %s", verb.method, verb.path, error)


def answer(content: Any, status: int = 200) -> Response:
    """A JSON response, or the bytes of a ``Raw``."""
    if isinstance(content, Raw):
        return Response(content.content, content.status, dict(content.headers), content.media)
    return Response(_json(content), status, media_type="application/json")


async def arguments(request: Request, verb: Verb) -> Mapping[str, Any]:
    """Arguments from the query string or the JSON body; BadRequest with one sentence."""
    if verb.method == "GET":
        return {name: _query(request, name, kind) for name, kind in verb.parameters.items()}
    content = await _body(request)
    try:
        body = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise BadRequest("the body is not a JSON object")
    return body | {name: request.path_params[name] for name in _in_path(verb)}


async def _body(request: Request) -> bytes:
    """The body as it arrives, whatever length the request declares."""
    content = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.stream():
                content += chunk
                if len(content) > BODY_LIMIT:
                    raise BadRequest(f"the body is larger than {BODY_LIMIT} bytes")
    except TimeoutError:
        raise BadRequest(f"the body did not come within {BODY_S:g} s") from None
    return bytes(content)


def _query(request: Request, name: str, kind: str) -> Any:
    if kind == PATH:
        return request.path_params[name]
    if kind == "array":
        return request.query_params.getlist(name)
    text = request.query_params.get(name, "")
    if kind != "integer":
        return text
    try:
        number = int(text or 0)
    except ValueError:
        raise BadRequest(f"{name}={text[:40]!r} is not a whole number") from None
    if not -(2**63) <= number < 2**63:
        raise BadRequest(f"{name} does not fit 64 bits")
    return number


def openapi(verbs: tuple[Verb, ...]) -> dict[str, Any]:
    """The OpenAPI 3.1 description of the verbs."""
    paths: dict[str, Any] = {}
    for verb in verbs:
        paths.setdefault(verb.path, {})[verb.method.lower()] = _operation(verb)
    info = {"title": "Watchkeeper runtime", "version": "1", "license": {"name": "Apache-2.0"}}
    return {"openapi": "3.1.0", "info": info, "paths": paths}


def verbs_table(verbs: tuple[Verb, ...]) -> str:
    """The table of docs/api.md: a line for each verb with its right and its parameters."""
    lines = ["| Verb | Right | Parameters | What it does |", "| --- | --- | --- | --- |"]
    for verb in verbs:
        given = ", ".join(f"`{name}` {kind}" for name, kind in verb.parameters.items())
        right = _right(verb)
        lines.append(f"| `{verb.method} {verb.path}` | {right} | {given} | {verb.summary} |")
    return "\n".join(lines) + "\n"


def _right(verb: Verb) -> str:
    words = verb.role.value if verb.role else ""
    return f"{words} (by area)" if verb.by_area else words


def _operation(verb: Verb) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": verb.summary,
        "x-role": verb.role.value if verb.role else "",
        "x-by-area": verb.by_area,
        "responses": {
            "200": {"description": "done", "content": {"application/json": {}}},
            "400": {"description": "the request does not fit"},
            "403": {"description": "no right to this verb"},
        },
    }
    in_query = verb.parameters if verb.method == "GET" else _in_path(verb)
    if in_query or verb.method == "GET":
        operation["parameters"] = [
            {
                "name": name,
                "in": "path" if kind == PATH else "query",
                "required": kind == PATH,
                "schema": _schema("string" if kind == PATH else kind),
            }
            for name, kind in in_query.items()
        ]
    if verb.method != "GET":
        given = {name: kind for name, kind in verb.parameters.items() if kind != PATH}
        properties = {name: _schema(kind) for name, kind in given.items()}
        body = {"schema": {"type": "object", "properties": properties}}
        operation["requestBody"] = {"content": {"application/json": body}}
    return operation


def _in_path(verb: Verb) -> dict[str, str]:
    return {name: kind for name, kind in verb.parameters.items() if kind == PATH}


def _schema(kind: str) -> dict[str, Any]:
    return (
        {"type": "array", "items": {"type": "string"}}
        if kind == "array"
        else {"type": kind}
        if kind != "any"
        else {}
    )
