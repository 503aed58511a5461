"""The certificates of a runtime that is not there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from hmi.client.certificates import CertificateInfo, Certificates, Offer, TrustAnswer, in_order
from hmi.core.clock import NS_PER_S

AT_NS = 1_795_000_000 * NS_PER_S
DAY_NS = 86_400 * NS_PER_S
_AFTER = {"accept": ("trusted", "trusted"), "reject": ("rejected", "denied")}


def make_certificate(number: int, state: str = "waiting", **more: Any) -> CertificateInfo:
    """A certificate of the server of connection PLC ``number``; ``more`` overrides."""
    fingerprint = f"{number:x}".rjust(2, "a") * 32
    seen, days = AT_NS - number * DAY_NS, int(more.get("days_left", 300))
    offer = Offer(f"PLC{number}", f"opc.tcp://plc{number}:4840", seen, AT_NS, "Basic256Sha256", state="down")
    fields: dict[str, Any] = {
        "fingerprint": fingerprint, "sha1": fingerprint[:40], "subject": f"CN=PLC {number},O=Maker",
        "issuer": f"CN=PLC {number},O=Maker", "uri": f"urn:plc{number}:maker:server", "hosts": [f"plc{number}"],
        "valid_from": seen, "valid_to": AT_NS + days * DAY_NS, "key_bits": 2048, "state": state,
        "place": "rejected" if state == "waiting" else "trusted", "offers": [offer], "days_left": 300,
    }  # fmt: skip
    return CertificateInfo(**{**fields, **more})


class FakeTrust:
    """``acts`` holds what was asked for; ``refusal`` refuses all of it. ``tell`` sends an event."""

    def __init__(self, tell: Callable[[str, Any], None]) -> None:
        self._tell = tell
        self.found = Certificates(AT_NS, None, [])
        self.acts: list[tuple[str, str, str]] = []
        self.refusal = ""

    @property
    def counts(self) -> dict[str, int]:
        """As the status of a runtime has them."""
        return {"waiting": self.found.waiting} if self.found.waiting else {}

    def replace_all(self, rows: Sequence[CertificateInfo], own: CertificateInfo | None = None) -> None:
        """Other certificates from now on; stations are told."""
        waiting = sum(row.state == "waiting" for row in rows)
        self.found = Certificates(AT_NS, own, in_order(rows), waiting=waiting)
        self._tell("certificates", self.counts)

    def act(self, act: str, fingerprint: str, reason: str) -> TrustAnswer:
        """As a runtime does it, without files."""
        self.acts.append((act, fingerprint, reason))
        if self.refusal:
            return TrustAnswer(refusal=self.refusal)
        rows = list(self.found.certificates)
        if act == "remove":
            rows = [row for row in rows if row.fingerprint != fingerprint]
        elif act in _AFTER:
            state, place = _AFTER[act]
            rows = [
                msgspec.structs.replace(row, state=state, place=place)
                if row.fingerprint == fingerprint
                else row
                for row in rows
            ]
        self.replace_all(rows, self.found.own)
        return TrustAnswer(f"{act} is done")
