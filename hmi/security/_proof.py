"""Whether somebody is who he says: a password, looked at beside the loop, with the waits and locks for wrong ones."""

from __future__ import annotations

from dataclasses import dataclass

from hmi.core.errors import StorageError
from hmi.core.principal import VIEWER, Principal
from hmi.core.texts import tr
from hmi.security._lockout import Key, Lockout, Whose
from hmi.security._password_work import PasswordWork
from hmi.security._people_audit import PeopleAudit
from hmi.security.accounts import Account, Accounts

WRONG = "User or password is wrong."


@dataclass(frozen=True, slots=True)
class Refused:
    """In one sentence; ``wait_ms``: no try is looked at before."""

    text: str
    wait_ms: int = 0


class Proof:
    """Every password that anybody gives goes through here, whatever it is for.

    Without ``accounts`` nobody can prove anything; ``fault`` says why.
    """

    def __init__(
        self, accounts: Accounts | None, lockout: Lockout, audit: PeopleAudit, *, fault: str = ""
    ) -> None:
        self._accounts, self._fault = accounts, fault
        self.lockout, self.work = lockout, PasswordWork()
        self._audit = audit
        self._known: set[str] = set()

    @property
    def accounts(self) -> Accounts:
        """StorageError when there are none."""
        if self._accounts is None:
            raise StorageError(self._fault or tr("this runtime has no accounts"))
        return self._accounts

    @property
    def locked(self) -> frozenset[Key]:
        """Accounts that are locked, of those that exist, and stations where passwords are guessed."""
        found = self.lockout.locked()
        return frozenset(key for key in found if key[0] is Whose.STATION or key[1] in self._known)

    async def of(self, user: str, password: str, station: str, purpose: str) -> Account | Refused:
        """The account; ``purpose`` is for the audit. StorageError when the file of accounts cannot be read."""
        lockout = self.lockout
        if self._accounts is None:
            return Refused(self._fault or tr("this runtime has no accounts"))
        if wait_ms := lockout.wait_ms(user, station):
            self._audit.count("session.too_early", station)
            return _too_early(wait_ms)
        if self.work.is_full:
            return Refused(tr("too many people sign in at this moment; try again in a few seconds"), 1_000)
        lockout.begin(user, station)
        try:
            account, is_known = await self.work.run(lambda: self._look(user, password))
        except BaseException:
            lockout.failed(user, station)
            raise
        if account is not None:
            lockout.succeeded(user, station)
            return account
        lockout.failed(user, station)
        self._note_wrong(user if is_known else "", station, purpose)
        return Refused(tr(WRONG), lockout.wait_ms(user, station))

    def _look(self, user: str, password: str) -> tuple[Account | None, bool]:
        found = self.accounts.verify(user, password)
        return found, self.accounts.get(user) is not None

    def _note_wrong(self, user: str, station: str, purpose: str) -> None:
        """A name that nobody has may be a password in the wrong field: it is not kept."""
        if user:
            self._known.add(user)
        asker, audit = Principal(VIEWER.user, station, VIEWER.session), self._audit
        audit.note(audit.entry("session.refused", asker, user, purpose=purpose, result="refused", why=WRONG))
        if user and (Whose.ACCOUNT, user) in self.locked:
            minutes = self.lockout.rules.lock_min
            audit.note(audit.entry("account.locked", asker, user, minutes=minutes, result="locked"))


def _too_early(wait_ms: int) -> Refused:
    seconds = -(-wait_ms // 1000)
    if seconds > 90:
        text = tr("Too many wrong passwords; try again in {minutes} min.", minutes=-(-seconds // 60))
    else:
        text = tr("Too many wrong passwords; try again in {seconds} s.", seconds=seconds)
    return Refused(text, wait_ms)
