"""The verbs of operator commands: select, give, take back. The gate decides; its refusals are answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from hmi.core.commands import TIME_TO_LIVE_MS, OperatorCommand
from hmi.core.principal import Principal, Role
from hmi.runtime._verbs import BadRequest, Verb

if TYPE_CHECKING:
    from hmi.runtime._runtime import Runtime

ID_LIMIT: Final = 64
REASON_LIMIT: Final = 500
TTL_LIMIT_MS: Final = 30_000
SIGNATURES_LIMIT: Final = 4
CAUTIONS_LIMIT: Final = 50
Body = TypeVar("Body", bound=msgspec.Struct)


class CommandsApi:
    """Handlers; whoever may look may ask, the gate knows the rights in the area of a tag."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def verbs(self) -> tuple[Verb, ...]:
        return (
            Verb(
                "POST", "/v1/commands", Role.VIEW, self._command,
                "An operator command; the gate decides and the answer lists every unmet condition.",
                {"id": "string", "tag_id": "string", "value": "any", "heartbeat": "integer", "ttl_ms": "integer",
                 "expected": "any", "reason": "string", "confirmed": "boolean", "selection": "string",
                 "signatures": "array", "without_feedback": "boolean", "caution": "array"},
            ),
            Verb(
                "POST", "/v1/commands/select", Role.VIEW, self._select,
                "Hold an object for one command with one value; an answer without an id says why it was refused.",
                {"tag_id": "string", "value": "any", "heartbeat": "integer"},
            ),
            Verb(
                "POST", "/v1/commands/deselect", Role.VIEW, self._deselect, "Give an own selection back.",
                {"selection": "string"},
            ),
            Verb(
                "POST", "/v1/commands/cancel", Role.VIEW, self._cancel,
                "Take back an own command that has not been sent; what is sent cannot be called back.",
                {"id": "string"},
            ),
        )  # fmt: skip

    async def _command(self, principal: Principal, given: Mapping[str, Any]) -> Any:
        return asdict(await self._runtime.submit(principal, command_of(given)))

    async def _select(self, principal: Principal, given: Mapping[str, Any]) -> Any:
        body = _body(given, _SelectBody, "selection")
        _check_value(body.value)
        return asdict(await self._runtime.select(principal, body.tag_id, body.value, body.heartbeat))

    async def _deselect(self, principal: Principal, given: Mapping[str, Any]) -> Any:
        self._runtime.gate.deselect(principal, _body(given, _DeselectBody, "selection").selection)
        return {}

    async def _cancel(self, principal: Principal, given: Mapping[str, Any]) -> Any:
        return asdict(self._runtime.gate.cancel(principal, _body(given, _CancelBody, "request").id))


class _CommandBody(msgspec.Struct):
    id: str
    tag_id: str
    value: Any
    heartbeat: int
    ttl_ms: int = TIME_TO_LIVE_MS
    expected: Any = None
    reason: str = ""
    confirmed: bool = False
    selection: str = ""
    signatures: tuple[str, ...] = ()
    without_feedback: bool = False
    caution: tuple[str, ...] = ()


class _SelectBody(msgspec.Struct):
    tag_id: str
    value: Any
    heartbeat: int


class _DeselectBody(msgspec.Struct):
    selection: str


class _CancelBody(msgspec.Struct):
    id: str


def command_of(given: Mapping[str, Any]) -> OperatorCommand:
    """The command of a request body; BadRequest with one sentence."""
    body = _body(given, _CommandBody, "command")
    if not (body.id and len(body.id) <= ID_LIMIT and 0 < body.ttl_ms <= TTL_LIMIT_MS):
        raise BadRequest("a command needs an id of at most 64 characters and a ttl_ms of 1 to 30000")
    _check_value(body.value)
    if len(body.signatures) > SIGNATURES_LIMIT or len(body.caution) > CAUTIONS_LIMIT:
        raise BadRequest(f"a command has at most {SIGNATURES_LIMIT} signatures and {CAUTIONS_LIMIT} cautions")
    fields = {name: getattr(body, name) for name in _CommandBody.__struct_fields__}
    return OperatorCommand(**{**fields, "reason": body.reason[:REASON_LIMIT]})


def _body(given: Mapping[str, Any], kind: type[Body], what: str) -> Body:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise BadRequest(f"this is not a {what}: {error}") from error


def _check_value(value: Any) -> None:
    fits = -(2**63) <= value < 2**64 if type(value) is int else isinstance(value, bool | float | str)
    if not fits:
        raise BadRequest("the value of a command is a number of at most 64 bits, a text, true or false")
