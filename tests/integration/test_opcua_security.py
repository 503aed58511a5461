"""Secured connections against a server on loopback: trust first, then policies, users and refusals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from asyncua import ua
from asyncua.crypto.permission_rules import User, UserRole
from opcua_plant import QUICK, Plant, free_port, order, point, watching

from hmi.acquisition.port import LinkSettings
from hmi.core.commands import WriteState
from hmi.core.errors import CommunicationError
from hmi.drivers.opcua.driver import create
from hmi.security import certificates
from hmi.security.trust import TrustList

pytestmark = pytest.mark.asyncio(loop_scope="module")
URI = "urn:test:secured"
POLICIES = ("Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss")


class Users:
    """Knows one operator; everybody with a certificate or without a name may look."""

    def get_user(self, _server, username=None, password=None, certificate=None):  # type: ignore[no-untyped-def]
        if username is None:
            return User(role=UserRole.User)
        return User(role=UserRole.User) if (username, password) == ("operator", "right") else None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def secured(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Plant]:
    folder = tmp_path_factory.mktemp("server")
    own = certificates.create(folder, uri=URI, host="127.0.0.1")
    made = Plant(free_port())
    made.server.iserver.user_manager = Users()
    kinds = [ua.SecurityPolicyType[f"{name.replace('_', '')}_SignAndEncrypt"] for name in POLICIES]
    await made.start([ua.SecurityPolicyType.NoSecurity, *kinds, ua.SecurityPolicyType.Basic256Sha256_Sign])
    await made.server.set_application_uri(URI)
    await made.server.load_certificate(own.certificate_file)
    await made.server.load_private_key(own.key_file)
    await made.add("A", 1.5, ua.VariantType.Double, writable=True)
    async with made.server:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pki(secured: Plant, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trust list that trusts the server, after it was refused once."""
    folder = tmp_path_factory.mktemp("pki")
    driver = create(LinkSettings("p", secured.url, QUICK | {"pki_dir": str(folder)}, (point(0, "A"),)))
    with pytest.raises(CommunicationError, match="is not trusted"):
        await driver.open()
    store = TrustList(folder)
    (rejected,) = store.rejected()
    store.trust(certificates.facts(rejected).sha1)
    return folder


@pytest.mark.parametrize("policy", POLICIES)
async def test_every_policy_reads_and_writes(secured: Plant, pki: Path, policy: str) -> None:
    settings = {"pki_dir": str(pki), "security": policy}
    async with watching(secured.url, [point(0, "A", writable=True)], **settings) as (driver, seen, _task):
        await seen.until(lambda: 0 in seen.values)
        assert (await driver.write(order(0, 4.5))).state is WriteState.DONE
        await seen.until(lambda: seen.values[0].value == 4.5)
        assert driver.diagnostics()["notes"] == []


async def test_signed_only_works_when_it_is_asked_for(secured: Plant, pki: Path) -> None:
    settings = {"pki_dir": str(pki), "security": "Basic256Sha256", "mode": "Sign"}
    async with watching(secured.url, [point(0, "A")], **settings) as (_driver, seen, _task):
        await seen.until(lambda: 0 in seen.values)


async def test_user_with_password(secured: Plant, pki: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("right\n")
    settings = {"pki_dir": str(pki), "user": "operator", "password_file": str(secret)}
    async with watching(secured.url, [point(0, "A")], **settings) as (_driver, seen, _task):
        await seen.until(lambda: 0 in seen.values)


async def test_wrong_password_is_refused_in_words(secured: Plant, pki: Path) -> None:
    settings = QUICK | {"pki_dir": str(pki), "user": "operator", "password": "wrong"}
    driver = create(LinkSettings("p", secured.url, settings, (point(0, "A"),)))
    with pytest.raises(CommunicationError, match=r"refuses: bad (user access denied|identity token)"):
        await driver.open()


async def test_user_with_certificate(secured: Plant, pki: Path, tmp_path: Path) -> None:
    person = certificates.create(tmp_path, uri="urn:person", host="person")
    settings = {
        "pki_dir": str(pki),
        "user_certificate": str(person.certificate_file),
        "user_key": str(person.key_file),
    }
    async with watching(secured.url, [point(0, "A")], **settings) as (_driver, seen, _task):
        await seen.until(lambda: 0 in seen.values)


async def test_UA_10_wrong_host_is_refused_and_its_override_is_noted(secured: Plant, pki: Path) -> None:
    url = secured.url.replace("127.0.0.1", "localhost")
    settings = QUICK | {"pki_dir": str(pki)}
    driver = create(LinkSettings("p", url, settings, (point(0, "A"),)))
    with pytest.raises(CommunicationError, match=r"made for 127\.0\.0\.1, not for localhost"):
        await driver.open()
    driver = create(LinkSettings("p", url, settings | {"overrides": ["host"]}, (point(0, "A"),)))
    await driver.open()
    assert any("accepted by setting" in note for note in driver.diagnostics()["notes"])
    await driver.close()


async def test_certificate_without_a_folder_for_it_is_one_sentence(secured: Plant) -> None:
    driver = create(LinkSettings("p", secured.url, QUICK, (point(0, "A"),)))
    with pytest.raises(CommunicationError, match="set pki_dir"):
        await driver.open()


async def test_wrong_setting_is_one_sentence(secured: Plant, pki: Path) -> None:
    settings = QUICK | {"pki_dir": str(pki), "overrides": ["everything"]}
    driver = create(LinkSettings("p", secured.url, settings, (point(0, "A"),)))
    with pytest.raises(CommunicationError, match="no certificate fault; use expired"):
        await driver.open()
