"""One event as one message of RFC 5424; pure."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from functools import cache
from typing import Any, Final

from hmi.export.digest import canonical, watermark_content
from hmi.export.port import Event, Watermark

ENTERPRISE: Final = 32_473
"""The enterprise number that RFC 5612 keeps for examples: the product has none of its own."""
APP: Final = "watchkeeper"
BOM: Final = b"\xef\xbb\xbf"
STATEMENT: Final = "export.statement"
_SEQUENCE_MOST: Final = 2_147_483_647
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_PRINTED: Final = re.compile(r"[^!-~]")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Severity(IntEnum):
    """Numbers of RFC 5424, table 2."""

    CRITICAL = 2
    ERROR = 3
    WARNING = 4
    NOTICE = 5
    INFORMATION = 6


_SEVERITIES: Final = {
    "program.changed": Severity.CRITICAL, "audit.seals_failing": Severity.ERROR, "account.locked": Severity.WARNING,
    "session.unknown_token": Severity.WARNING, "session.too_early": Severity.WARNING, "clock.off": Severity.WARNING,
    "clock.stepped": Severity.WARNING, "certificate.changed": Severity.WARNING,
}  # fmt: skip
_NO: Final = frozenset(("refused", "rejected", "failed", "removed"))
_CHANGES: Final = (
    "account.",
    "certificate.",
    "station.",
    "token.",
    "audit.",
    "plant.",
    "session.elevated",
    "history.",
)
_BY_PRIORITY: Final = {1: Severity.CRITICAL, 2: Severity.ERROR, 3: Severity.WARNING, 4: Severity.NOTICE}


@dataclass(frozen=True, slots=True)
class Form:
    """What all messages of a job have in common; ``most_bytes`` of one message without its frame."""

    facility: int
    host: str
    stream: str
    site: str
    most_bytes: int


def message_of(event: Event, sequence: int, form: Form) -> bytes:
    """The message; where it would be too long it says ``shortened="1"`` and lacks ``record``, then the end of its text.

    ``sequence`` counts the messages since the exporter was opened, from 1.
    """
    head = _head(severity_of(event), event.time, event.event, form)
    text = _visible(sentence(event)).encode()
    given = _facts(event, form)
    whole = _whole(head, sequence, {**given, "record": canonical(dict(event.fields))}, text)
    if len(whole) <= form.most_bytes:
        return whole
    short = {name: value[:200] for name, value in given.items()} | {"shortened": "1"}
    over = len(_whole(head, sequence, short, text)) - form.most_bytes
    fits = text[: len(text) - over].decode(errors="ignore").encode() if over > 0 else text
    return _whole(head, sequence, short, fits)


def statement_of(mark: Watermark, sequence: int, form: Form) -> bytes:
    """The statement about a package: ``record`` is its canonical content. Never shortened."""
    head = _head(Severity.INFORMATION, mark.made, STATEMENT, form)
    facts = {"event": STATEMENT, "stream": mark.stream, "record": canonical(watermark_content(mark))}
    text = f"package {mark.number} of {mark.stream} with {mark.rows} events is complete"
    return _whole(head, sequence, facts, _visible(text).encode())


def severity_of(event: Event) -> Severity:
    """How bad it is, by what happened and what came of it."""
    payload = _payload(event)
    if event.kind == "alarm":
        priority = payload.get("priority")
        return _BY_PRIORITY.get(priority if isinstance(priority, int) else 0, Severity.INFORMATION)
    if event.event in _SEVERITIES:
        return _SEVERITIES[event.event]
    if payload.get("result") in _NO or event.event.rpartition(".")[2] in _NO:
        return Severity.WARNING
    return Severity.NOTICE if event.event.startswith(_CHANGES) else Severity.INFORMATION


def sentence(event: Event) -> str:
    """What people read first: what happened, to what, by whom, where, and what was said about it."""
    payload = _payload(event)
    parts = [event.event]
    for word, value in (
        ("of", event.fields.get("object")),
        ("by", event.fields.get("actor")),
        ("at", event.fields.get("station")),
    ):
        if value:
            parts.append(f"{word} {value}")
    said = [str(payload[name]) for name in ("result", "why", "reason", "text") if payload.get(name)]
    return " ".join(parts) + (f": {', '.join(dict.fromkeys(said))}" if said else "")


def framed(message: bytes) -> bytes:
    """With its length in front (RFC 5425 section 4.3, RFC 6587 section 3.4.1)."""
    return b"%d %s" % (len(message), message)


@cache
def _version() -> str:
    try:
        return _escaped(importlib.metadata.version(APP)[:32])
    except importlib.metadata.PackageNotFoundError:
        return "-"


def _facts(event: Event, form: Form) -> dict[str, str]:
    """What a rule of a collector asks for, by name; empty ones are left out."""
    fields, payload = event.fields, _payload(event)
    facts = {
        "number": event.number, "event": event.event, "kind": event.kind, "stream": form.stream, "plant": form.site,
        "time": event.time, "actor": fields.get("actor"), "station": fields.get("station"),
        "object": fields.get("object"), "user": payload.get("user"), "result": payload.get("result"),
        "simulated": "1" if fields.get("simulated") else "", "hash": fields.get("hash"),
    }  # fmt: skip
    return {name: str(value) for name, value in facts.items() if value not in (None, "")}


def _payload(event: Event) -> Mapping[str, Any]:
    found = event.fields.get("payload")
    return found if isinstance(found, Mapping) else {}


def _head(severity: Severity, time: int, event: str, form: Form) -> str:
    at = (
        (_EPOCH + timedelta(microseconds=time // 1_000)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if time > 0
        else "-"
    )
    return f"<{form.facility * 8 + severity}>1 {at} {_word(form.host, 255)} {APP} - {_word(event, 32)}"


def _whole(head: str, sequence: int, facts: Mapping[str, str], text: bytes) -> bytes:
    own = "".join(f' {name}="{_escaped(value)}"' for name, value in facts.items())
    number = (sequence - 1) % _SEQUENCE_MOST + 1
    data = (
        f'[meta sequenceId="{number}"][origin software="{APP}" swVersion="{_version()}"]'
        f"[{APP}@{ENTERPRISE}{own}]"
    )
    return f"{head} {data} ".encode() + BOM + text


def _word(text: str, most: int) -> str:
    """Printed ASCII without blanks, as names in the head must be."""
    return _NOT_PRINTED.sub("_", text)[:most] or "-"


def _escaped(value: str) -> str:
    return _visible(value).replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def _visible(text: str) -> str:
    """Without what would break a line or a screen: a name that somebody typed must not forge a second message."""
    if text.isprintable():
        return text
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
