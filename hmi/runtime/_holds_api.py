"""Verbs of what people put on objects: control tags, manual values, bypasses, control of areas."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import msgspec

from hmi.client.people import HOLD_ACTS, HoldRequest
from hmi.core.holds import Holds
from hmi.core.principal import Principal, Role
from hmi.runtime._runtime import Runtime
from hmi.runtime._verbs import BadRequest, Verb

ID_LIMIT, NAME_LIMIT, TEXT_LIMIT, SIGNATURES = 64, 200, 500, 4


class HoldsApi:
    """The desk decides by area, and journals what it refuses too."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def verbs(self) -> tuple[Verb, ...]:
        return (
            Verb(
                "GET", "/v1/holds", Role.VIEW, self._holds,
                "Control tags, manual values, bypasses, and who controls which area.",
            ),
            Verb(
                "POST", "/v1/holds", Role.VIEW, self._hold,
                f"One act of: {', '.join(HOLD_ACTS)}; every unmet condition is told, an id is carried out once.",
                {"id": "string", "act": "string", "object_id": "string", "hold_id": "string", "area": "string",
                 "kind": "string", "condition": "string", "value": "any", "reason": "string", "work_order": "string",
                 "seconds": "number", "force": "boolean", "accept": "boolean", "heartbeat": "integer",
                 "signatures": "array"},
            ),
        )  # fmt: skip

    async def _holds(self, principal: Principal, given: Mapping[str, Any]) -> Holds:
        return self._runtime.holds.book.snapshot()

    async def _hold(self, principal: Principal, given: Mapping[str, Any]) -> dict[str, Any]:
        return asdict(await self._runtime.holds.submit(principal, request_of(given)))


def request_of(given: Mapping[str, Any]) -> HoldRequest:
    """The request of a body; BadRequest with one sentence."""
    try:
        request = msgspec.convert(given, HoldRequest)
    except msgspec.ValidationError as error:
        raise BadRequest(f"this is not a request to hold something: {error}") from error
    if not request.id or len(request.id) > ID_LIMIT:
        raise BadRequest("a request needs an id of at most 64 characters")
    if request.act not in HOLD_ACTS:
        raise BadRequest(f"there is no act {request.act[:40]!r}; use one of: {', '.join(HOLD_ACTS)}")
    limits = {"object_id": NAME_LIMIT, "hold_id": NAME_LIMIT, "area": NAME_LIMIT, "kind": NAME_LIMIT,
              "condition": TEXT_LIMIT, "reason": TEXT_LIMIT, "work_order": ID_LIMIT}  # fmt: skip
    for name, limit in limits.items():
        if len(getattr(request, name)) > limit:
            raise BadRequest(f"{name} is longer than {limit} characters")
    if len(request.signatures) > SIGNATURES or not math.isfinite(request.seconds):
        raise BadRequest(f"there are at most {SIGNATURES} signatures, and seconds is a number")
    if type(request.value) is int and not -(2**63) <= request.value < 2**64:
        raise BadRequest("the value is a number of at most 64 bits, a text, true or false")
    return request
