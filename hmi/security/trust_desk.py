"""The trust list of one pki folder as people see it, and what they decide about it (standards 3.7, CR 1.8).

Reads and writes files: callers with a loop use a thread. Who may act is decided by the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from hmi.client.certificates import (
    EXPIRING_DAYS,
    CertificateInfo,
    Certificates,
    Offer,
    RevocationListInfo,
    TrustAnswer,
    in_order,
)
from hmi.core.clock import NS_PER_S, wall_ns
from hmi.core.errors import ConfigurationError
from hmi.core.texts import tr
from hmi.security import certificates as own_pair
from hmi.security.certificates import days_left, san_uri, utc
from hmi.security.sightings import Sighting, forget, sightings
from hmi.security.trust import (
    Fault,
    TrustList,
    Verdict,
    host_names,
    is_authority,
    load_chain,
    thumbprints,
)

OWN = "own"
_RANK: Final = ("denied", "trusted", "issuer", "rejected", "offered")
_ENDS_TRUST: Final = frozenset({Fault.UNTRUSTED, Fault.DENIED, Fault.REVOKED, Fault.SIGNATURE})
"""What takes down a live connection; a date that passed waits for its next connect, and the alarm says so."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an act; ``fields`` belong in the journal. ``fingerprint`` is that of the certificate."""

    answer: TrustAnswer
    fingerprint: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(slots=True)
class _Known:
    """All that is known of one certificate."""

    certificate: x509.Certificate
    place: str = "offered"
    files: list[Path] = field(default_factory=list[Path])
    seen: list[Sighting] = field(default_factory=list[Sighting])


