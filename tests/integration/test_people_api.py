"""Signing in, locking, lock-out, signatures and accounts over the API of a running runtime."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from people_plant import (
    HIGH_INTAKE,
    HIGH_OUTLET,
    OTHER,
    PASSWORD,
    PUMP,
    PV,
    SP,
    add_people,
    cheap_hashes,
    plant_of,
    served,
    sign_in,
)

from hmi.core.errors import StorageError
from hmi.core.principal import Role
from hmi.project.plant import SessionRules
from hmi.runtime import Api, LiveHub, Runtime
from hmi.runtime._live import STATION
from hmi.security.accounts import ACCOUNTS_FILE, Accounts

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket"),
]


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)


async def until(is_so: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not await is_so():
            await asyncio.sleep(0.05)


async def audit(client: httpx.AsyncClient, event: str) -> list[dict[str, Any]]:
    records = (await client.get("/v1/journal", params={"kind": "audit", "limit": 1000})).json()
    return [record for record in records if record["event"] == event]


async def session(client: httpx.AsyncClient, headers: dict[str, str] | None = None) -> dict[str, Any]:
    return (await client.get("/v1/session", headers=headers or {})).json()


def elsewhere(runtime: Runtime, station: str) -> httpx.AsyncClient:
    """A client whose requests come from another machine, as the guard of the network names it."""
    app = Api(runtime, LiveHub(runtime)).app()

    async def named(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, STATION: station}, receive, send)

    return httpx.AsyncClient(transport=httpx.ASGITransport(app=named), base_url="http://runtime")


async def test_cr_1_1_nobody_signed_in_is_a_viewer_and_a_sign_in_brings_the_rights(tmp_path: Path) -> None:
    add_people(tmp_path)
    async with served(tmp_path) as (_, client):
        status = (await client.get("/v1/status")).json()
        assert (status["user"], status["roles"], status["commands_blocked"]) == ("anonymous", ["view"], "")
        assert (status["session"]["user"], status["session"]["accounts"]) == ("", True)
        ada = await sign_in(client, "ada")
        status = (await client.get("/v1/status", headers=ada)).json()
        assert (status["user"], status["session"]["name"]) == ("ada", "Ada Example")
        assert set(status["roles"]) == {"view", "acknowledge", "operate"}
        assert 0 < status["session"]["idle_left_ms"] <= 900_000
        assert (await client.get("/v1/status")).json()["user"] == "anonymous"
        signed = await audit(client, "session.signed_in")
        assert [(one["actor"], one["station"], one["payload"]["result"]) for one in signed] == [
            ("ada", "local", "ok")
        ]


async def test_without_accounts_the_status_says_how_to_make_one(tmp_path: Path) -> None:
    async with served(tmp_path) as (_, client):
        status = (await client.get("/v1/status")).json()
        assert "hmi user PLANT add" in status["commands_blocked"]
        answer = (await client.post("/v1/session", json={"user": "ada", "password": PASSWORD})).json()
        assert (answer["token"], answer["refusal"]) == ("", "User or password is wrong.")
        add_people(tmp_path)  # as hmi user does beside the runtime

        async def exist() -> bool:
            return not (await client.get("/v1/status")).json()["commands_blocked"]

        await until(exist)


async def test_cr_3_8_an_ended_or_forged_token_is_a_viewer_and_the_session_says_so(tmp_path: Path) -> None:
    add_people(tmp_path)
    async with served(tmp_path) as (runtime, client):
        ada = await sign_in(client, "ada")
        await client.post("/v1/session/end", headers=ada, json={})
        for headers in (ada, {"watchkeeper-session": "x" * 43}, {"watchkeeper-session": "y" * 5_000}):
            assert (await session(client, headers))["user"] == ""
            assert (await client.post("/v1/notes", headers=headers, json={})).status_code == 403
        again = await sign_in(client, "ada")
        async with elsewhere(runtime, "st7") as other:
            assert (await session(other, again))["user"] == ""
            assert (await session(other))["station"] == "st7"

        async def noted() -> bool:
            return bool(await audit(client, "session.unknown_token"))

        await until(noted)


async def test_in_the_simulator_the_demo_is_local_alone_and_ends_with_a_sign_in(tmp_path: Path) -> None:
    add_people(tmp_path)
    async with served(tmp_path, plant_of(simulated=True)) as (runtime, client):
        assert (await session(client))["demo"] is True
        async with elsewhere(runtime, "st7") as other:
            assert (await session(other))["roles"] == ["view"]
        ian = await sign_in(client, "ian")
        assert (await session(client))["roles"] == ["view"]
        assert (await session(client, ian))["by_area"] == {"intake": ["view", "acknowledge", "operate"]}
        await client.post("/v1/session/end", headers=ian, json={})
        assert (await session(client))["user"] == "demo-operator"


async def test_row_44_a_locked_session_sees_everything_and_does_nothing(tmp_path: Path) -> None:
    add_people(tmp_path)
    async with served(tmp_path) as (runtime, client):
        ada = await sign_in(client, "ada")
        beat = runtime.services.beats.number
        assert (await client.post("/v1/session/lock", headers=ada, json={})).status_code == 200
        found = await session(client, ada)
        assert (found["user"], found["locked"], found["roles"]) == ("ada", True, ["view"])
        for path in ("/v1/status", "/v1/values", "/v1/alarms", "/v1/journal", "/v1/handover"):
            assert (await client.get(path, headers=ada)).status_code == 200
        assert (await client.post("/v1/alarms/silence", headers=ada, json={})).status_code == 200
        assert (await client.post("/v1/alarms/acknowledge", headers=ada, json={})).status_code == 403
        command = {"id": "c_1", "tag_id": f"t_{SP}", "value": 3.5, "heartbeat": beat}
        refused = (await client.post("/v1/commands", headers=ada, json=command)).json()
        assert refused["refusals"][0]["reason"] == "no-access-authority"
        assert (await client.post("/v1/session/unlock", headers=ada, json={"password": OTHER})).json()[
            "refusal"
        ]

        async def unlocked() -> bool:
            body = {"password": PASSWORD}
            return not (await client.post("/v1/session/unlock", headers=ada, json=body)).json()["refusal"]

        await until(unlocked)
        assert (await session(client, ada))["locked"] is False


async def test_se_03_six_wrong_passwords_lock_the_account_raise_an_alarm_and_leave_viewing(
    tmp_path: Path,
) -> None:
    add_people(tmp_path)
    plant = plant_of(rules=SessionRules(lock_failures=2))
    async with served(tmp_path, plant) as (runtime, client):
        body = {"user": "ada", "password": "Falsches-Wort-12"}
        tried = 0

        async def tried_twice() -> bool:
            nonlocal tried
            tried += not (await client.post("/v1/session", json=body)).json()["refusal"].startswith("Too")
            return tried == 2

        await until(tried_twice)
        right = {"user": "ada", "password": PASSWORD}
        answer = (await client.post("/v1/session", json=right)).json()
        assert (answer["token"], answer["wait_ms"] > 500_000) == ("", True)

        async def alarmed() -> bool:
            rows = (await client.get("/v1/alarms")).json()
            return {"lockout:account/ada", "lockout:station/local"} <= {row["alarm_id"] for row in rows}

        await until(alarmed)
        rows = {row["alarm_id"]: row for row in (await client.get("/v1/alarms")).json()}
        assert rows["lockout:account/ada"]["priority"] == 2
        assert (await client.get("/v1/values")).status_code == 200
        assert len(await audit(client, "session.refused")) == 2
        assert (await audit(client, "account.locked"))[0]["payload"]["user"] == "ada"
        # the local console's unlock
        accounts = Accounts(tmp_path / ACCOUNTS_FILE)
        accounts.open()
        accounts.request_unlock("ada", actor="console:me")
        accounts.close()
        async with elsewhere(runtime, "st7") as other:

            async def signed_in() -> bool:
                return bool((await other.post("/v1/session", json=right)).json()["token"])

            await until(signed_in)
        (unlock,) = await audit(client, "account.unlock")
        assert (unlock["actor"], unlock["payload"]["user"]) == ("console:me", "ada")


async def test_se_04_a_right_taken_away_in_mid_session_is_gone_within_seconds_and_the_station_is_told(
    tmp_path: Path,
) -> None:
    add_people(tmp_path)
    async with served(tmp_path) as (runtime, client):
        told: list[str] = []
        runtime.tell = lambda kind, payload: told.append(kind)  # type: ignore[method-assign]
        ada = await sign_in(client, "ada")
        accounts = Accounts(tmp_path / ACCOUNTS_FILE)
        accounts.open()
        accounts.revoke("ada", [Role.ACKNOWLEDGE], actor="console:me")
        accounts.close()
        told.clear()

        async def gone() -> bool:
            return "acknowledge" not in (await session(client, ada))["roles"]

        await until(gone, 10)
        assert "session" in told
        assert (await client.post("/v1/alarms/acknowledge", headers=ada, json={})).status_code == 403

        async def noted() -> bool:
            return bool(await audit(client, "account.revoke"))

        await until(noted)


async def test_alarms_are_acknowledged_where_the_right_holds(tmp_path: Path) -> None:
    add_people(tmp_path)
    async with served(tmp_path) as (runtime, client):
        ian = await sign_in(client, "ian")
        refused = await client.post(
            "/v1/alarms/act", headers=ian, json={"act": "SHELVE", "alarm_ids": [HIGH_INTAKE, HIGH_OUTLET],
            "seconds": 60, "reason": "test"},
        )  # fmt: skip
        problems = refused.json()
        assert any("no right to acknowledge in this area" in text for text in problems)
        assert sum("in this area" in text for text in problems) == 1
        oos = {"act": "OOS", "alarm_ids": [HIGH_INTAKE], "reason": "x"}
        assert (await client.post("/v1/alarms/act", headers=ian, json=oos)).status_code == 403
        here = await client.post("/v1/notes", headers=ian, json={"object_id": f"t_{PV}", "text": "dry"})
        there = await client.post("/v1/notes", headers=ian, json={"object_id": f"t_{PUMP}", "text": "dry"})
        assert (here.status_code, there.status_code) == (200, 403)

        assert (await client.post("/v1/reload", headers=ian, json={})).status_code == 403

        async def noted() -> bool:
            verbs = {one["payload"]["verb"] for one in await audit(client, "access.refused")}
            return verbs == {"/v1/notes", "/v1/reload"}

        await until(noted)
        assert runtime.people.sessions.book.at("local") is not None


async def test_se_04_a_right_that_goes_while_the_body_arrives_is_gone(tmp_path: Path) -> None:
    add_people(tmp_path)
    async with served(tmp_path) as (runtime, client):
        ada = await sign_in(client, "ada")
        session_of_ada = runtime.people.sessions.book.at("local")
        assert session_of_ada is not None

        async def slow() -> AsyncIterator[bytes]:
            yield b'{"object_id": "t_intake/lit.pv", '
            runtime.people.sessions.lock(session_of_ada)
            yield b'"text": "dry"}'

        assert (await client.post("/v1/notes", headers=ada, content=slow())).status_code == 403
        assert (await client.get("/v1/journal", params={"kind": "note"})).json() == []


async def test_what_is_done_with_further_rights_names_both_in_the_journal(tmp_path: Path) -> None:
    add_people(tmp_path)
    async with served(tmp_path) as (_, client):
        ian = await sign_in(client, "ian")
        body = {"user": "bea", "password": PASSWORD, "seconds": 60}
        answer = (await client.post("/v1/session/elevate", headers=ian, json=body)).json()
        assert "tune" in answer["session"]["elevated_roles"]
        note = {"object_id": f"t_{PUMP}", "text": "with the supervisor"}
        assert (await client.post("/v1/notes", headers=ian, json=note)).status_code == 200
        records = (await client.get("/v1/journal", params={"kind": "note"})).json()
        assert (records[-1]["actor"], records[-1]["payload"]["elevated_by"]) == ("ian", "bea")
        await client.post("/v1/session/elevate", headers=ian, json={"seconds": 0})
        assert (await client.post("/v1/notes", headers=ian, json=note)).status_code == 403


async def test_a_critical_command_is_executed_with_a_signature_to_it_and_only_once(tmp_path: Path) -> None:
    add_people(tmp_path)
    async with served(tmp_path) as (runtime, client):
        ada = await sign_in(client, "ada")

        async def live() -> bool:
            values = (await client.get("/v1/values", params={"tag": PUMP})).json()["values"]
            return values[PUMP][0] is not None

        await until(live)
        sign = {
            "user": "ada", "password": PASSWORD, "meaning": "Performed", "command_id": "c_1",
            "object_id": f"t_{PUMP}", "value": 1.0,
        }  # fmt: skip
        given = (await client.post("/v1/signatures", headers=ada, json=sign)).json()["id"]
        select = {"tag_id": f"t_{PUMP}", "value": 1.0, "heartbeat": runtime.services.beats.number}
        selected = (await client.post("/v1/commands/select", headers=ada, json=select)).json()
        assert selected["id"], selected
        command = {
            **select, "id": "c_1", "reason": "test", "confirmed": True, "selection": selected["id"],
            "signatures": [given], "heartbeat": runtime.services.beats.number,
        }  # fmt: skip
        done = (await client.post("/v1/commands", headers=ada, json=command)).json()
        assert done["state"] == "confirmed", done
        again = (await client.post("/v1/commands/select", headers=ada, json=select)).json()
        copied = {**command, "id": "c_2", "selection": again["id"]}
        refused = (await client.post("/v1/commands", headers=ada, json=copied)).json()
        assert refused["state"] == "refused"


async def test_security_people_manage_accounts_by_the_rules_of_the_command_line(tmp_path: Path) -> None:
    add_people(tmp_path)
    async with served(tmp_path) as (_, client):
        ada, sec = await sign_in(client, "ada"), {}
        assert (await client.get("/v1/accounts", headers=ada)).status_code == 403
        sec = await sign_in(client, "sec")

        async def act(act: str, user: str, **more: Any) -> dict[str, Any]:
            answer = await client.post("/v1/accounts", headers=sec, json={"act": act, "user": user, **more})
            assert answer.status_code == 200, answer.text
            return answer.json()

        added = await act("add", "eve", name="Eve Example", password=OTHER, roles=["operate"], area="intake")
        assert added["account"]["by_area"] == {"intake": ["view", "operate"]}
        assert added["account"]["must_change"] is True
        assert "too short" in (await act("add", "tom", name="Tom", password="short"))["refusal"]
        assert "last active account" in (await act("disable", "sec"))["refusal"]
        assert (await act("grant", "eve", roles=["tune"]))["account"]["roles"] == ["view", "tune"]
        assert not (await act("passwd", "ada", password=OTHER))["refusal"]
        assert not (await act("unlock", "ada"))["refusal"]
        assert not (await act("remove", "eve"))["refusal"]
        assert (await act("add", "eve", name="Eve Again", password=OTHER))["refusal"]
        listed = {one["user"]: one for one in (await client.get("/v1/accounts", headers=sec)).json()}
        assert (listed["eve"]["state"], listed["sec"]["stations"]) == ("removed", ["local"])
        events = ["account.add", "account.grant", "account.password", "account.unlock", "account.remove"]
        for event in events:
            record = (await audit(client, event))[-1]
            assert (record["actor"], record["station"]) == ("sec", "local")
        assert (await act("sign_out", "sec"))["ended"] == 1
        assert (await session(client, sec))["user"] == ""


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"user": 1, "password": 2},
        {"user": "a" * 65, "password": "x"},
        {"user": "a", "password": "x" * 1_001},
    ],
)
async def test_a_body_that_does_not_fit_is_one_sentence_without_what_was_typed(
    tmp_path: Path, body: dict[str, Any]
) -> None:
    async with served(tmp_path) as (_, client):
        answer = await client.post("/v1/session", json=body)
        assert answer.status_code == 400
        assert "\n" not in answer.json()["error"]
        assert "xxx" not in answer.text


async def test_the_notice_stands_before_a_sign_in(tmp_path: Path) -> None:
    plant = plant_of(rules=SessionRules(notice="Authorised people only."))
    async with served(tmp_path, plant) as (_, client):
        assert (await session(client))["notice"] == "Authorised people only."


async def test_a_broken_file_of_accounts_leaves_viewing_and_says_why(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / ACCOUNTS_FILE).write_bytes(b"no database" * 100)
    async with served(tmp_path) as (_, client):
        status = (await client.get("/v1/status")).json()
        assert "accounts is broken" in status["commands_blocked"]
        answer = (await client.post("/v1/session", json={"user": "ada", "password": "x"})).json()
        assert "accounts is broken" in answer["refusal"]


async def test_nobody_signs_in_while_the_journal_cannot_be_written(tmp_path: Path) -> None:
    add_people(tmp_path)
    async with served(tmp_path) as (runtime, client):

        async def broken(*entries: object) -> Any:
            raise StorageError("the disk is full")

        runtime.services.journal.append = broken  # type: ignore[method-assign]
        answer = (await client.post("/v1/session", json={"user": "ada", "password": PASSWORD})).json()
        assert (answer["token"], "audit trail cannot be written" in answer["refusal"]) == ("", True)
        assert (await client.get("/v1/values")).status_code == 200
