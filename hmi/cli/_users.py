"""``hmi user``: the accounts of a plant; and the question for the first one when a runtime starts at a console."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hmi.cli._options import AsJson, DataDir, PlantFolder, data_for
from hmi.cli._passwords import TRIES, is_console, new_password
from hmi.cli._tables import print_table
from hmi.core.clock import NS_PER_S
from hmi.core.errors import AccountRefused, StorageError, UsageError
from hmi.core.principal import Role
from hmi.core.texts import tr

if TYPE_CHECKING:
    from hmi.project.plant import Plant
    from hmi.security.accounts import Account, Accounts

_TAKES: Final = {
    "list": {"json"},
    "add": {"name", "role", "area", "own", "password-stdin"},
    "passwd": {"own", "password-stdin"},
    "grant": {"role", "area"},
    "revoke": {"role", "area"},
    "disable": set[str](),
    "enable": set[str](),
    "remove": set[str](),
    "unlock": set[str](),
}


def user(
    plant: PlantFolder,
    action: Annotated[str, typer.Argument(help=" ".join(_TAKES))],
    user_id: Annotated[str, typer.Argument(metavar="[USER]", help="User id: a-z 0-9 . _ -")] = "",
    name: Annotated[str, typer.Option(help="add: the full name.")] = "",
    role: Annotated[
        list[str] | None, typer.Option(help=f"{' '.join(one.value for one in Role)}; may be repeated.")
    ] = None,
    area: Annotated[
        list[str] | None, typer.Option(help="Path of an area; may be repeated. Without: the whole plant.")
    ] = None,
    own: Annotated[
        bool, typer.Option("--own", help="The password is its owner's choice: no change at first use.")
    ] = False,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="The password is a line of standard input.")
    ] = False,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Accounts of a plant: who may sign in and what he may do; also while the runtime runs."""
    from hmi.project import open_plant

    given = {
        "name": name, "role": role, "area": area, "own": own, "password-stdin": password_stdin, "json": as_json,
    }  # fmt: skip
    _check_asked(action, user_id, {option for option, value in given.items() if value})
    opened = open_plant(plant)
    folder = data_for(opened.id, data)
    if action == "list":
        return _list(opened, folder, as_json)
    roles, areas = _roles(role or ()), _areas(opened, area or ())
    with _accounts(opened, folder) as accounts:
        if action == "add":
            _add(accounts, user_id, name, roles, areas, own=own, from_stdin=password_stdin)
        elif action == "passwd":
            _set_password(accounts, user_id, own=own, from_stdin=password_stdin)
        elif action in ("grant", "revoke"):
            _change_rights(accounts, opened, action, user_id, roles, areas)
        else:
            _act(accounts, action, user_id)
    return None


def offer_first_account(plant: Plant, data: Path) -> None:
    """Before a runtime starts on a real plant at a console: ask for the first account when there is none."""
    if plant.simulated or not is_console():
        return
    with (
        contextlib.suppress(StorageError),
        _accounts(plant, data) as accounts,
    ):  # the runtime tells of its faults
        if not accounts.exists():
            _ask_first(accounts)


# ------------------------------------------------------------------------------------------ the actions


def _add(
    accounts: Accounts,
    user_id: str,
    name: str,
    roles: frozenset[Role],
    areas: Sequence[str],
    *,
    own: bool,
    from_stdin: bool,
) -> None:
    accounts.check_new(user_id, name)  # before a person types a password for nothing
    everywhere, by_area = (frozenset[Role](), dict.fromkeys(areas, roles)) if areas else (roles, {})
    password = new_password(lambda text: accounts.check_password(user_id, text), from_stdin=from_stdin)
    added = accounts.add(
        user_id, name, password, actor=console_actor(), roles=everywhere, by_area=by_area, must_change=not own
    )
    typer.echo(f"{user_id}: {tr('added')}; {_rights(added)}{_first_use(added)}")


def _set_password(accounts: Accounts, user_id: str, *, own: bool, from_stdin: bool) -> None:
    accounts.check_known(user_id)
    password = new_password(lambda text: accounts.check_password(user_id, text), from_stdin=from_stdin)
    changed = accounts.set_password(user_id, password, actor=console_actor(), must_change=not own)
    typer.echo(f"{user_id}: {tr('password set')}{_first_use(changed)}")


def _change_rights(
    accounts: Accounts, plant: Plant, action: str, user_id: str, roles: frozenset[Role], areas: Sequence[str]
) -> None:
    if not roles:
        raise UsageError(tr("{action} needs at least one --role", action=action))
    change = accounts.grant if action == "grant" else accounts.revoke
    for lineage in [plant.lineage(area) for area in areas] or [()]:
        changed = change(user_id, roles, actor=console_actor(), lineage=lineage)
    typer.echo(f"{user_id}: {_rights(changed)}")


def _act(accounts: Accounts, action: str, user_id: str) -> None:
    if action == "unlock":
        accounts.request_unlock(user_id, actor=console_actor())
        typer.echo(f"{user_id}: {tr('will be unlocked; a running runtime does it within seconds')}")
        return
    change = {"disable": accounts.disable, "enable": accounts.enable, "remove": accounts.remove}[action]
    changed = change(user_id, actor=console_actor())
    typer.echo(f"{user_id}: {changed.state}")