class TrustDesk:
    """``overrides``: faults that each connection accepts by its settings. ``is_client``: of clients of our server."""

    def __init__(
        self, folder: Path, overrides: Mapping[str, Sequence[str]] | None = None, *, is_client: bool = False
    ) -> None:
        self.folder, self._overrides, self._is_client = folder, overrides or {}, is_client
        self._store = TrustList(folder)

    # --- what there is --------------------------------------------------------------------------------

    def look(self, now_ns: int | None = None, states: Mapping[str, str] | None = None) -> Certificates:
        """Everything in the folder; ``states`` are those of the connections."""
        now = wall_ns() if now_ns is None else now_ns
        known = self._known()
        infos = in_order(self._info(one, known, now, states or {}) for one in known.values())
        own = self._own()
        return Certificates(
            at=now,
            own=_described(own, OWN, "", now) if own is not None else None,
            certificates=infos,
            lists=[_list_info(place, revoked, utc(now)) for place, revoked in self._lists()],
            returnable=own_pair.has_former(self.folder / OWN),
            waiting=sum(one.state == "waiting" for one in infos),
        )

    def no_longer_trusted(self, now_ns: int | None = None) -> dict[str, str]:
        """Connections whose server shows a certificate that may not be used any more, and why."""
        found: dict[str, str] = {}
        for one in sightings(self.folder):
            verdict = self._verdict(one, now_ns)
            if any(fault.fault in _ENDS_TRUST for fault in verdict.faults):
                found[one.connection] = verdict.text
        return found

    def find(self, fingerprint: str) -> list[str]:
        """Fingerprints that begin as given, or whose SHA-1 thumbprint does; spaces and colons do not count."""
        wanted = plain_hex(fingerprint)
        return [
            sha256 for sha256, one in self._known().items()
            if wanted and (sha256.startswith(wanted) or thumbprints(one.certificate)[0].startswith(wanted))
        ]  # fmt: skip

    def _known(self) -> dict[str, _Known]:
        found: dict[str, _Known] = {}
        for stored in self._store.stored():
            one = found.setdefault(thumbprints(stored.certificate)[1], _Known(stored.certificate))
            one.files.append(stored.file)
            one.place = min(one.place, stored.place, key=_RANK.index)
        for seen in sightings(self.folder):
            certificate = load_chain(seen.der)[0]
            found.setdefault(seen.fingerprint, _Known(certificate)).seen.append(seen)
        return found

    def _lists(self) -> list[tuple[str, x509.CertificateRevocationList]]:
        return [(one.place, one.revoked) for one in self._store.lists()]

    def _own(self) -> x509.Certificate | None:
        try:
            return own_pair.load(self.folder / OWN).certificate
        except ConfigurationError:
            return None

    def _verdict(self, seen: Sighting, now_ns: int | None) -> Verdict:
        words = {fault.value for fault in Fault}
        accepted = [Fault(word) for word in self._overrides.get(seen.connection, ()) if word in words]
        return self._store.verdict(
            seen.der, host=seen.host, application_uri=seen.application_uri, overrides=accepted, now_ns=now_ns
        )

    def _info(
        self, one: _Known, known: Mapping[str, _Known], now: int, states: Mapping[str, str]
    ) -> CertificateInfo:
        verdicts = [self._verdict(seen, now) for seen in one.seen]
        offers = [
            _offer(seen, verdict, states.get(seen.connection, ""))
            for seen, verdict in zip(one.seen, verdicts, strict=True)
        ]
        if not verdicts:
            verdicts = [self._without_offer(one, now)]
        state, text = _state_of(one.certificate, verdicts, now), _reasons(verdicts)
        if one.place == "issuer" and state == "trusted":
            text = tr("an authority in between: needed for the chain, not trusted by itself")
        described = _described(one.certificate, one.place, state, now)
        changed = _changed_from(one, known) if state not in {"trusted", "expiring"} else ""
        return msgspec.structs.replace(described, text=text, offers=offers, changed_from=changed)

    def _without_offer(self, one: _Known, now: int) -> Verdict:
        der = one.certificate.public_bytes(serialization.Encoding.DER)
        verdict = self._store.verdict(
            der, host=None, application_uri=None, now_ns=now, is_client=self._is_client
        )
        if is_authority(one.certificate) and one.place in {"trusted", "issuer"}:
            dates = {Fault.EXPIRED, Fault.NOT_YET}
            return Verdict(tuple(found for found in verdict.faults if found.fault in dates))
        return verdict

    # --- what people decide ---------------------------------------------------------------------------

    def act(self, act: str, fingerprint: str = "") -> Done:
        """One of ``TRUST_ACTS``; OSError when the folder cannot be written."""
        if act == "renew":
            return self._renew()
        if act == "return":
            return self._return()
        wanted = plain_hex(fingerprint)
        known = self._known()
        if act == "remove" and wanted not in known:
            return self._remove_list(wanted)
        if wanted not in known:
            return _refused(
                tr("there is no certificate with the fingerprint {given}", given=fingerprint[:80])
            )
        one = known[wanted]
        done = {"accept": self._accept, "reject": self._reject, "remove": self._remove}[act](one, wanted)
        facts = own_pair.facts(one.certificate)
        fields = {
            "subject": facts.subject, "sha1": facts.sha1, "uri": facts.uri,
            "connections": sorted({seen.connection for seen in one.seen}),
        }  # fmt: skip
        return Done(done, wanted, fields)

    def _accept(self, one: _Known, fingerprint: str) -> TrustAnswer:
        if one.place in {"trusted", "issuer"}:
            return TrustAnswer(refusal=tr("this certificate is trusted already"))
        kept = self._store.put("trusted", one.certificate)
        _unlink(file for file in one.files if file != kept)
        left = _reasons([self._verdict(seen, None) for seen in one.seen])
        subject = one.certificate.subject.rfc4514_string()
        if left:
            return TrustAnswer(
                tr("{subject} is accepted, but still refused: {left}", subject=subject, left=left)
            )
        return TrustAnswer(tr("{subject} is trusted", subject=subject))

    def _reject(self, one: _Known, fingerprint: str) -> TrustAnswer:
        if one.place == "denied":
            return TrustAnswer(refusal=tr("this certificate is rejected already"))
        kept = self._store.put("denied", one.certificate)
        _unlink(file for file in one.files if file != kept)
        return TrustAnswer(tr("{subject} is rejected", subject=one.certificate.subject.rfc4514_string()))

    def _remove(self, one: _Known, fingerprint: str) -> TrustAnswer:
        subject = one.certificate.subject.rfc4514_string()
        if not one.files and all(self._verdict(seen, None).is_trusted for seen in one.seen):
            return TrustAnswer(refusal=tr("an authority vouches for it; remove the authority, or reject it"))
        _unlink(one.files)
        forget(self.folder, fingerprint)
        return TrustAnswer(
            tr("{subject} is removed; when it is shown again it waits for a decision", subject=subject)
        )

    def _remove_list(self, fingerprint: str) -> Done:
        for stored in self._store.lists():
            if _list_fingerprint(stored.revoked) == fingerprint:
                stored.file.unlink(missing_ok=True)
                issuer = stored.revoked.issuer.rfc4514_string()
                text = tr("the revocation list of {issuer} is removed", issuer=issuer)
                return Done(TrustAnswer(text), fingerprint, {"issuer": issuer})
        return _refused(tr("there is nothing with the fingerprint {given}", given=fingerprint[:80]))

    def _renew(self) -> Done:
        """The same names, a new key."""
        old = self._own()
        hosts = [name for names in host_names(old) for name in names] if old is not None else []
        own_pair.renew(
            self.folder / OWN, uri=san_uri(old) if old is not None else "", host=next(iter(hosts), "")
        )
        return self._own_done(tr("the own certificate is new; trust it in the servers"))

    def _return(self) -> Done:
        if not own_pair.has_former(self.folder / OWN):
            return _refused(tr("there is no earlier certificate to return to"))
        own_pair.return_former(self.folder / OWN)
        return self._own_done(tr("the earlier certificate is in use again"))

    def _own_done(self, text: str) -> Done:
        own = self._own()
        if own is None:
            return Done(TrustAnswer(text))
        sha1, sha256 = thumbprints(own)
        return Done(TrustAnswer(text), sha256, {"subject": own.subject.rfc4514_string(), "sha1": sha1})

    def take(self, certificate: x509.Certificate, *, issuer: bool = False) -> Done:
        """A certificate from a file: trusted, or an authority in between."""
        sha1, sha256 = thumbprints(certificate)
        one = self._known().get(sha256, _Known(certificate))
        kept = self._store.put("issuer" if issuer else "trusted", certificate)
        _unlink(file for file in one.files if file != kept)
        subject = certificate.subject.rfc4514_string()
        text = tr("{subject} is trusted", subject=subject)
        if issuer:
            text = tr("{subject} is kept as an authority in between", subject=subject)
        elif is_authority(certificate):
            text = tr("{subject} is trusted, and with it every certificate it issued", subject=subject)
        return Done(TrustAnswer(text), sha256, {"subject": subject, "sha1": sha1})

    def take_list(self, revoked: x509.CertificateRevocationList) -> Done:
        """A revocation list from a file."""
        self._store.put_list("trusted", revoked)
        issuer = revoked.issuer.rfc4514_string()
        text = tr("the revocation list of {issuer} is in use", issuer=issuer)
        return Done(TrustAnswer(text), _list_fingerprint(revoked), {"issuer": issuer})


