"""The verbs that manage accounts, by the rules of ``hmi user`` (CR 1.3, 1.4); the right is plant-wide."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hmi.core.errors import AccountRefused
from hmi.core.principal import Principal, Role
from hmi.core.texts import tr
from hmi.runtime._people import actor_of
from hmi.runtime._verbs import BadRequest, Verb
from hmi.security._account_rules import rights_as_json
from hmi.security.accounts import Account, Accounts

if TYPE_CHECKING:
    from hmi.runtime._people import People
    from hmi.runtime._runtime import Runtime

ACTS: Final = ("add", "disable", "enable", "remove", "grant", "revoke", "passwd", "unlock", "sign_out")
_MOST_ROLES: Final = 50
_LIMIT: Final = 1_000


class AccountsApi:
    """Refusals of a rule are answers; each change stands in the journal before its answer."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    @property
    def _people(self) -> People:
        return self._runtime.people

    def verbs(self) -> tuple[Verb, ...]:
        """What the API has of it."""
        return (
            Verb(
                "GET", "/v1/accounts", Role.SECURITY, self._list,
                "Every account with its rights, its state, where it is signed in, and whether it is locked.",
            ),
            Verb(
                "POST", "/v1/accounts", Role.SECURITY, self._act,
                f"One act of: {', '.join(ACTS)}. A password that is set here has to be changed at the first sign-in. "
                "`area` empty: the whole plant. `refusal` says which rule forbids it.",
                {"act": "string", "user": "string", "name": "string", "password": "string", "roles": "array",
                 "area": "string"},
            ),
        )  # fmt: skip

    async def _list(self, principal: Principal, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        found = await asyncio.to_thread(self._people.proof.accounts.all)
        return [self._told(account) for account in found]

    def _told(self, account: Account) -> dict[str, Any]:
        stations = [
            one.station for one in self._people.sessions.book.all() if one.account.user == account.user
        ]
        wait_ms = self._people.proof.lockout.locked_ms(account.user)
        return {
            "user": account.user, "name": account.name, **rights_as_json(account.roles, account.by_area),
            "state": account.state.value, "must_change": account.must_change, "created_at": account.created_at,
            "changed_at": account.changed_at, "last_sign_in": account.last_sign_in, "stations": stations,
            "locked_ms": wait_ms,
        }  # fmt: skip

    async def _act(self, principal: Principal, given: Mapping[str, Any]) -> dict[str, Any]:
        asked = _asked(given)
        if asked.act == "sign_out":
            count = self._people.sessions.end_of(asked.user, tr("by {user}", user=principal.user))
            return {"ended": count, "refusal": ""}
        work = self._work(asked, actor_of(principal))
        try:
            account = await self._people.proof.work.run(work)
        except AccountRefused as error:
            return {"refusal": str(error)}
        await self._people.take_changes()
        return {"refusal": "", "account": self._told(account) if account else None}

    def _work(self, asked: _AccountBody, actor: str) -> Callable[[], Account | None]:
        """What is done beside the loop: a password takes time."""
        accounts, user, roles = self._people.proof.accounts, asked.user, _roles(asked.roles)
        lineage = self._lineage(asked.area)
        by_area = {asked.area: roles} if asked.area else {}
        acts: dict[str, Callable[[], Account | None]] = {
            "add": lambda: accounts.add(
                user, asked.name, asked.password, actor=actor,
                roles=frozenset() if asked.area else roles, by_area=by_area,
            ),
            "disable": lambda: accounts.disable(user, actor=actor),
            "enable": lambda: accounts.enable(user, actor=actor),
            "remove": lambda: accounts.remove(user, actor=actor),
            "grant": lambda: accounts.grant(user, roles, actor=actor, lineage=lineage),
            "revoke": lambda: accounts.revoke(user, roles, actor=actor, lineage=lineage),
            "passwd": lambda: accounts.set_password(user, asked.password, actor=actor, must_change=True),
            "unlock": lambda: _unlocked(accounts, user, actor),
        }  # fmt: skip
        return acts[asked.act]

    def _lineage(self, area: str) -> tuple[str, ...]:
        plant = self._runtime.plant
        if area and area not in {one.path for one in plant.areas}:
            raise BadRequest(f"there is no area {area[:40]!r}")
        return plant.lineage(area)


class _AccountBody(msgspec.Struct):
    act: str
    user: str
    name: str = ""
    password: str = ""
    roles: list[str] = []
    area: str = ""


def _asked(given: Mapping[str, Any]) -> _AccountBody:
    try:
        asked = msgspec.convert(given, _AccountBody)
    except msgspec.ValidationError:  # its words may hold a password
        raise BadRequest("the body does not fit: it has act, user, name, password, roles, area") from None
    if asked.act not in ACTS:
        raise BadRequest(f"there is no act {asked.act[:40]!r}; use one of: {', '.join(ACTS)}")
    texts = (asked.user, asked.name, asked.password, asked.area)
    if len(asked.roles) > _MOST_ROLES or any(len(text) > _LIMIT for text in texts):
        raise BadRequest(f"a text is longer than {_LIMIT} characters, or there are too many roles")
    if asked.act in {"grant", "revoke"} and not asked.roles:
        raise BadRequest("roles names what is granted or revoked")
    return asked


def _roles(words: Sequence[str]) -> frozenset[Role]:
    known = {role.value: role for role in Role}
    for word in words:
        if word not in known:
            raise BadRequest(f"there is no role {word[:40]!r}; use: {', '.join(known)}")
    return frozenset(known[word] for word in words)


def _unlocked(accounts: Accounts, user: str, actor: str) -> Account | None:
    accounts.request_unlock(user, actor=actor)
    return accounts.get(user)
