"""What the fake runtime knows of accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hmi.client.people import AccountAnswer, AccountInfo


def make_account(user: str, name: str, *roles: str, **more: Any) -> AccountInfo:
    """An active account with its roles plant-wide; ``more`` are further fields."""
    fields = {"by_area": {}, "state": "active", "must_change": False, "created_at": 0, "changed_at": 0} | more
    return AccountInfo(user, name, list(roles), **fields)


class FakeAccounts:
    """``acts``: what was asked, in order; ``refusals``: act -> the sentence of its refusal."""

    def __init__(self) -> None:
        self.accounts: dict[str, AccountInfo] = {}
        self.refusals: dict[str, str] = {}
        self.acts: list[tuple[str, str, list[str], str]] = []

    def replace_all(self, *accounts: AccountInfo) -> None:
        self.accounts = {one.user: one for one in accounts}

    def all(self) -> list[AccountInfo]:
        return list(self.accounts.values())

    def act(
        self, act: str, user: str, name: str, password: str, roles: Sequence[str], area: str
    ) -> AccountAnswer:
        self.acts.append((act, user, [*roles], area))
        if why := self.refusals.get(act):
            return AccountAnswer(refusal=why)
        if act == "add":
            self.accounts[user] = make_account(user, name, *roles, must_change=True)
        elif act in _STATES:
            self.accounts[user] = msgspec.structs.replace(self.accounts[user], state=_STATES[act])
        return AccountAnswer(account=self.accounts.get(user))


_STATES = {"disable": "disabled", "enable": "active", "remove": "removed"}
