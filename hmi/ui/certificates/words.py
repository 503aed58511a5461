"""What the page says of a certificate; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Final

from hmi.client.certificates import CertificateInfo, Offer, RevocationListInfo, grouped
from hmi.core.texts import tr
from hmi.ui.times import clock_text, date_text

WORDS: Final = {
    "waiting": "Waits for a decision",
    "revoked": "Revoked",
    "expired": "Expired",
    "rejected": "Rejected",
    "expiring": "Ends soon",
    "trusted": "Trusted",
}
_PLACES: Final = {
    "trusted": "among the trusted ones",
    "issuer": "among the authorities in between",
    "rejected": "refused, no decision yet",
    "denied": "rejected by a person",
    "offered": "only shown by a server",
}
ACTS: Final = {
    "accept": "Accept", "reject": "Reject", "remove": "Remove", "renew": "Renew", "return": "Take the one before",
}  # fmt: skip
_HALF: Final = 39  # characters of eight groups of four
Facts = Iterator[tuple[str, str]]


def state_words(one: CertificateInfo) -> str:
    """One or two words."""
    words = tr(WORDS[one.state])
    return tr("{state}, changed", state=words) if one.changed_from else words


def title_of(one: CertificateInfo) -> str:
    """The common name of the subject, else all of it."""
    if one.place == "own":
        return tr("This runtime itself")
    parts = one.subject.split(",")
    return next((part.partition("=")[2] for part in parts if part.startswith("CN=")), one.subject)


def under_title(one: CertificateInfo) -> str:
    """Where it comes from, in one line."""
    if one.place == "own":
        return tr("own certificate, shown to every server")
    if one.offers:
        return tr(
            "shown by {names}", names=", ".join(dict.fromkeys(offer.connection for offer in one.offers))
        )
    return tr("authority, vouches for others") if one.authority else tr("shown by no connection")


def left_words(one: CertificateInfo) -> str:
    """How long it is valid yet."""
    if one.days_left < 0:
        return tr("ended {n} days ago", n=-one.days_left)
    return tr("{n} days left", n=one.days_left)


def two_lines(fingerprint: str) -> str:
    """Groups of four, eight of them in a line."""
    text = grouped(fingerprint)
    return f"{text[:_HALF]}\n{text[_HALF + 1 :]}" if len(text) > _HALF + 11 else text


def facts_of(one: CertificateInfo, zone: tzinfo) -> Facts:
    """Label and value, in the order in which a person compares them."""
    yield tr("SHA-256"), two_lines(one.fingerprint)
    yield tr("SHA-1"), grouped(one.sha1)
    yield tr("Subject"), one.subject
    yield tr("Issued by"), tr("itself") if one.issuer == one.subject else one.issuer
    yield tr("Application"), one.uri or tr("not named")
    yield tr("Made for"), ", ".join(one.hosts) or tr("no host")
    valid = f"{date_text(one.valid_from, zone)} – {date_text(one.valid_to, zone)}, {left_words(one)}"
    yield tr("Valid"), valid
    yield tr("Key"), tr("RSA {bits} bits", bits=one.key_bits) if one.key_bits else tr("not RSA")
    if one.place in _PLACES:
        yield tr("Kept"), tr(_PLACES[one.place])
    if one.changed_from:
        yield tr("Before it"), two_lines(one.changed_from)
    for offer in one.offers:
        yield offer.connection, _offer_words(offer, zone)


def _offer_words(offer: Offer, zone: tzinfo) -> str:
    where = f"{offer.endpoint}  {offer.policy}".strip()
    seen = tr(
        "first seen {first}, last seen {last}",
        first=clock_text(offer.first_seen, zone), last=clock_text(offer.last_seen, zone),
    )  # fmt: skip
    state = tr("connection {state}", state=tr(offer.state)) if offer.state else ""
    lines = [
        where,
        seen,
        state,
        *(tr("accepted by setting: {fault}", fault=text) for text in offer.overridden),
    ]
    return "\n".join(filter(None, lines))


def counts_words(counts: Mapping[str, int]) -> str:
    """What the health of the connections says of certificates; empty when there is nothing to say."""
    words = [
        tr("certificates that wait for a decision: {n}", n=counts["waiting"])
        if counts.get("waiting")
        else "",
        tr("certificates that end soon: {n}", n=counts["expiring"]) if counts.get("expiring") else "",
    ]
    told = ", ".join(filter(None, words))
    return tr("{told} (Ctrl+Shift+C)", told=told) if told else ""


def list_words(one: RevocationListInfo, zone: tzinfo) -> str:
    """One line about a revocation list."""
    until = (
        tr("valid to {day}", day=date_text(one.next_update, zone))
        if one.next_update
        else tr("without an end")
    )
    out = "" if one.current else f" ({tr('out of date')})"
    return tr("{issuer}: {n} revoked, {until}{out}", issuer=one.issuer, n=one.revoked, until=until, out=out)


def question_of(act: str, one: CertificateInfo) -> tuple[str, str]:
    """What the confirm step asks, and what it asks to compare or says will follow."""
    name = title_of(one)
    if act == "accept":
        changed = (
            tr(" It is not the one that was there before: ask who changed it.") if one.changed_from else ""
        )
        return tr("Trust {name}?", name=name), tr(
            "Compare these groups with the fingerprint that the server itself shows, at the server or by telephone. "
            "Accept only when all of them are the same.{changed}",
            changed=changed,
        )
    live = any(offer.state == "up" for offer in one.offers)
    cut = tr(" The connection that uses it is closed at once.") if live else ""
    if act == "reject":
        return tr("Reject {name}?", name=name), tr("It is refused from now on.{cut}", cut=cut)
    if act == "remove":
        return tr("Remove {name}?", name=name), tr(
            "It is forgotten. When a server shows it again it waits for a decision.{cut}", cut=cut
        )
    if act == "renew":
        return tr("Renew the own certificate?"), tr(
            "A new key is made; the present one is kept. Connections that are up go on; at their next start the "
            "servers see the new certificate and have to trust it first."
        )
    return tr("Take the certificate of before the renewal?"), tr("The present one is kept in its place.")
