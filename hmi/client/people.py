"""People, selections, signatures and holds on the wire (standards 5, 6.1). Texts are plain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from hmi.core.holds import AreaControl, Bypass, ControlTag, Holds, Override, TagKind
from hmi.core.principal import lineage_of

ACCOUNT_ACTS: Final = (
    "add",
    "disable",
    "enable",
    "remove",
    "grant",
    "revoke",
    "passwd",
    "unlock",
    "sign_out",
)
HOLD_ACTS: Final = (
    "place_tag",
    "remove_tag",
    "override",
    "end_override",
    "bypass",
    "end_bypass",
    "claim_area",
    "answer_claim",
    "release_area",
)


class SessionInfo(msgspec.Struct, frozen=True):
    """Who is signed in at this station; ``user`` is empty while nobody is (viewing goes on all the same).

    ``roles`` hold everywhere, ``by_area`` in an area and below it instead. ``locked``: the rights rest until the
    password is given again. Times are left over, ms; -1 = none. ``notice`` is shown before a sign-in (CR 1.12),
    ``accounts``: whether anybody could sign in, ``demo``: built-in identities of a simulated plant.
    """

    user: str = ""
    name: str = ""
    station: str = "local"
    roles: list[str] = []
    by_area: dict[str, list[str]] = {}
    locked: bool = False
    idle_left_ms: int = -1
    elevated_roles: list[str] = []
    elevated_left_ms: int = -1
    must_change: bool = False
    accounts: bool = False
    demo: bool = False
    notice: str = ""

    def may(self, role: str, lineage: Sequence[str] = ()) -> bool:
        """As ``Principal.has``: ``lineage`` are area paths, most specific first."""
        return role in next((self.by_area[area] for area in lineage if area in self.by_area), self.roles)

    def may_somewhere(self, role: str) -> bool:
        return role in self.roles or any(role in roles for roles in self.by_area.values())


class SignIn(msgspec.Struct, frozen=True):
    """The answer to a sign-in: ``token`` with the session, or a ``refusal`` in one sentence.

    ``wait_ms``: how long no further try is taken; ``must_change``: a new password has to come along.
    """

    token: str = ""
    session: SessionInfo = SessionInfo()
    refusal: str = ""
    wait_ms: int = 0
    must_change: bool = False


class AccountInfo(msgspec.Struct, frozen=True):
    """An account as who manages accounts sees it. ``state``: active, disabled or removed.

    Times are UTC ns; ``last_sign_in`` 0 = never. ``stations``: where it is signed in now. ``locked_ms``: how long no
    sign-in is taken after too many wrong passwords, 0 = it is not locked.
    """

    user: str
    name: str
    roles: list[str]
    by_area: dict[str, list[str]]
    state: str
    must_change: bool
    created_at: int
    changed_at: int
    last_sign_in: int = 0
    stations: list[str] = []
    locked_ms: int = 0


class AccountAnswer(msgspec.Struct, frozen=True):
    """What came of an act on an account: a ``refusal`` in one sentence, or nothing of the kind."""

    refusal: str = ""
    account: AccountInfo | None = None
    ended: int = 0


class HoldRequest(msgspec.Struct, frozen=True):
    """One act of ``HOLD_ACTS``; each takes the fields it names and leaves the others.

    place_tag: object_id kind reason [work_order seconds] · remove_tag: hold_id reason · override: object_id (a
    tag id) value reason seconds · end_override: object_id reason · bypass: object_id (a tag id) condition reason
    seconds signatures · end_bypass: hold_id reason · claim_area: area [force reason] · answer_claim: area accept ·
    release_area: area. ``seconds`` 0 = without an end where that is allowed. ``id`` names the request: asked twice,
    it is done once.
    """

    id: str
    act: str
    object_id: str = ""
    hold_id: str = ""
    area: str = ""
    kind: str = ""
    condition: str = ""
    value: Any = None
    reason: str = ""
    work_order: str = ""
    seconds: float = 0
    force: bool = False
    accept: bool = False
    heartbeat: int = 0
    signatures: list[str] = []


def area_lineage(areas: Sequence[Mapping[str, str]], area: str) -> tuple[str, ...]:
    """The paths of an area and of all above it, from ``PlantInfo.areas``."""
    return lineage_of({one["path"]: one.get("parent", "") for one in areas}, area)


def holds_of(content: Mapping[str, Any]) -> Holds:
    """From JSON."""
    return Holds(
        tuple(_control_tag(**one) for one in content["tags"]),
        tuple(Override(**one) for one in content["overrides"]),
        tuple(Bypass(**one) for one in content["bypasses"]),
        tuple(AreaControl(**one) for one in content["areas"]),
    )


def _control_tag(*, kind: str, **fields: Any) -> ControlTag:
    return ControlTag(kind=TagKind(kind), **fields)
