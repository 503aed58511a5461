"""Decides from a life sign whether a process is alive; no clock, no process, only numbers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

NS_PER_MS = 1_000_000


class Verdict(Enum):
    """What the supervisor thinks of a child."""

    FINE = "fine"
    EXITED = "exited"
    HUNG = "hung"


@dataclass(frozen=True, slots=True)
class LifeSign:
    """The last sign seen: its text, when it last changed and when the process started (monotonic ns).

    ``text`` is empty until the first sign, which may take as long as a start takes.
    """

    started_ns: int
    text: str = ""
    changed_ns: int = 0

    def seen(self, text: str, now_ns: int) -> LifeSign:
        """The sign after reading ``text`` now."""
        if not text or text == self.text:
            return self
        return LifeSign(self.started_ns, text, now_ns)

    def excused(self, pause_ns: int) -> LifeSign:
        """The sign after the watcher itself was stopped for a while: that time does not count."""
        changed = self.changed_ns + pause_ns if self.changed_ns else 0
        return LifeSign(self.started_ns + pause_ns, self.text, changed)


def judge(sign: LifeSign, *, now_ns: int, exited: bool, hang_ms: int, grace_ms: int) -> Verdict:
    """FINE, EXITED, or HUNG when the sign stood still for ``hang_ms`` (before the first one: ``grace_ms``)."""
    if exited:
        return Verdict.EXITED
    if not sign.text:
        return Verdict.HUNG if now_ns - sign.started_ns > grace_ms * NS_PER_MS else Verdict.FINE
    return Verdict.HUNG if now_ns - sign.changed_ns > hang_ms * NS_PER_MS else Verdict.FINE