def _list(plant: Plant, data: Path, as_json: bool) -> None:
    from hmi.security.accounts import ACCOUNTS_FILE

    found: tuple[Account, ...] = ()
    if (data / ACCOUNTS_FILE).exists():  # a question makes no file
        with _accounts(plant, data) as accounts:
            found = accounts.all()
    if as_json:
        return typer.echo(json.dumps([_row(one) for one in found], indent=1, ensure_ascii=False))
    if not found:
        return typer.echo(tr("no account exists: this plant is for viewing only"), err=True)
    lines = (
        [one.user, one.name, _state(one), _rights(one), _time(one.last_sign_in) or tr("never")]
        for one in found
    )
    return print_table(("user", "name", "state", "rights", "last sign-in"), lines)


def _ask_first(accounts: Accounts) -> None:
    """Of the person at the console; a no, an end of input and too many wrong answers leave the plant at viewing."""
    with contextlib.suppress(EOFError):
        if _says_yes(tr("No account exists. Create the first security account now?")):
            try:
                _make_first(accounts)
            except AccountRefused as refusal:
                typer.echo(str(refusal), err=True)


def _make_first(accounts: Accounts) -> None:
    user_id, name = _ask_who(accounts)
    password = new_password(lambda text: accounts.check_password(user_id, text), from_stdin=False)
    accounts.add(user_id, name, password, actor=console_actor(), roles=[Role.SECURITY], must_change=False)
    typer.echo(tr("{user}: added with the right security", user=user_id))


def _says_yes(question: str) -> bool:
    return input(f"{question} [Y/n] ").strip().casefold() in ("", "y", "yes")


def _ask_who(accounts: Accounts) -> tuple[str, str]:
    for _ in range(TRIES):
        user_id = input(tr("User id (a-z 0-9 . _ -): ")).strip()
        name = input(tr("Full name: "))
        try:
            accounts.check_new(user_id, name)
        except AccountRefused as refusal:
            typer.echo(str(refusal), err=True)
            continue
        return user_id, name
    raise AccountRefused(tr("no account was made after {count} tries", count=TRIES))


# ------------------------------------------------------------------------------------------ what was asked


def _check_asked(action: str, user_id: str, given: set[str]) -> None:
    if action not in _TAKES:
        known = ", ".join(_TAKES)
        raise UsageError(
            tr("hmi user does not know {action}; use one of: {known}", action=repr(action), known=known)
        )
    for option in sorted(given - _TAKES[action]):
        raise UsageError(tr("--{option} does not belong to hmi user {action}", option=option, action=action))
    if action != "list" and not user_id:
        raise UsageError(tr("name the user: hmi user PLANT {action} USER", action=action))
    if action == "add" and "name" not in given:
        raise UsageError(tr("the full name is missing: hmi user PLANT add USER --name NAME"))
    if action == "list" and user_id:
        raise UsageError(tr("hmi user PLANT list takes no user; it lists all"))


def _roles(words: Iterable[str]) -> frozenset[Role]:
    known = {role.value: role for role in Role}
    for word in words:
        if word not in known:
            raise UsageError(
                tr("there is no role {word}; use one of: {known}", word=repr(word), known=", ".join(known))
            )
    return frozenset(known[word] for word in words)


def _areas(plant: Plant, paths: Iterable[str]) -> list[str]:
    known = [area.path for area in plant.areas]
    for path in paths:
        if path not in known:
            raise UsageError(
                tr("there is no area {path}; use one of: {known}", path=repr(path), known=", ".join(known))
            )
    return list(paths)


@contextlib.contextmanager
def _accounts(plant: Plant, data: Path) -> Iterator[Accounts]:
    from hmi.security.accounts import accounts_of

    accounts = accounts_of(plant, data)
    accounts.open()
    try:
        yield accounts
    finally:
        accounts.close()


def console_actor() -> str:
    """The person at the command line as the operating system knows him; no user id has a colon."""
    if sys.platform == "win32":
        return f"console:{_windows_user()}"
    import pwd

    try:
        return f"console:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        return f"console:{os.getuid()}"


def _windows_user() -> str:
    try:
        return os.getlogin()
    except OSError:  # no person is logged on: a task of the system
        return "system"


# ------------------------------------------------------------------------------------------ what is printed


def _row(account: Account) -> dict[str, Any]:
    from hmi.security.accounts import rights_as_json

    return {
        "user": account.user,
        "name": account.name,
        "state": account.state.value,
        **rights_as_json(account.roles, account.by_area),
        "must_change": account.must_change,
        "created": _time(account.created_at),
        "password_changed": _time(account.changed_at),
        "last_sign_in": _time(account.last_sign_in),
    }


def _time(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns // NS_PER_S, UTC).isoformat() if at_ns else ""


def _state(account: Account) -> str:
    return f"{account.state}, {tr('new password needed')}" if account.must_change else account.state.value


def _first_use(account: Account) -> str:
    return f"; {tr('to be changed at the first sign-in')}" if account.must_change else ""


def _rights(account: Account) -> str:
    """``view; intake: view, operate``: what holds in an area holds instead of what stands first."""
    parts = [_words(account.roles)]
    parts += [f"{area}: {_words(account.by_area[area])}" for area in sorted(account.by_area)]
    return "; ".join(parts)


def _words(roles: frozenset[Role]) -> str:
    return ", ".join(role.value for role in Role if role in roles)
