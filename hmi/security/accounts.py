"""The accounts of a plant: who may sign in, with which rights, and every change of that (CR 1.3 to 1.5, 11.300).

Everything here blocks, up to seconds where a password is worked on: call it from a thread. ``hmi user`` and a running
runtime use the same file at the same time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import apsw

from hmi.core.clock import NS_PER_S, wall_ns
from hmi.core.errors import AccountRefused
from hmi.core.principal import Role
from hmi.core.texts import tr
from hmi.security._account_file import AccountFile
from hmi.security._account_rules import (
    Account,
    AccountChange,
    AccountState,
    ByArea,
    Roles,
    check_area_roles,
    check_user,
    cleaned_name,
    granted,
    revoked,
    rights_as_json,
    rights_of_json,
)
from hmi.security._passwords import HISTORY, hash_of_nobody, is_match, is_outdated, make_hash, weakness

if TYPE_CHECKING:
    from hmi.project.plant import Plant

__all__ = [
    "ACCOUNTS_FILE",
    "UNLOCK",
    "Account",
    "AccountChange",
    "AccountState",
    "Accounts",
    "Version",
    "accounts_of",
    "rights_as_json",
]

ACCOUNTS_FILE: Final = "accounts.sqlite"
"""Inside the data folder of a runtime."""
UNLOCK: Final = "unlock"
"""The change that asks the running runtime to forget the failures of an account."""
NS_PER_DAY: Final = 86_400 * NS_PER_S
Version = tuple[int, int, int]
_COLUMNS = "user, name, rights, state, must_change, changed_at, created_at, last_sign_in"


def accounts_of(plant: Plant, data: Path) -> Accounts:
    """Those in the data folder of a plant; to be opened."""
    words = re.findall(r"[^\W_]+", f"{plant.name} {plant.title}")
    return Accounts(data / ACCOUNTS_FILE, words=words)


class Accounts:
    """All accounts of one file. ``words``: of the plant's name, never taken as a password; ``max_age_days`` of a
    password, 0 = no limit. ``actor`` of a change is who did it, for the audit.

    AccountRefused: a rule forbids the change; the sentence is for people. StorageError: the file cannot be used.
    """

    def __init__(
        self,
        path: Path,
        *,
        words: Iterable[str] = (),
        max_age_days: int = 0,
        now_ns: Callable[[], int] = wall_ns,
    ) -> None:
        self.max_age_days = max_age_days
        self._file = AccountFile(path)
        self._words, self._now_ns = tuple(words), now_ns
        self._nobody = hash_of_nobody()
        self._own_changes = 0

    @property
    def path(self) -> Path:
        """The file."""
        return self._file.path

    def open(self) -> None:
        """Open the file, or make an empty one; StorageError when it cannot be used, and then nothing is changed."""
        self._file.open()

    def close(self) -> None:
        """A second call does nothing."""
        self._file.close()

    # ------------------------------------------------------------------ questions

    def all(self) -> tuple[Account, ...]:
        """Removed ones too, by user id."""
        with self._file.reading() as database:
            rows = database.execute(f"select {_COLUMNS} from account order by user").fetchall()
        return tuple(self._account(row) for row in rows)

    def get(self, user: str) -> Account | None:
        """One account, whatever its state; None when that id was never given."""
        with self._file.reading() as database:
            row = _row(database, user)
        return self._account(row) if row else None

    def exists(self) -> bool:
        """Whether anybody could sign in."""
        with self._file.reading() as database:
            return bool(database.execute("select 1 from account where state='active' limit 1").fetchall())

    def version(self) -> Version:
        """Another one after each change, whoever made it: what a session was given has to be looked up again."""
        return (*self._file.state(), self._own_changes)

    # ------------------------------------------------------------------ passwords

    def verify(self, user: str, password: str) -> Account | None:
        """The active account that the password belongs to. Unknown, disabled and wrong take the same time.

        A hash of older parameters is renewed. ``must_change`` of the account is for the caller to obey.
        """
        kept = self._hash(user)
        if not is_match(kept or self._nobody, password) or not kept:
            return None
        account = self.get(user)
        if self._hash(user) != kept:  # disabled or given another password while this one was worked on
            return None
        if is_outdated(kept):
            self._renew(user, kept, make_hash(password))
        return account

    def check_new(self, user: str, name: str) -> None:
        """AccountRefused when ``add`` would refuse that id or full name."""
        check_user(user)
        cleaned_name(name)
        if self.get(user) is not None:
            raise _used(user)

    def check_known(self, user: str) -> None:
        """AccountRefused when there is no such account, or it was removed."""
        self._known(user)

    def check_password(self, user: str, password: str) -> None:
        """AccountRefused with the rule that a new password breaks; its history is checked where it is set."""
        if why := weakness(password, user, self._words):
            raise AccountRefused(why)

    def set_password(self, user: str, password: str, *, actor: str, must_change: bool) -> Account:
        """A new password; ``must_change`` when somebody else than its owner has chosen it."""
        self.check_password(user, password)
        self._known(user)
        if any(is_match(kept, password) for kept in self._former(user)):
            raise AccountRefused(
                tr("the password is one of the last {count} of this account; take another one", count=HISTORY)
            )
        made = make_hash(password)
        with self._changing(user) as (database, _):
            database.execute(
                "update account set hash=?, must_change=?, changed_at=? where user=?",
                (made, must_change, self._now_ns(), user),
            )
            _keep_former(database, user, made)
            self._log(database, actor, "password", user, {"must_change": must_change})
        return self._known(user)

    def note_sign_in(self, user: str) -> None:
        """Keep the time of a sign-in; no change of the account."""
        with self._file.writing() as database:
            database.execute("update account set last_sign_in=? where user=?", (self._now_ns(), user))

    # ------------------------------------------------------------------ changes

    def add(
        self,
        user: str,
        name: str,
        password: str,
        *,
        actor: str,
        roles: Iterable[Role] = (),
        by_area: ByArea | None = None,
        must_change: bool = True,
    ) -> Account:
        """A new person. An id that was ever given, to a removed account too, is refused (11.100)."""
        self.check_new(user, name)
        name = cleaned_name(name)
        self.check_password(user, password)
        for held in (by_area or {}).values():
            check_area_roles(held)
        made, now = make_hash(password), self._now_ns()
        rights = rights_as_json(frozenset(roles) | {Role.VIEW}, by_area or {})
        with self._file.writing() as database:
            row = (user, name, json.dumps(rights), AccountState.ACTIVE, made, must_change, now, now, 0)
            try:
                database.execute("insert into account values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            except apsw.ConstraintError:
                raise _used(user) from None
            _keep_former(database, user, made)
            self._log(database, actor, "add", user, {"name": name, "must_change": must_change, **rights})
        return self._known(user)

    def disable(self, user: str, *, actor: str) -> Account:
        """Nobody signs in with it any more; it can be enabled again."""
        return self._move(user, AccountState.DISABLED, actor)

    def enable(self, user: str, *, actor: str) -> Account:
        """Of a disabled account."""
        return self._move(user, AccountState.ACTIVE, actor)

    def remove(self, user: str, *, actor: str) -> Account:
        """For good: password and rights are deleted, name and id stay for the audit."""
        return self._move(user, AccountState.REMOVED, actor)

    def grant(self, user: str, roles: Iterable[Role], *, actor: str, lineage: Sequence[str] = ()) -> Account:
        """More rights: in the area that ``lineage`` (``plant.lineage``) begins with, or in the whole plant.

        An area that has rights of its own keeps just those when more are given in the whole plant.
        """
        return self._set_rights(user, "grant", granted, frozenset(roles), actor, lineage)

    def revoke(self, user: str, roles: Iterable[Role], *, actor: str, lineage: Sequence[str] = ()) -> Account:
        """Fewer rights: nowhere in the plant any more, or not in one area."""
        return self._set_rights(user, "revoke", revoked, frozenset(roles), actor, lineage)

    def request_unlock(self, user: str, *, actor: str) -> None:
        """Leave a row that the running runtime acts on: locks for failures are kept in its memory alone."""
        with self._changing(user) as (database, _):
            self._log(database, actor, UNLOCK, user, {})

    # ------------------------------------------------------------------ for the audit

    def pending(self) -> tuple[AccountChange, ...]:
        """Changes that no runtime has journalled yet, oldest first; made while none ran, too."""
        with self._file.reading() as database:
            rows = database.execute(
                "select change.number, at, actor, what, user, detail from change, journalled "
                "where change.number > journalled.number order by change.number"
            ).fetchall()
        return tuple(_change(row) for row in rows)

    def journalled(self, number: int) -> None:
        """The changes up to this one are in the journal."""
        with self._file.writing() as database:
            database.execute("update journalled set number=max(number, ?)", (number,))

    # ------------------------------------------------------------------ inside

    @contextmanager
    def _changing(self, user: str) -> Iterator[tuple[apsw.Connection, Account]]:
        """One change of an account that is there. It is undone when it takes the last right to manage accounts."""
        with self._file.writing() as database:
            row = _row(database, user)
            account = self._account(row) if row else None
            if account is None or account.state is AccountState.REMOVED:
                raise _unknown(user)
            before = self._keepers(database)
            yield database, account
            if before and not self._keepers(database):
                raise AccountRefused(
                    tr(
                        "{user} is the last active account with the right security; give it to another one first",
                        user=user,
                    )
                )

    def _move(self, user: str, state: AccountState, actor: str) -> Account:
        with self._changing(user) as (database, account):
            if account.state is state:
                raise AccountRefused(tr("{user} is {state} already", user=user, state=state.value))
            database.execute("update account set state=? where user=?", (state, user))
            if state is AccountState.REMOVED:
                none = json.dumps(rights_as_json(frozenset(), {}))
                database.execute("update account set hash='', rights=? where user=?", (none, user))
                database.execute("delete from former where user=?", (user,))
            what = {"active": "enable", "disabled": "disable", "removed": "remove"}[state]
            self._log(database, actor, what, user, {"name": account.name})
        return self._known(user, removed=True)

    def _set_rights(
        self,
        user: str,
        what: str,
        rule: Callable[[Roles, ByArea, Roles, Sequence[str]], tuple[Roles, ByArea]],
        roles: Roles,
        actor: str,
        lineage: Sequence[str],
    ) -> Account:
        with self._changing(user) as (database, account):
            before = rights_as_json(account.roles, account.by_area)
            after = rights_as_json(*rule(account.roles, account.by_area, roles, lineage))
            database.execute("update account set rights=? where user=?", (json.dumps(after), user))
            detail = {"area": lineage[0] if lineage else "", "before": before, "after": after}
            self._log(database, actor, what, user, detail)
        return self._known(user)

    def _log(
        self, database: apsw.Connection, actor: str, what: str, user: str, detail: dict[str, Any]
    ) -> None:
        database.execute(
            "insert into change (at, actor, what, user, detail) values (?, ?, ?, ?, ?)",
            (self._now_ns(), actor, what, user, json.dumps(detail)),
        )
        self._own_changes += 1

    def _account(self, row: Sequence[Any]) -> Account:
        user, name, rights, state, must_change, changed_at, created_at, last = row
        too_old = self.max_age_days > 0 and self._now_ns() - changed_at > self.max_age_days * NS_PER_DAY
        roles, by_area = rights_of_json(json.loads(rights))
        return Account(
            user, name, roles, by_area, AccountState(state), bool(must_change) or too_old,
            changed_at, created_at, last,
        )  # fmt: skip

    def _keepers(self, database: apsw.Connection) -> int:
        rows = database.execute(f"select {_COLUMNS} from account where state='active'").fetchall()
        return sum(Role.SECURITY in self._account(row).roles for row in rows)

    def _known(self, user: str, *, removed: bool = False) -> Account:
        account = self.get(user)
        if account is None or (account.state is AccountState.REMOVED and not removed):
            raise _unknown(user)
        return account

    def _hash(self, user: str) -> str:
        """Empty for an account that nobody signs in with."""
        with self._file.reading() as database:
            rows = database.execute(
                "select hash from account where user=? and state='active'", (user,)
            ).fetchall()
        return str(rows[0][0]) if rows else ""

    def _renew(self, user: str, old: str, made: str) -> None:
        with self._file.writing() as database:
            for table in ("account", "former"):
                database.execute(f"update {table} set hash=? where user=? and hash=?", (made, user, old))

    def _former(self, user: str) -> list[str]:
        with self._file.reading() as database:
            return [str(row[0]) for row in database.execute("select hash from former where user=?", (user,))]


def _change(row: Sequence[Any]) -> AccountChange:
    number, at, actor, what, user, detail = row
    return AccountChange(number, at, actor, what, user, json.loads(detail))


def _row(database: apsw.Connection, user: str) -> Sequence[Any] | None:
    rows = database.execute(f"select {_COLUMNS} from account where user=?", (user,)).fetchall()
    return rows[0] if rows else None


def _keep_former(database: apsw.Connection, user: str, made: str) -> None:
    database.execute("insert into former (user, hash) values (?, ?)", (user, made))
    database.execute(
        "delete from former where user=? and number not in "
        "(select number from former where user=? order by number desc limit ?)",
        (user, user, HISTORY),
    )


def _used(user: str) -> AccountRefused:
    return AccountRefused(
        tr(
            "the id {user} was given before; an id belongs to one person for ever, take another one",
            user=user,
        )
    )


def _unknown(user: str) -> AccountRefused:
    return AccountRefused(tr("there is no account {user}", user=repr(user)))
