"""How the command line gets a password: typed twice without echo, or as one line of standard input; never an option."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable

import typer

from hmi.core.errors import AccountRefused, UsageError
from hmi.core.texts import tr

TRIES = 3


def is_console() -> bool:
    """Whether a person can be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


def new_password(check: Callable[[str], None], *, from_stdin: bool) -> str:
    """A password that ``check`` takes (AccountRefused = no); UsageError when there is none to be had."""
    if from_stdin:
        password = _first_line()
        check(password)
        return password
    if not is_console():
        raise UsageError(
            tr("there is no terminal to ask for the password at; write --password-stdin and pipe it in")
        )
    for _ in range(TRIES):
        if password := _typed_twice(check):
            return password
    raise AccountRefused(tr("no password was set after {count} tries", count=TRIES))


def hidden_line(question: str) -> str:
    """A secret that a person types once without echo, or the first line of standard input; UsageError for none."""
    found = getpass.getpass(question) if is_console() else sys.stdin.readline().rstrip("\r\n")
    if not found:
        raise UsageError(tr("nothing was given; type the secret, or pipe it in as one line"))
    return found


def _typed_twice(check: Callable[[str], None]) -> str:
    """Empty when it was none; the person has been told why."""
    password = getpass.getpass(tr("Password (not shown): "))
    try:
        check(password)
    except AccountRefused as refusal:
        typer.echo(str(refusal), err=True)
        return ""
    if getpass.getpass(tr("The same once more: ")) == password:
        return password
    typer.echo(tr("the two are not the same; begin again"), err=True)
    return ""


def _first_line() -> str:
    """Without the end of the line that programs put there."""
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise UsageError(tr("--password-stdin: standard input holds no password"))
    return password
