"""A key store that does not answer holds up nothing but what needs it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives import serialization

from hmi.client import _transport
from hmi.client.remote import RemoteEndpoint, remember
from hmi.core.aside import Aside
from hmi.core.errors import CommunicationError, ConfigurationError
from hmi.notify import _channels
from hmi.notify._message import Message
from hmi.project.notifications import NotificationDef
from hmi.security.secrets import Secrets
from hmi.security.tls import SERVER_KEY, TlsFolder

PATIENCE_S = 30.0
MORE_THAN_SHARED = 40
"""The threads that a loop shares are 32 at most."""


@pytest.fixture
def answer() -> Iterator[threading.Event]:
    found = threading.Event()
    yield found
    found.set()


class Locked:
    """Asks a person, who is not there."""

    def __init__(self, answer: threading.Event) -> None:
        self._answer = answer

    def get(self, name: str) -> str:
        self._answer.wait()
        return name


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["smtp", "webhook"])
async def test_messages_that_wait_for_a_key_store_take_no_thread_of_the_runtime(
    answer: threading.Event, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(_channels, "ATTEMPT_S", 0.2)
    monkeypatch.setattr(_channels, "KEY_STORE_S", 0.1)
    monkeypatch.setattr(_channels, "_aside", Aside("test"))
    channel = NotificationDef("duty", kind, frozenset({1}), url="http://127.0.0.1:9/", secret="mail")
    secrets = cast("Secrets", Locked(answer))
    message = Message("m1", "Level too high", "text", {})
    tries = [
        _channels.deliver(channel, message, ("a@example.org",), secrets) for _ in range(MORE_THAN_SHARED)
    ]
    for found in await asyncio.gather(*tries, return_exceptions=True):
        assert isinstance(found, _channels.DeliveryError)
        assert found.again
        assert "key store" in str(found)
    assert await asyncio.wait_for(asyncio.to_thread(int), PATIENCE_S) == 0


@pytest.mark.asyncio
async def test_answers_and_errors_come_back_and_what_nobody_waits_for_is_not_asked(
    answer: threading.Event,
) -> None:
    aside, asked = Aside("test"), list[Any]()

    def slow() -> str:
        answer.wait()
        return "late"

    with pytest.raises(TimeoutError):
        await aside.ask(slow, 0.05)
    with pytest.raises(TimeoutError):
        await aside.ask(lambda: asked.append("in vain"), 0.05)
    waiting = asyncio.create_task(aside.ask(lambda: "now", PATIENCE_S))
    await asyncio.sleep(0)
    answer.set()
    assert await waiting == "now"
    assert asked == []
    with pytest.raises(KeyError):
        await aside.ask(lambda: {}["none"], PATIENCE_S)


def test_a_locked_key_whose_passphrase_cannot_be_asked_for_is_one_sentence_and_no_hanging_start(
    answer: threading.Event, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = TlsFolder(tmp_path)
    tls.init(["scada1"])
    plain = serialization.load_pem_private_key((tls.folder / SERVER_KEY).read_bytes(), None)
    (tls.folder / SERVER_KEY).write_bytes(
        plain.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"tls-key"),
        )
    )
    found: list[Exception] = []

    def start() -> None:
        try:
            tls.context()
        except ConfigurationError as error:
            found.append(error)

    monkeypatch.setattr("hmi.security.tls.Secrets", lambda _data: Locked(answer))
    monkeypatch.setattr("hmi.security.tls.KEY_STORE_S", 0.1, raising=False)
    starting = threading.Thread(target=start, daemon=True)
    starting.start()
    starting.join(PATIENCE_S)
    assert "key store of the system does not answer" in str(*found)
    answer.set()
    tls.context()


@pytest.mark.asyncio
async def test_a_station_whose_token_cannot_be_asked_for_goes_on_with_its_other_runtimes(
    answer: threading.Event, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a login without a password, which leaves the key store locked."""
    remember(tmp_path, "10.0.0.7", 4443, token="canary-token")
    monkeypatch.setattr("hmi.client.remote.KeyStore", lambda _folder: Locked(answer))
    monkeypatch.setattr(_transport, "KEY_STORE_S", 0.1, raising=False)
    monkeypatch.setattr(_transport, "_aside", Aside("test"), raising=False)
    asked = (asyncio.wait_for(_transport.endpoint_in(tmp_path), 1) for _ in range(MORE_THAN_SHARED))
    for found in await asyncio.gather(*asked, return_exceptions=True):
        assert isinstance(found, CommunicationError), found
        assert "unlock" in str(found)
    assert await asyncio.wait_for(asyncio.to_thread(int), PATIENCE_S) == 0
    answer.set()
    endpoint = await _transport.endpoint_in(tmp_path)
    assert isinstance(endpoint, RemoteEndpoint)
    assert endpoint.address == "10.0.0.7:4443"
