"""Secured connections to a server of another maker (node-opcua): trust on both sides, policies, users, renewal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from foreign_server import ForeignServer, Installed
from opcua_plant import QUICK, order, point, watching

from hmi.acquisition.port import LinkSettings
from hmi.core import quality
from hmi.core.commands import WriteState
from hmi.core.errors import CommunicationError, LinkLost
from hmi.drivers.opcua.driver import create
from hmi.security import certificates
from hmi.security.trust import TrustList

pytestmark = pytest.mark.asyncio
POLICIES = ("Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss")
OPERATOR = {"user": "operator", "password": "right"}
POINTS = [point(0, "Counter"), point(1, "Setpoint", writable=True), point(2, "Guarded", writable=True)]


@pytest.fixture(scope="module")
def server(node_opcua: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignServer]:
    with ForeignServer(node_opcua, tmp_path_factory.mktemp("server")) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pki(server: ForeignServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings of a client that trusts the server and is trusted by it."""
    folder = tmp_path_factory.mktemp("pki")
    await refused(server, folder)
    trust_server(folder)
    await refused(server, folder)
    server.ask(trust="application")
    return {"pki_dir": str(folder)}


async def refused(server: ForeignServer, folder: Path, **settings: Any) -> str:
    """Why the connection is not opened."""
    driver = create(LinkSettings("p", server.url, QUICK | {"pki_dir": str(folder)} | settings, (*POINTS,)))
    with pytest.raises(CommunicationError) as told:
        await driver.open()
    return str(told.value)


def trust_server(folder: Path) -> None:
    store = TrustList(folder)
    (rejected,) = store.rejected()
    store.trust(certificates.facts(rejected).sha1)


async def write_as(server: ForeignServer, settings: dict[str, Any]) -> list[int]:
    """Connect, see values, write what everybody may and what only the operator may; the two outcomes."""
    async with watching(server.url, POINTS, **settings) as (driver, seen, _task):
        await seen.until(lambda: len(seen.values) == len(POINTS))
        assert driver.diagnostics()["notes"] == []
        outcomes = [await driver.write(order(handle, 4.5)) for handle in (1, 2)]
        assert (await driver.read_now([1]))[1].value == 4.5
        return [outcome.status for outcome in outcomes]


async def test_unknown_certificates_are_refused_on_both_sides_until_trusted(
    server: ForeignServer, tmp_path: Path
) -> None:
    assert "is not trusted; compare its thumbprint and trust it" in await refused(server, tmp_path)
    trust_server(tmp_path)
    text = await refused(server, tmp_path)
    assert text.endswith("it may not trust our certificate yet: trust it in the server")
    assert server.ask(trust="application") == {"trusted": 1}
    await write_as(server, {"pki_dir": str(tmp_path)})


@pytest.mark.parametrize("mode", ["SignAndEncrypt", "Sign"])
@pytest.mark.parametrize("policy", POLICIES)
async def test_every_policy_reads_and_writes(
    server: ForeignServer, pki: dict[str, str], policy: str, mode: str
) -> None:
    outcomes = await write_as(server, pki | {"security": policy, "mode": mode})
    assert outcomes == [0, quality.BAD_USER_ACCESS_DENIED]


@pytest.mark.parametrize("policy", POLICIES)
async def test_user_with_password_has_his_rights(
    server: ForeignServer, pki: dict[str, str], policy: str
) -> None:
    assert await write_as(server, pki | OPERATOR | {"security": policy}) == [0, 0]


async def test_wrong_password_is_refused_in_words(server: ForeignServer, pki: dict[str, str]) -> None:
    text = await refused(server, Path(pki["pki_dir"]), **OPERATOR | {"password": "wrong"})
    assert text.endswith("refuses: bad user access denied")


async def test_password_is_not_sent_without_encryption(server: ForeignServer, pki: dict[str, str]) -> None:
    text = await refused(server, Path(pki["pki_dir"]), **OPERATOR, security="none")
    assert "the login would travel in the clear and is not sent" in text


async def test_user_with_certificate_once_it_is_trusted(
    server: ForeignServer, pki: dict[str, str], tmp_path: Path
) -> None:
    person = certificates.create(tmp_path, uri="urn:person", host="person")
    user = {"user_certificate": str(person.certificate_file), "user_key": str(person.key_file)}
    text = await refused(server, Path(pki["pki_dir"]), **user)
    assert text.endswith("refuses: bad identity token rejected")
    assert server.ask(trust="user") == {"trusted": 1}
    for policy in POLICIES:
        assert (await write_as(server, pki | user | {"security": policy}))[0] == 0


async def test_renewed_keys_interrupt_nothing(server: ForeignServer, pki: dict[str, str]) -> None:
    """The server lets its keys live for 2.5 s; they are renewed after three quarters of it.

    A machine that stands still for the last quarter loses the link, and gets two further chances.
    """
    for chances in (2, 1, 0):
        try:
            await values_over_renewed_keys(server, pki)
        except* LinkLost:
            if not chances:
                raise
        else:
            break


async def values_over_renewed_keys(server: ForeignServer, pki: dict[str, str]) -> None:
    points = [point(0, "Counter", queue=100), point(1, "Setpoint", writable=True)]
    async with watching(server.url, points, **pki) as (driver, seen, _task):
        tokens: set[int] = set()

        def is_renewed_twice() -> bool:
            link = driver._link
            if link is not None and link.transport.protocol is not None:
                tokens.add(link.transport.protocol._connection.security_token.TokenId)
            return len(tokens) >= 3

        await seen.until(is_renewed_twice)
        assert (await driver.write(order(1, 6.5))).state is WriteState.DONE
        numbers = [value.value for handle, value in seen.history if handle == 0]
        assert numbers == [numbers[0] + place for place in range(len(numbers))]  # type: ignore[operator]
