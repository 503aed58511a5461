"""A small plant with two areas and people with accounts, for tests of sessions, rights and signatures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher
from fake_runtime import fake_runtime

from hmi.acquisition.port import DeviceIdentity
from hmi.client.local import find_endpoint
from hmi.core.alarms import Priority
from hmi.core.commands import CommandClass
from hmi.core.principal import Role
from hmi.project.plant import AlarmDef, Area, CommandRule, ConnectionDef, Plant, SessionRules
from hmi.runtime import Runtime
from hmi.security import _passwords
from hmi.security.accounts import ACCOUNTS_FILE, Accounts
from hmi.testing.driver import SIMULATOR, FakePlc
from hmi.testing.plant import make_plant, make_tag

PASSWORD, OTHER = "Wolke-7-Birnbaum", "Kiesel+Trommel-41"
PV, SP, PUMP = "intake/lit.pv", "intake/lit.sp", "outlet/pump.cmd"
HIGH_INTAKE, HIGH_OUTLET = "a_intake", "a_outlet"
Rights = Mapping[str, tuple[frozenset[Role], Mapping[str, frozenset[Role]]]]


def roles(*words: str) -> frozenset[Role]:
    return frozenset(Role(word) for word in words)


PEOPLE: Rights = {
    "ada": (roles("acknowledge", "operate"), {}),
    "bea": (roles("acknowledge", "operate", "tune"), {}),
    "ian": (roles("view"), {"intake": roles("acknowledge", "operate")}),
    "sec": (roles("security"), {}),
}


def plant_of(*, simulated: bool = False, rules: SessionRules = SessionRules()) -> Plant:
    plc1 = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=simulated)
    tags = [
        replace(make_tag(PV, address="0"), area="intake"),
        replace(make_tag(SP, address="1", command=CommandRule()), area="intake"),
        replace(make_tag(PUMP, address="2", command=CommandRule(klass=CommandClass.CRITICAL)), area="outlet"),
        replace(make_tag("outlet/p.pv", address="3"), area="outlet"),
    ]
    alarms = [
        AlarmDef(HIGH_INTAKE, f"t_{PV}", "High", "high", Priority.P2, "too high", limit=100.0, area="intake"),
        AlarmDef(
            HIGH_OUTLET, "t_outlet/p.pv", "High", "high", Priority.P2, "too high", limit=100.0, area="outlet"
        ),
    ]
    plant = make_plant(tags, alarms, connections={"plc1": plc1})
    areas = (Area("site", "Site", ""), Area("intake", "Intake", "site"), Area("outlet", "Outlet", "site"))
    return replace(plant, areas=areas, sessions=rules)


def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of anything but the cost of a password."""
    monkeypatch.setattr(_passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def add_people(folder: Path, people: Rights = PEOPLE) -> None:
    """Their password is ``PASSWORD``, their own choice."""
    folder.mkdir(exist_ok=True, mode=0o700)
    accounts = Accounts(folder / ACCOUNTS_FILE)
    accounts.open()
    for user, (everywhere, by_area) in people.items():
        accounts.add(
            user, f"{user.capitalize()} Example", PASSWORD, actor="console:test", roles=everywhere,
            by_area=by_area, must_change=False,
        )  # fmt: skip
    accounts.close()


@asynccontextmanager
async def served(
    folder: Path, plant: Plant | None = None
) -> AsyncIterator[tuple[Runtime, httpx.AsyncClient]]:
    """A runtime over a fake device, and a client of its local socket."""
    plant = plant or plant_of()
    simulated = plant.connections["plc1"].simulated
    plc = FakePlc(identity=SIMULATOR if simulated else DeviceIdentity("Maker"))
    plc.values = {0: 1.5, 1: 2.5, 2: 0.0, 3: 1.0}
    async with fake_runtime(plant, plc, folder) as runtime:
        transport = httpx.AsyncHTTPTransport(uds=find_endpoint(folder).path)
        async with httpx.AsyncClient(transport=transport, base_url="http://runtime", timeout=30) as client:
            yield runtime, client


async def sign_in(client: httpx.AsyncClient, user: str, password: str = PASSWORD) -> dict[str, str]:
    """The header of the session."""
    answer = (await client.post("/v1/session", json={"user": user, "password": password})).json()
    assert answer["token"], answer
    return {"watchkeeper-session": answer["token"]}
