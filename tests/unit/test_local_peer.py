"""Whose process asks over the local socket: told by the system alone."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from hmi.cli._revisions import _who
from hmi.journal import RevisionTime
from hmi.runtime._peer import KnowsPeer, os_user, uid_of
from hmi.runtime._reload import Why

linux = pytest.mark.skipif(sys.platform != "linux", reason="asks the system as Linux answers")


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


@linux
def test_the_system_tells_the_account_of_a_unix_socket(pair: tuple[socket.socket, socket.socket]) -> None:
    assert uid_of(pair[0]) == os.getuid()


def test_a_socket_of_the_network_tells_nothing() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        assert uid_of(connection) is None
    assert uid_of(None) is None


def asked(state: dict[str, Any]) -> str:
    """The account as what answers a request hears it."""
    heard: list[str] = []

    async def answers(_scope: Scope, _receive: Receive, _send: Send) -> None:
        heard.append(await os_user())

    async def nothing(*_args: Any) -> Any:
        return {}

    async def request() -> None:
        await KnowsPeer(answers)({"type": "http", "state": state}, nothing, nothing)
        assert await os_user() == ""  # nothing of a request stays behind

    asyncio.run(request())
    return heard[0]


@linux
def test_an_account_goes_by_its_name_and_else_by_its_number() -> None:
    import pwd

    assert asked({"peer_uid": os.getuid()}) == pwd.getpwuid(os.getuid()).pw_name
    assert asked({"peer_uid": 4_000_000_001}) == "uid 4000000001"


def test_a_request_without_a_peer_has_no_account() -> None:
    assert asked({}) == ""
    assert asked({"peer_uid": None}) == ""


def test_records_have_the_account_only_where_it_is_known() -> None:
    assert Why("why", "console:bob").payload == {"reason": "why", "author": "console:bob"}
    assert Why(os_user="bob").payload == {"os_user": "bob"}


@pytest.mark.parametrize(
    ("author", "account", "shown"),
    [
        ("", "", "runtime"),
        ("console:bob", "", "runtime (console:bob)"),
        ("console:bob", "bob", "runtime (console:bob)"),
        ("console:eve", "bob", "runtime (console:eve, account bob)"),
        ("", "bob", "runtime (account bob)"),
    ],
)
def test_another_account_than_the_one_that_was_said_is_shown(author: str, account: str, shown: str) -> None:
    one = RevisionTime("r", 1, 0, "runtime", author, "local", "", (), "", False, account)
    assert _who(one) == shown
