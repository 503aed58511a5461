"""The OpenAPI 3.1 document of the routes, made of what they declare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from hmi.core.values import ValueType
from hmi.exporters.rest import _problem
from hmi.exporters.rest._answers import BASE, LINES, Route
from hmi.exporters.rest._query import LONGEST, Parameter

Schema = Mapping[str, Any]
_TEXT: Final = {"type": "string"}
_WHOLE: Final = {"type": "integer"}
_FLAG: Final = {"type": "boolean"}
_TIME: Final = {"type": "string", "format": "date-time"}
_NEXT: Final = {"type": ["string", "null"], "description": "cursor of the next page; null at the end"}
_STATUS: Final = {
    "type": "integer",
    "minimum": 0,
    "maximum": 2**32 - 1,
    "description": "OPC UA status code: below 0x40000000 Good, below 0x80000000 Uncertain, else Bad",
}
_VALUE: Final = {"description": "null where the status is Bad; a number is never a text"}
_UNIT_CODE: Final = {"type": "string", "description": "code of UNECE Recommendation 20; empty for none"}


def _object(**properties: Schema) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


def _list(of: Schema) -> dict[str, Any]:
    return {"type": "array", "items": of}


def _page(row: Schema) -> dict[str, Any]:
    tag = _object(name=_TEXT, unit=_TEXT, unit_code=_UNIT_CODE)
    until = {**_TIME, "description": "the rows go up to there"}
    tags = {"type": "object", "additionalProperties": tag, "description": "the tags of the rows by id"}
    return _object(until=until, simulated=_FLAG, tags=tags, rows=_list(row), next=_NEXT)


def _sample() -> dict[str, Any]:
    found = _object(tag=_TEXT, time=_TIME, value=_VALUE, status=_STATUS)
    found["properties"] |= {
        "flags": {**_WHOLE, "description": "bits: 1 back-filled, 2 late, 4 edited, 8 simulated, 16 overflow, 32 gap "
                  "before, 64 annotated, 128 time of receipt, 256 mark; 0 where it is left out"},
        "version": {**_WHOLE, "description": "of several at one time; 0 where it is left out"},
        "simulated": {**_FLAG, "description": "false where it is left out"},
    }  # fmt: skip
    return found


def _schemas() -> dict[str, Any]:
    kinds = {"type": "string", "enum": [kind.value for kind in ValueType]}
    span = {"type": ["array", "null"], "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    texts = {"type": "object", "additionalProperties": _TEXT}
    free = {"type": "object"}
    area = _object(path=_TEXT, title=_TEXT, parent=_TEXT)
    tag = _object(
        id=_TEXT, name=_TEXT, path=_list(_TEXT), area=_TEXT, type=kinds, unit=_TEXT, unit_code=_UNIT_CODE, range=span,
        description=_TEXT, states=texts, stepped=_FLAG, compressed=_FLAG,
    )  # fmt: skip
    value = _object(
        tag=_TEXT, name=_TEXT, time=_TIME, value=_VALUE, status=_STATUS, unit=_TEXT, unit_code=_UNIT_CODE,
        simulated=_FLAG,
    )  # fmt: skip
    alarm = _object(
        id=_TEXT, name=_TEXT, message=_TEXT, state=_TEXT, priority=_WHOLE, area=_TEXT, tag=_TEXT, tag_name=_TEXT,
        value=_VALUE, limit=_VALUE, unit=_TEXT, raised=_TIME, changed=_TIME, simulated=_FLAG,
    )  # fmt: skip
    event = _object(
        number=_WHOLE, time=_TIME, received=_TIME, kind=_TEXT, event=_TEXT, object=_TEXT, actor=_TEXT, station=_TEXT,
        revision=_TEXT, simulated=_FLAG, fields=free, hash=_TEXT,
    )  # fmt: skip
    live = {**_FLAG, "description": "false: this says nothing of how the plant is now"}
    return {
        "Plant": _object(
            id=_TEXT, name=_TEXT, title=_TEXT, zone=_TEXT, revision=_TEXT, simulated=_FLAG, stream=_TEXT, schema=_TEXT,
            quality_rule=_TEXT, tags=_WHOLE, areas=_list(area), aggregates=_list(_TEXT),
        ),
        "Tags": _object(schema=_TEXT, quality_rule=_TEXT, tags=_list(tag), next=_NEXT),
        "Values": _object(at=_TIME, live=live, values=_list(value), next=_NEXT),
        "Samples": _page(_sample()),
        "Aggregates": _page(_object(tag=_TEXT, aggregate=_TEXT, time=_TIME, value=_VALUE, status=_STATUS)),
        "Statement": _object(
            format={"const": "watchkeeper-statement/1"}, stream=_TEXT, number=_WHOLE, digest=_TEXT,
            delivered_until=_WHOLE, schema=_TEXT, series=_list(free), made=_WHOLE, **{"from": _WHOLE, "to": _WHOLE},
        ),
        "Alarms": _object(at=_TIME, live=live, newest=_TIME, alarms=_list(alarm)),
        "Events": _object(events=_list(event), next=_NEXT),
        "Problem": _object(type=_TEXT, title=_TEXT, status=_WHOLE, detail=_TEXT, instance=_TEXT),
    }  # fmt: skip


_ABOUT: Final = (
    "Read-only: GET and HEAD. Ranges are [start, end); Bad is null with its status; times are in UTC."
)
_PROBLEMS: Final = {
    400: "the request does not fit",
    401: "no valid token",
    403: "the token has not the scope",
    410: "the cursor leads nowhere any more",
    429: "too many requests; wait as Retry-After says",
    500: "a fault of the server",
    503: "not now; wait as Retry-After says",
}


def document(routes: Sequence[Route], title: str) -> dict[str, Any]:
    """The document; ``title`` is the plant's."""
    paths = {f"{BASE}{route.path}": {"get": _operation(route)} for route in routes}
    bearer = {"type": "http", "scheme": "bearer", "description": "made with hmi export PLANT token add NAME"}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{title}: data for IT", "version": "1", "license": {"name": "Apache-2.0"},
                 "description": _ABOUT},
        "paths": paths,
        "security": [{"token": []}],
        "components": {"schemas": _schemas(), "securitySchemes": {"token": bearer}},
    }  # fmt: skip


