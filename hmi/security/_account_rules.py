"""What an account is, and what its rights become when one is granted or taken; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from hmi.core.errors import AccountRefused
from hmi.core.principal import Role, roles_in
from hmi.core.texts import tr

MAX_NAME: Final = 80
_USER = re.compile(r"[a-z0-9._-]{1,32}")
_PLANT_WIDE: Final = frozenset({Role.SECURITY})
"""Rights to what belongs to no area."""

Roles = frozenset[Role]
ByArea = Mapping[str, Roles]


class AccountState(StrEnum):
    """Only an active account signs in; a removed one keeps its id taken for ever (11.100)."""

    ACTIVE = "active"
    DISABLED = "disabled"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may sign in; rights as in ``Principal``.

    ``must_change``: signs in only with a new password (first use, or older than the plant allows). Times are UTC ns:
    ``changed_at`` of the password, ``last_sign_in`` 0 = never.
    """

    user: str
    name: str
    roles: Roles
    by_area: ByArea
    state: AccountState
    must_change: bool
    changed_at: int
    created_at: int
    last_sign_in: int = 0

    @property
    def is_active(self) -> bool:
        return self.state is AccountState.ACTIVE


@dataclass(frozen=True, slots=True)
class AccountChange:
    """One change for the audit: ``number`` grows, ``at`` is UTC ns, ``actor`` did ``what`` to the account ``user``."""

    number: int
    at: int
    actor: str
    what: str
    user: str
    detail: Mapping[str, Any] = field(default_factory=dict[str, Any])


def check_user(user: str) -> None:
    """AccountRefused for an id that is none."""
    if not _USER.fullmatch(user):
        raise AccountRefused(
            tr("{user} is no user id; use 1 to 32 of: a-z 0-9 . _ -", user=repr(user[: MAX_NAME + 1]))
        )


def cleaned_name(name: str) -> str:
    """The full name in one line; AccountRefused when there is none (11.50 prints it with every signature)."""
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > MAX_NAME or not cleaned.isprintable():
        raise AccountRefused(tr("a full name of 1 to {most} characters is needed", most=MAX_NAME))
    return cleaned


def check_area_roles(roles: Iterable[Role]) -> None:
    """AccountRefused for a right that no area can hold."""
    for role in roles:
        if role in _PLANT_WIDE:
            raise AccountRefused(tr("{role} holds for the whole plant; leave the area out", role=role.value))


def granted(roles: Roles, by_area: ByArea, new: Roles, lineage: Sequence[str]) -> tuple[Roles, ByArea]:
    """Rights with ``new`` besides. In an area the rights that held there stay: a grant never takes one away."""
    if not lineage:
        return roles | new, by_area
    check_area_roles(new)
    return roles, _with_area(roles, by_area, roles_in(roles, by_area, lineage) | new, lineage)


def revoked(roles: Roles, by_area: ByArea, gone: Roles, lineage: Sequence[str]) -> tuple[Roles, ByArea]:
    """Rights without ``gone``: in one area though they hold in the rest of the plant, or nowhere any more."""
    if not lineage:
        return roles - gone, {area: held - gone for area, held in by_area.items()}
    return roles, _with_area(roles, by_area, roles_in(roles, by_area, lineage) - gone, lineage)


def _with_area(roles: Roles, by_area: ByArea, held: Roles, lineage: Sequence[str]) -> ByArea:
    """An area that holds just what the one above does needs no row of its own."""
    area, *above = lineage
    others = {path: rights for path, rights in by_area.items() if path != area}
    held = held - _PLANT_WIDE
    return others if held == roles_in(roles, others, above) - _PLANT_WIDE else {**others, area: held}


def rights_as_json(roles: Roles, by_area: ByArea) -> dict[str, Any]:
    """For the file and the audit."""
    return {
        "roles": role_words(roles),
        "by_area": {area: role_words(by_area[area]) for area in sorted(by_area)},
    }


def rights_of_json(content: Mapping[str, Any]) -> tuple[Roles, ByArea]:
    """A role that this version does not know gives no right. Who may sign in may view."""
    areas = content["by_area"]
    return _roles(content["roles"]), {area: _roles(words) for area, words in areas.items()}


def role_words(roles: Roles) -> list[str]:
    """In the order of ``Role``."""
    return [role.value for role in Role if role in roles]


def _roles(words: Iterable[str]) -> Roles:
    known = {role.value: role for role in Role}
    return frozenset({known[word] for word in words if word in known} | {Role.VIEW})
