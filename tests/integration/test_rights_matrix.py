"""SE-02: every verb of the API and every act on an object, by each role, in the plant and in one area."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from people_plant import (
    HIGH_INTAKE,
    HIGH_OUTLET,
    PASSWORD,
    PV,
    SP,
    Rights,
    add_people,
    cheap_hashes,
    plant_of,
    roles,
    served,
    sign_in,
)

from hmi.client.alarms import ALARM_ACTS
from hmi.core.principal import Role, roles_in
from hmi.project.plant import Plant
from hmi.runtime import Api, LiveHub, Runtime, Verb
from hmi.runtime._alarms import RIGHTS

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket"),
]
AREA = "intake"
ENDS_RIGHTS = ("/v1/session/end", "/v1/session/lock")
NOBODY, LOCKED = "nobody", "locked"


def people() -> Rights:
    """One person for each role everywhere, and one for each role in one area; security is plant-wide only."""
    found = {f"{role.value}-all": (frozenset({role}), {}) for role in Role}
    in_area = {
        f"{role.value}-area": (roles("view"), {AREA: frozenset({role})})
        for role in Role
        if role is not Role.SECURITY
    }
    return {**found, **in_area, "keeper": (roles("security"), {})}


@dataclass
class Matrix:
    """One person after the other signs in; ``cells`` counts what was asked and compared."""

    runtime: Runtime
    client: httpx.AsyncClient
    headers: dict[str, str]
    user: str = ""
    cells: int = 0
    allowed: int = 0

    async def become(self, user: str) -> None:
        self.user = user
        self.headers = {}
        if user != NOBODY:
            self.headers = await sign_in(self.client, "operate-all" if user == LOCKED else user)
        if user == LOCKED:
            await self.client.post("/v1/session/lock", headers=self.headers, json={})

    def holds(self, role: Role, area: str | None, plant: Plant) -> bool:
        """What the account says, looked up without the code under test. ``area`` None: anywhere."""
        if self.user in {NOBODY, LOCKED}:
            return role is Role.VIEW
        everywhere, by_area = people()[self.user]
        held, areas = everywhere | {Role.VIEW}, {key: value | {Role.VIEW} for key, value in by_area.items()}
        if area is None:
            return role in held or any(role in one for one in areas.values())
        return role in roles_in(held, areas, plant.lineage(area) if area else ())

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        return await self.client.request(method, path, headers=self.headers, json=body or {})

    def compare(self, allowed: bool, expected: bool, *what: object) -> None:
        self.cells += 1
        self.allowed += allowed
        assert allowed == expected, (self.user, *what)


def path_of(verb: Verb) -> str:
    path = verb.path
    for name, kind in verb.parameters.items():
        if kind == "path":
            path = path.replace(f"{{{name}}}", "nothing")
    return path


def everybody() -> Iterator[str]:
    yield from (NOBODY, LOCKED)
    yield from people()


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)


async def test_se_02_every_verb_by_every_role_in_the_plant_and_in_one_area(tmp_path: Path) -> None:
    add_people(tmp_path, people())
    async with served(tmp_path) as (runtime, client):
        verbs = Api(runtime, LiveHub(runtime)).verbs
        matrix = Matrix(runtime, client, {})
        for user in everybody():
            await matrix.become(user)
            for verb in verbs:
                assert verb.role is not None
                answer = await matrix.ask(verb.method, path_of(verb))
                assert answer.status_code != 500, (verb.path, answer.text)
                refused = answer.status_code == 403 and answer.json()["error"].endswith(
                    f"has no right to {verb.role.value}"
                )
                place = None if verb.by_area else ""
                matrix.compare(not refused, matrix.holds(verb.role, place, runtime.plant), verb.path)
                if verb.path in ENDS_RIGHTS:
                    await matrix.become(user)
        sys.stdout.write(f"SE-02: {matrix.cells} cells of verbs x people, {matrix.allowed} allowed\n")
        assert matrix.cells == len(verbs) * len(list(everybody()))


def acts() -> Iterator[tuple[str, Role, str, str, dict[str, Any]]]:
    """What is done to an object: name, right, area, verb, body."""
    for area, alarm_id, tag in ((AREA, HIGH_INTAKE, PV), ("outlet", HIGH_OUTLET, "outlet/p.pv")):
        yield "note", Role.ACKNOWLEDGE, area, "/v1/notes", {"object_id": f"t_{tag}", "text": "x"}
        for act in ALARM_ACTS:
            body = {"act": act, "alarm_ids": [alarm_id], "seconds": 60, "reason": "test", "comment": "x"}
            yield act, RIGHTS[act], area, "/v1/alarms/act", body
    yield "command", Role.OPERATE, AREA, "/v1/commands", {"tag_id": f"t_{SP}", "value": 2.5}
    yield "command", Role.OPERATE, "outlet", "/v1/commands", {"tag_id": "t_outlet/pump.cmd", "value": 1.0}


async def test_se_02_every_act_on_an_object_by_every_role_in_its_area_and_in_another_one(
    tmp_path: Path,
) -> None:
    add_people(tmp_path, people())
    numbers = itertools.count(1)
    async with served(tmp_path, plant_of()) as (runtime, client):
        matrix = Matrix(runtime, client, {})
        for user in everybody():
            await matrix.become(user)
            for name, right, area, path, body in acts():
                if name == "command":
                    body = {**body, "id": f"c_{next(numbers)}", "heartbeat": runtime.services.beats.number}
                answer = await matrix.ask("POST", path, body)
                allowed = answer.status_code != 403 and "no right" not in answer.text
                matrix.compare(allowed, matrix.holds(right, area, runtime.plant), name, area, answer.text)
        sys.stdout.write(f"SE-02: {matrix.cells} cells of acts x areas x people, {matrix.allowed} allowed\n")
        assert matrix.cells == len(list(acts())) * len(list(everybody()))
        assert PASSWORD not in str((await client.get("/v1/journal", params={"limit": 1000})).json())