def _operation(route: Route) -> dict[str, Any]:
    responses: dict[str, Any] = {str(status): _problem_answer(text) for status, text in _PROBLEMS.items()}
    schema = _TEXT if route.media == LINES else {"$ref": f"#/components/schemas/{route.schema}"}
    responses["200"] = {"description": "done", "content": {route.media: {"schema": schema}}}
    if route.media == LINES:
        responses["204"] = {"description": "nothing new; ask again later with the cursor of watchkeeper-next"}
    if route.etag:
        responses["304"] = {"description": "as you have it"}
    return {
        "summary": route.summary,
        "operationId": f"get{route.path.replace('/', '_')}",
        "x-scopes": list(route.scopes),
        "parameters": [_parameter(one) for one in route.parameters],
        "responses": responses,
    }


def _problem_answer(text: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": text, "content": {_problem.MEDIA: {"schema": schema}}}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema = _of_parameter(parameter)
    if parameter.many:
        schema = {"type": "array", "items": schema, "maxItems": parameter.many}
    return {
        "name": parameter.name, "in": "query", "required": parameter.required, "description": parameter.help,
        "schema": schema,
    }  # fmt: skip


def _of_parameter(parameter: Parameter) -> dict[str, Any]:
    if parameter.kind == "integer":
        bounds = {"minimum": parameter.minimum, "maximum": parameter.maximum}
        return {"type": "integer", **bounds, "default": parameter.default}
    if parameter.kind == "time":
        return _TIME
    if parameter.choices:
        found: dict[str, Any] = {"type": "string", "enum": list(parameter.choices)}
        return {**found, "default": parameter.default} if parameter.default else found
    return {"type": "string", "maxLength": LONGEST}
