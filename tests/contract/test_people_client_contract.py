"""What every RuntimeClient keeps to when people sign in, lock, elevate and sign: the socket's and the fake one."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from fake_runtime import fake_runtime
from people_plant import OTHER, PASSWORD, PV, SP, add_people, cheap_hashes, plant_of

from hmi.client.people import SignIn
from hmi.client.port import Event, LiveUpdate, RuntimeClient
from hmi.client.socket import SocketClient
from hmi.core.clock import monotonic_ns
from hmi.core.errors import AccessRefused
from hmi.core.principal import Mode
from hmi.core.values import DataValue
from hmi.runtime import plant_info
from hmi.testing.client import FakeClient
from hmi.testing.driver import FakePlc

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket"),
]
WRONG = "User or password is wrong."


class Heard:
    """The kinds of events, in order."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def on_live(self, update: LiveUpdate) -> None:
        pass

    def on_event(self, event: Event) -> None:
        self.kinds.append(event.kind)

    def on_link(self, up: bool, text: str) -> None:
        pass


@pytest_asyncio.fixture(params=["fake", "socket"])
async def client(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[RuntimeClient, Heard]]:
    heard, plant = Heard(), plant_of(simulated=True)
    if request.param == "fake":
        now = monotonic_ns()
        fake = FakeClient(
            heard, plant_info(plant, Mode.SIMULATOR), {name: DataValue(1.5, 0, now, now) for name in (PV, SP)}
        )
        fake.people.add("ada", name="Ada Example", roles=["view", "acknowledge", "operate"])
        fake.people.add("bea", name="Bea Example", roles=["view", "acknowledge", "operate", "tune"])
        fake.people.passwords = dict.fromkeys(("ada", "bea"), PASSWORD)
        yield fake, heard
        await fake.close()
        return
    cheap_hashes(monkeypatch)
    add_people(tmp_path)
    plc = FakePlc()
    plc.values = {0: 1.5, 1: 2.5, 2: 0.0, 3: 1.0}
    async with fake_runtime(plant, plc, tmp_path):
        made = SocketClient(tmp_path, heard)
        yield made, heard
        await made.close()


async def granted(ask: Callable[[], Awaitable[SignIn]]) -> SignIn:
    """After a wrong password the next one has to wait."""
    async with asyncio.timeout(20):
        while (answer := await ask()).refusal:
            assert answer.wait_ms > 0
            await asyncio.sleep(0.05)
    return answer


async def test_a_sign_in_is_refused_in_one_sentence_or_brings_the_session(
    client: tuple[RuntimeClient, Heard],
) -> None:
    one, heard = client
    refused = await one.sign_in("ada", OTHER)
    assert (refused.token, refused.refusal, refused.wait_ms > 0) == ("", WRONG, True)
    answer = await granted(lambda: one.sign_in("ada", PASSWORD))
    assert answer.token
    assert (answer.session.user, answer.session.name) == ("ada", "Ada Example")
    found = await one.session()
    assert (found.user, found.locked, found.accounts) == ("ada", False, True)
    assert found.may("operate")
    assert (await one.status()).session.user == "ada"
    await one.touch()
    await one.sign_out()
    assert (await one.session()).user != "ada"
    async with asyncio.timeout(20):
        while "session" not in heard.kinds:
            await asyncio.sleep(0.02)


async def test_a_lock_leaves_viewing_and_the_own_password_ends_it(
    client: tuple[RuntimeClient, Heard],
) -> None:
    one, _ = client
    await one.sign_in("ada", PASSWORD)
    await one.lock()
    found = await one.session()
    assert (found.user, found.locked, found.roles) == ("ada", True, ["view"])
    assert (await one.unlock(OTHER)).refusal
    assert not (await granted(lambda: one.unlock(PASSWORD))).session.locked
    assert (await one.session()).may("operate")


async def test_further_rights_come_with_another_account_and_go_with_zero(
    client: tuple[RuntimeClient, Heard],
) -> None:
    one, _ = client
    await one.sign_in("ada", PASSWORD)
    answer = await one.elevate("bea", PASSWORD, 60)
    assert (answer.refusal, answer.session.may("tune")) == ("", True)
    assert 0 < answer.session.elevated_left_ms <= 60_000
    assert set(answer.session.elevated_roles) == {"view", "acknowledge", "operate", "tune"}
    ended = (await one.elevate("", "", 0)).session
    assert (ended.elevated_roles, ended.elevated_left_ms, ended.may("tune")) == ([], -1, False)


async def test_a_signature_has_an_id_and_a_wrong_password_is_refused(
    client: tuple[RuntimeClient, Heard],
) -> None:
    one, _ = client
    await one.sign_in("ada", PASSWORD)
    command = {"command_id": "c_1", "object_id": f"t_{SP}", "value": 3.5}
    first = await one.sign("ada", PASSWORD, "Performed", **command)  # type: ignore[arg-type]
    other = await one.sign("bea", PASSWORD, "Approved", **command)  # type: ignore[arg-type]
    assert first
    assert first != other
    with pytest.raises(AccessRefused, match=WRONG):
        await one.sign("bea", OTHER, "Approved", **command)  # type: ignore[arg-type]
