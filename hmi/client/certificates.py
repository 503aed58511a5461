"""Certificates of servers and of the runtime itself, as they go over the wire. Times are UTC ns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

TRUST_ACTS: Final = ("accept", "reject", "remove", "renew", "return")
STATES: Final = ("waiting", "revoked", "expired", "rejected", "expiring", "trusted")
"""What needs a person first. ``waiting``: nobody has decided; ``rejected``: somebody did, or a check fails."""
EXPIRING_DAYS: Final = 30
URGENT_DAYS: Final = 7


class Offer(msgspec.Struct, frozen=True):
    """A server that showed a certificate. ``first_seen`` and ``last_seen`` are those of this certificate.

    ``faults`` say why it is refused, ``overridden`` what was accepted by a setting. ``before``: fingerprint of the
    certificate that this server showed before. ``state`` is the state of the connection; "" where no runtime runs.
    """

    connection: str
    endpoint: str
    first_seen: int
    last_seen: int
    policy: str = ""
    faults: list[str] = []
    overridden: list[str] = []
    before: str = ""
    state: str = ""


class CertificateInfo(msgspec.Struct, frozen=True):
    """One certificate. ``fingerprint`` is its SHA-256, ``sha1`` its thumbprint, both hex.

    ``place`` is own, trusted, issuer, rejected (waits for a decision), denied (decided) or offered (only seen).
    ``text`` says why it is refused. ``changed_from``: fingerprint of another certificate of the same subject that is
    trusted, or that the server showed before.
    """

    fingerprint: str
    sha1: str
    subject: str
    issuer: str
    uri: str
    hosts: list[str]
    valid_from: int
    valid_to: int
    key_bits: int
    state: str
    place: str
    authority: bool = False
    text: str = ""
    offers: list[Offer] = []
    changed_from: str = ""
    days_left: int = 0


class RevocationListInfo(msgspec.Struct, frozen=True):
    """A list of revoked certificates; ``next_update`` 0: it does not say when the next one comes."""

    fingerprint: str
    issuer: str
    updated: int
    next_update: int
    revoked: int
    place: str
    current: bool = True


class Certificates(msgspec.Struct, frozen=True):
    """All of one runtime. ``own`` is None until the first secured connection made it; ``returnable``: the one
    before the last renewal is kept. ``waiting`` certificates wait for a decision.
    """

    at: int
    own: CertificateInfo | None
    certificates: list[CertificateInfo]
    lists: list[RevocationListInfo] = []
    returnable: bool = False
    waiting: int = 0


class TrustAnswer(msgspec.Struct, frozen=True):
    """What came of an act in one sentence: ``text`` when it was done, ``refusal`` when not."""

    text: str = ""
    refusal: str = ""


def grouped(fingerprint: str) -> str:
    """Upper-case hex in groups of four, as it is read out and compared."""
    text = fingerprint.upper()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def urgency(found: CertificateInfo) -> int:
    """7 or 30 when no more days than that are left, 0 when there are more."""
    return urgency_of(found.days_left)


def urgency_of(days_left: float) -> int:
    """As ``urgency``, of the days themselves."""
    return next((step for step in (URGENT_DAYS, EXPIRING_DAYS) if days_left < step), 0)


def in_order(found: Iterable[CertificateInfo]) -> list[CertificateInfo]:
    """What needs a person first, then by subject."""
    return sorted(found, key=lambda one: (STATES.index(one.state), one.subject, one.fingerprint))
