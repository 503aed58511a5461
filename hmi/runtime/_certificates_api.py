"""GET /v1/certificates and what the security role decides about them (CR 1.8, standards 3.7)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from hmi.client.certificates import TRUST_ACTS, Certificates, TrustAnswer
from hmi.core.journal import Entry, Kind
from hmi.core.principal import Principal, Role
from hmi.core.texts import tr
from hmi.runtime._runtime import Runtime
from hmi.runtime._verbs import BadRequest, Verb
from hmi.security.trust_desk import plain_hex

REASON_LIMIT, FINGERPRINT_LIMIT = 500, 200
_SUMMARIES = {
    "accept": "Trust a certificate (SHA-256, hex); its connection comes up at its next try.",
    "reject": "Refuse a certificate from now on; a connection that uses it is closed.",
    "remove": "Forget a certificate or revocation list; shown again it waits for a decision.",
    "renew": "A new own certificate with a new key; the one before is kept.",
    "return": "Use the own certificate of before the last renewal again.",
}


class CertificatesApi:
    """Everybody may look; the right to decide holds for the whole plant. Refused tries are journalled."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def verbs(self) -> tuple[Verb, ...]:
        """What the API has of it."""
        listed = Verb(
            "GET", "/v1/certificates", Role.VIEW, self._list,
            "Certificates of servers and the own one, each with its state and why it is refused.",
        )  # fmt: skip
        return (listed, *(self._verb(act) for act in TRUST_ACTS))

    def _verb(self, act: str) -> Verb:
        on_one = act in {"accept", "reject", "remove"}
        parameters = {"fingerprint": "string", "reason": "string"} if on_one else {"reason": "string"}
        return Verb(
            "POST", f"/v1/certificates/{act}", Role.SECURITY, _handler(self._act, act), _SUMMARIES[act],
            parameters, _handler(self._refused, act),
        )  # fmt: skip

    async def _list(self, principal: Principal, given: Mapping[str, Any]) -> Certificates:
        return await self._runtime.certificates.list()

    async def _act(self, act: str, principal: Principal, given: Mapping[str, Any]) -> TrustAnswer:
        fingerprint, reason = plain_hex(_text(given, "fingerprint")), _text(given, "reason").strip()
        if act in {"accept", "reject", "remove"} and len(fingerprint) != 64:
            raise BadRequest("fingerprint is the SHA-256 of a certificate: 64 hexadecimal digits")
        if not reason:
            return TrustAnswer(refusal=tr("a reason is needed; it is kept in the journal"))
        return await self._runtime.certificates.act(act, fingerprint, reason[:REASON_LIMIT], principal)

    async def _refused(self, act: str, principal: Principal, given: Mapping[str, Any]) -> None:
        s = self._runtime.services
        payload = {
            "act": act, "fingerprint": _text(given, "fingerprint")[:FINGERPRINT_LIMIT],
            "text": tr("{user} has no right to decide about certificates", user=principal.user),
        }  # fmt: skip
        entry = Entry(
            Kind.AUDIT, "certificate.refused", principal, self._runtime.plant.id, s.clock.now_ns(), payload
        )
        await s.journal.append(entry)


def _handler(verb: Callable[..., Awaitable[Any]], act: str) -> Callable[..., Awaitable[Any]]:
    return partial(verb, act)


def _text(given: Mapping[str, Any], name: str) -> str:
    text = given.get(name, "")
    if not isinstance(text, str):
        raise BadRequest(f"{name} is not a text")
    return text
