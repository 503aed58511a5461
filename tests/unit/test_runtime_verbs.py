"""What a request may say: checked before any handler acts, told in one sentence."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from starlette.applications import Starlette

from hmi.client.certificates import TRUST_ACTS
from hmi.core.errors import CommunicationError, StorageError
from hmi.core.principal import DEMO_OPERATOR, VIEWER, Mode, Principal, Role
from hmi.runtime import Api, Verb, openapi, route, verbs_table
from hmi.runtime._commands_api import command_of
from hmi.runtime._verbs import BadRequest
from hmi.testing.plant import make_plant


def api() -> Api:
    runtime: Any = SimpleNamespace(plant=make_plant([]), services=SimpleNamespace(mode=Mode.PLANT))
    return Api(runtime, cast("Any", None))


async def asked(verb: Verb, principal: Principal = VIEWER, **request: Any) -> httpx.Response:
    app = Starlette(routes=[route(verb, lambda _: principal)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://runtime") as client:
        return await client.request(verb.method, verb.path, **request)


def echo(method: str, role: Role = Role.VIEW, **parameters: str) -> Verb:
    async def handler(principal: Principal, given: Any) -> Any:
        return given

    return Verb(method, "/v1/echo", role, handler, "Gives back what it was given.", parameters)


def test_every_verb_is_described_with_its_right_and_its_parameters() -> None:
    verbs = api().verbs
    document = openapi(verbs)
    for verb in verbs:
        operation = document["paths"][verb.path][verb.method.lower()]
        assert operation["x-role"] == cast("Role", verb.role).value
        assert f"`{verb.method} {verb.path}`" in verbs_table(verbs)
        body = (
            operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        )
        named = {p["name"] for p in operation.get("parameters", ())} | set(body.get("properties", ()))
        assert named == set(verb.parameters)
    assert {v.method for v in verbs if v.path == "/v1/reload" and v.role is Role.VIEW} == {"GET"}
    assert {v.path for v in verbs if v.role is not Role.VIEW} == {
        "/v1/accounts",
        "/v1/alarms/acknowledge",
        "/v1/alarms/change",
        *(f"/v1/certificates/{act}" for act in TRUST_ACTS),
        *(f"/v1/history/{act}" for act in ("annotate", "withdraw", "edit", "delete", "hold", "release")),
        "/v1/comms/{connection}/frames",
        "/v1/exports/{job}/ask",
        "/v1/notes",
        "/v1/reload",
        "/v1/simulator",
    }


@pytest.mark.asyncio
async def test_who_has_no_right_is_refused_before_the_handler_sees_anything() -> None:
    refused = await asked(echo("POST", Role.ACKNOWLEDGE), VIEWER, content=b"no json")
    assert (refused.status_code, refused.json()) == (403, {"error": "anonymous has no right to acknowledge"})
    allowed = await asked(echo("POST", Role.ACKNOWLEDGE), DEMO_OPERATOR, json={"a": 1})
    assert (allowed.status_code, allowed.json()) == (200, {"a": 1})


@pytest.mark.asyncio
@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 50_000, b"NaN", b'{"a": 1} x'])
async def test_a_body_that_is_no_object_is_one_sentence(body: bytes) -> None:
    answer = await asked(echo("POST"), content=body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("the body is not")


@pytest.mark.asyncio
@pytest.mark.parametrize("number", ["x", "1.5", "9" * 30, "-" + "9" * 30, "1" * 5_000])
async def test_a_number_in_the_query_is_whole_and_fits_64_bits(number: str) -> None:
    answer = await asked(echo("GET", limit="integer"), params={"limit": number})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("limit")
    assert len(answer.json()["error"]) < 100


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("fault", "status"),
    [(StorageError("full"), 503), (CommunicationError("gone"), 502), (RuntimeError("x"), 500)],
)
async def test_a_fault_of_a_handler_is_a_code_and_a_sentence(fault: Exception, status: int) -> None:
    async def handler(principal: Principal, given: Any) -> Any:
        raise fault

    answer = await asked(Verb("GET", "/v1/x", Role.VIEW, handler, ""))
    assert (answer.status_code, "error" in answer.json()) == (status, True)


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/v1/history/raw", "/v1/journal"])
async def test_a_negative_limit_is_refused_and_never_means_all(path: str) -> None:
    tag: Any = SimpleNamespace(id="t")
    runtime: Any = SimpleNamespace(
        plant=make_plant([]), services=SimpleNamespace(mode=Mode.PLANT, journal=None)
    )
    runtime.plant.by_name["a"] = tag
    verb = next(v for v in Api(runtime, cast("Any", None)).verbs if v.path == path)
    answer = await asked(verb, params={"limit": "-1", "tag": "a"})
    assert (answer.status_code, answer.json()) == (400, {"error": "limit=-1 is negative"})


GOOD = {"id": "c", "tag_id": "t", "value": 1, "heartbeat": 5}


def test_a_command_is_taken_as_it_was_given() -> None:
    command = command_of({**GOOD, "value": 2**64 - 1, "reason": "x" * 900, "unknown": 1})
    assert (command.value, command.ttl_ms, len(command.reason)) == (2**64 - 1, 5_000, 500)


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": ""}, {"id": "x" * 65}, {"id": 7}, {"ttl_ms": 0}, {"ttl_ms": 30_001}, {"heartbeat": "5"},
        {"heartbeat": True}, {"value": [1]}, {"value": {}}, {"value": None}, {"value": 2**64}, {"tag_id": None},
        {"value": 10**400},
    ],
)  # fmt: skip
def test_what_is_no_command_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        command_of({**GOOD, **wrong})
