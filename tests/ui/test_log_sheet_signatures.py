"""The record in full on the log page: what changed, why, and who signed it (CM-15, 21 CFR 11.50)."""

from __future__ import annotations

from datetime import UTC

import pytest

pytest.importorskip("PySide6")

from hmi.ui.log.sheet import lines_of

pytestmark = pytest.mark.qt

AT = 1_780_000_000 * 10**9


def test_cm_15_the_sheet_shows_change_reason_and_signature_with_name_time_and_meaning() -> None:
    signer = {
        "user": "bob",
        "name": "Bob Example",
        "meaning": "approved",
        "time": AT,
        "digest": "d",
    }
    payload = {
        "old": 10.0,
        "new": 12.5,
        "unit": "m",
        "reason": "order 7",
        "signers": [signer],
        "confirmation": "signed",
    }
    lines = lines_of({"event": "command.confirmed", "event_time": 1, "payload": payload}, UTC)
    assert "Change: 10.0 → 12.5 m" in lines
    assert "Reason: order 7" in lines
    (signed,) = [line for line in lines if line.startswith("Signed: ")]
    assert signed.startswith("Signed: Bob Example (bob), 28 May 2026 ")
    assert signed.endswith(", approved")
    assert not any(line.startswith("signers:") for line in lines)


def test_11_50_damaged_signers_are_shown_and_never_raise() -> None:
    for signers in ("x", [1], [{}], {"a": 1}):
        lines_of({"event": "e", "event_time": 1, "payload": {"signers": signers}}, UTC)
