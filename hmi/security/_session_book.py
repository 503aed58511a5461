"""Who is signed in at which station, with which rights at this moment; pure: no clock of its own, no I/O.

All times are monotonic ns. What time ends counts from that moment on, whenever ``look`` is called.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from hmi.core.clock import NS_PER_MS, NS_PER_S
from hmi.core.principal import Principal, Role, roles_in
from hmi.project.plant import SessionRules
from hmi.security.accounts import Account

LOCAL: Final = "local"
CONSOLE_DESK: Final = f"{LOCAL}/console"
"""The command line on the machine of the runtime, at any number of terminals: who signs in there ends no session."""
"""The station on the machine of the runtime itself."""
LONGEST_ELEVATION_S: Final = 30 * 60
_REMEMBERED = 200
_VIEW: Final = frozenset({Role.VIEW})
Lineage = Callable[[str], Sequence[str]]


class Over(Enum):
    """What time has ended."""

    IDLE = "nobody did anything"
    AGE = "the session is as old as it may get"
    AWAY = "nobody did anything on another machine"
    ELEVATION = "the time of the further rights is over"


@dataclass(slots=True, eq=False)
class Session:
    """One person at one station. Of the token only the SHA-256 is kept; ``id`` is no secret.

    ``has_signed``: user and password were given for a signature since the last break (21 CFR 11.200).
    """

    id: str
    digest: bytes
    account: Account
    station: str
    began_ns: int
    touched_ns: int
    locked: bool = False
    has_signed: bool = False
    elevated: Account | None = None
    elevated_until_ns: int = 0

    def rest(self) -> None:
        """Lock it; further rights end with that."""
        self.locked, self.has_signed, self.elevated = True, False, None


class SessionBook:
    """All sessions of a runtime: one per station, any number at ``CONSOLE_DESK``. ``lineage`` as ``plant.lineage``."""

    def __init__(self, rules: SessionRules, lineage: Lineage, now: Callable[[], int]) -> None:
        self.rules, self.lineage, self._now = rules, lineage, now
        self._by_digest: dict[bytes, Session] = {}
        self._ended: OrderedDict[bytes, None] = OrderedDict()

    def find(self, token: str, station: str) -> Session | None:
        """The session of a token, at the station that it was given to alone."""
        session = self._by_digest.get(digest_of(token))
        if session is None or session.station != station or self._is_too_old(session):
            return None
        return session

    def was_known(self, token: str) -> bool:
        """True for a token that was good before: whoever sends it still need not mean harm."""
        return digest_of(token) in self._ended

    def at(self, station: str) -> Session | None:
        """The session of a station; of several the newest."""
        return next((one for one in reversed(self._by_digest.values()) if one.station == station), None)

    def ended_by_next(self, station: str) -> Session | None:
        """The session that ends when the next person signs in at the station."""
        return None if station == CONSOLE_DESK else self.at(station)

    def all(self) -> tuple[Session, ...]:
        return tuple(self._by_digest.values())

    def open(self, account: Account, station: str) -> tuple[str, Session, Session | None]:
        """Token, session, and the one that ends at this station with it."""
        before = self.ended_by_next(station)
        if before is not None:
            self.close(before)
        token, now = secrets.token_urlsafe(32), self._now()
        session = Session("s_" + secrets.token_hex(8), digest_of(token), account, station, now, now)
        self._by_digest[session.digest] = session
        return token, session, before

    def close(self, session: Session) -> bool:
        """False when it had ended already."""
        if self._by_digest.pop(session.digest, None) is None:
            return False
        self._ended[session.digest] = None
        if len(self._ended) > _REMEMBERED:
            self._ended.popitem(last=False)
        return True

    # ---- rights and times

    def principal(self, session: Session) -> Principal:
        """The rights at this moment; while it rests there is viewing alone."""
        own = session.account
        if self.rests(session):
            return Principal(own.user, session.station, session.id, _VIEW, name=own.name)
        other = self.elevated(session)
        if other is None:
            return Principal(own.user, session.station, session.id, own.roles, own.by_area, own.name)
        areas = own.by_area.keys() | other.by_area.keys()
        by_area = {area: self._held(own, area) | self._held(other, area) for area in areas}
        roles = own.roles | other.roles
        return Principal(own.user, session.station, session.id, roles, by_area, own.name, other.user)

    def rests(self, session: Session) -> bool:
        return session.locked or self._idle_ns(session) <= 0 or self._is_too_old(session)

    def elevated(self, session: Session) -> Account | None:
        """The account whose rights are added at this moment."""
        return session.elevated if self._now() < session.elevated_until_ns else None

    def touch(self, session: Session) -> bool:
        """Somebody did something; False while it rests: only a password ends that."""
        if self.rests(session):
            return False
        session.touched_ns = self._now()
        return True

    def wake(self, session: Session) -> None:
        """The password was given again."""
        session.locked, session.touched_ns = False, self._now()

    def elevate(self, session: Session, other: Account, seconds: float) -> None:
        session.elevated = other
        session.elevated_until_ns = self._now() + int(min(seconds, LONGEST_ELEVATION_S) * NS_PER_S)

    def idle_left_ms(self, session: Session) -> int:
        """To its lock; -1 while it rests."""
        return -1 if self.rests(session) else self._idle_ns(session) // NS_PER_MS

    def elevated_left_ms(self, session: Session) -> int:
        """-1 without further rights."""
        if self.rests(session) or self.elevated(session) is None:
            return -1
        return (session.elevated_until_ns - self._now()) // NS_PER_MS

    def look(self) -> list[tuple[Session, Over]]:
        """What time has ended since the last look; it is carried out here."""
        found: list[tuple[Session, Over]] = []
        for session in self.all():
            over = self._over(session)
            if over is None:
                continue
            if over is Over.IDLE:
                session.rest()
            elif over is Over.ELEVATION:
                session.elevated = None
            else:
                self.close(session)
            found.append((session, over))
        return found

    def _over(self, session: Session) -> Over | None:
        if self._is_too_old(session):
            return Over.AGE
        idle = self._idle_ns(session)
        if session.station != LOCAL and idle <= -self._idle_most_ns:
            return Over.AWAY
        if not session.locked and idle <= 0:
            return Over.IDLE
        if session.elevated is not None and self.elevated(session) is None:
            return Over.ELEVATION
        return None

    @property
    def _idle_most_ns(self) -> int:
        return int(self.rules.idle_min * 60 * NS_PER_S)

    def _idle_ns(self, session: Session) -> int:
        return session.touched_ns + self._idle_most_ns - self._now()

    def _is_too_old(self, session: Session) -> bool:
        return self._now() - session.began_ns >= self.rules.session_h * 3600 * NS_PER_S

    def _held(self, account: Account, area: str) -> frozenset[Role]:
        return roles_in(account.roles, account.by_area, self.lineage(area))


def digest_of(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