def decided(folder: Path) -> dict[str, tuple[str, str]]:
    """Place and subject by fingerprint of all that was decided, to see what was changed by hand."""
    stored = (one for one in TrustList(folder).stored() if one.place != "rejected")
    return {
        thumbprints(one.certificate)[1]: (one.place, one.certificate.subject.rfc4514_string())
        for one in stored
    }


def plain_hex(text: str) -> str:
    """A fingerprint as people write it, without its spaces and colons."""
    return "".join(text.split()).replace(":", "").replace("-", "").lower()


def _refused(text: str) -> Done:
    return Done(TrustAnswer(refusal=text))


def _unlink(files: Iterable[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def _reasons(verdicts: Iterable[Verdict]) -> str:
    return "; ".join(dict.fromkeys(found.text for verdict in verdicts for found in verdict.faults))


def _state_of(certificate: x509.Certificate, verdicts: Sequence[Verdict], now: int) -> str:
    faults = {found.fault for verdict in verdicts for found in verdict.faults}
    if Fault.REVOKED in faults:
        return "revoked"
    if utc(now) > certificate.not_valid_after_utc:
        return "expired"
    if faults - {Fault.UNTRUSTED}:
        return "rejected"
    if faults:
        return "waiting"
    return "expiring" if days_left(certificate, now) < EXPIRING_DAYS else "trusted"


def _offer(seen: Sighting, verdict: Verdict, state: str) -> Offer:
    return Offer(
        connection=seen.connection,
        endpoint=seen.endpoint,
        first_seen=seen.first_seen,
        last_seen=seen.last_seen,
        policy=seen.policy,
        faults=[found.text for found in verdict.faults],
        overridden=[found.text for found in verdict.overridden],
        before=seen.before,
        state=state,
    )


def _changed_from(one: _Known, known: Mapping[str, _Known]) -> str:
    """Another certificate of the same subject that is trusted, else what the server showed before."""
    own = thumbprints(one.certificate)[1]
    for fingerprint, other in known.items():
        same = other.certificate.subject == one.certificate.subject
        if fingerprint != own and same and other.place == "trusted":
            return fingerprint
    return next((seen.before for seen in one.seen if seen.before), "")


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * NS_PER_S


def _described(certificate: x509.Certificate, place: str, state: str, now: int) -> CertificateInfo:
    sha1, sha256 = thumbprints(certificate)
    key, left = certificate.public_key(), days_left(certificate, now)
    if place == OWN:
        state = "expired" if left < 0 else "expiring" if left < EXPIRING_DAYS else "trusted"
    return CertificateInfo(
        fingerprint=sha256,
        sha1=sha1,
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        uri=san_uri(certificate),
        hosts=[name for names in _safe_names(certificate) for name in names],
        valid_from=_ns(certificate.not_valid_before_utc),
        valid_to=_ns(certificate.not_valid_after_utc),
        key_bits=key.key_size if isinstance(key, rsa.RSAPublicKey) else 0,
        state=state,
        place=place,
        authority=is_authority(certificate),
        days_left=left,
    )


def _safe_names(certificate: x509.Certificate) -> tuple[list[str], list[str]]:
    try:
        return host_names(certificate)
    except ValueError:
        return [], []


def _list_fingerprint(revoked: x509.CertificateRevocationList) -> str:
    return revoked.fingerprint(hashes.SHA256()).hex()


def _list_info(place: str, revoked: x509.CertificateRevocationList, now: datetime) -> RevocationListInfo:
    following = revoked.next_update_utc
    return RevocationListInfo(
        fingerprint=_list_fingerprint(revoked),
        issuer=revoked.issuer.rfc4514_string(),
        updated=_ns(revoked.last_update_utc),
        next_update=_ns(following) if following else 0,
        revoked=len(revoked),
        place=place,
        current=following is None or following >= now,
    )
