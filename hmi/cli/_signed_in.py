"""A session at a running runtime for one act of the command line: begun with a password, ended with the act."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from hmi.cli._passwords import hidden_line, is_console
from hmi.core.errors import CommunicationError, UsageError
from hmi.core.texts import tr

Person = Annotated[
    str, typer.Option("--user", help="Who does it: an account with the right; asks for the password.")
]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="The password is a line of standard input.")
]


def password_of(*, from_stdin: bool) -> str:
    """What the person types, or the first line of standard input; UsageError when there is nobody to ask."""
    if not from_stdin and not is_console():
        raise UsageError(
            tr("there is no terminal to ask for the password at; write --password-stdin and pipe it in")
        )
    return hidden_line(tr("Password (not shown): "))


def signed_in(data: Path, user: str, password: str) -> str:
    """The token of a new session, which ends none of a station; CommunicationError says why there is none."""
    from hmi.client.once import tell

    found = tell(data, "/v1/session", {"user": user, "password": password, "console": True})
    if token := str(found.get("token") or ""):
        return token
    why = found.get("refusal") or found.get("problem") or tr("{user} cannot sign in", user=user)
    raise CommunicationError(str(why))


def sign_out(data: Path, token: str) -> None:
    """End the session."""
    from hmi.client.once import tell

    tell(data, "/v1/session/end", {}, session=token)


@contextlib.contextmanager
def session_of(data: Path, user: str, *, from_stdin: bool) -> Iterator[str]:
    """The token of a person, '' where none is named; the session ends with the block."""
    if not user:
        yield ""
        return
    token = signed_in(data, user, password_of(from_stdin=from_stdin))
    try:
        yield token
    finally:
        with contextlib.suppress(
            CommunicationError
        ):  # the runtime may have gone; its sessions end by themselves
            sign_out(data, token)
