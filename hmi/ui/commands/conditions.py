"""Permissives and interlocks of a command with their truth at this moment; the gate judges again. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from hmi.client.port import TagInfo
from hmi.core import quality
from hmi.core.errors import ConfigurationError
from hmi.core.texts import tr
from hmi.expressions import Expression, compile_expression
from hmi.mimics import Reading

LAST_KNOWN = frozenset((quality.UNCERTAIN_LAST_USABLE, quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE))
ReadingOf = Callable[[str], Reading]


class Standing(Enum):
    """How a condition stands, with the sign that is shown beside its word."""

    MET = "✓"
    UNMET = "✗"
    UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class Condition:
    """One permissive (must be true) or interlock (must be false); ``expression`` None: it does not compile."""

    text: str
    expression: Expression | None
    is_interlock: bool

    @property
    def names(self) -> tuple[str, ...]:
        return self.expression.names if self.expression else ()

    def standing(self, reading_of: ReadingOf, now_ns: int) -> Standing:
        """A stale, Bad or missing input makes it unknown, unless the others decide."""
        if self.expression is None:
            return Standing.UNKNOWN
        readings = [reading_of(name) for name in self.names]
        live = {r.tag: r.data for r in readings if not r.stale}
        result = self.expression.evaluate(live, now_ns)
        if result.is_bad or result.value is None or result.status & quality.CODE_MASK in LAST_KNOWN:
            return Standing.UNKNOWN
        return Standing.MET if bool(result.value) is not self.is_interlock else Standing.UNMET

    def word(self, standing: Standing) -> str:
        """An interlock is active or not; a permissive is met or not."""
        if standing is Standing.UNKNOWN:
            return tr("not known")
        if self.is_interlock:
            return tr("not active") if standing is Standing.MET else tr("active")
        return tr("met") if standing is Standing.MET else tr("not met")

    def reason(self, standing: Standing) -> str:
        """Why a command cannot be given, in one line."""
        if standing is Standing.UNKNOWN:
            return tr("Not known: {condition}", condition=self.text)
        return (
            tr("Active: {condition}", condition=self.text)
            if self.is_interlock
            else tr("Not met: {condition}", condition=self.text)
        )


@lru_cache(maxsize=4096)
def _compiled(text: str) -> Expression | None:
    try:
        return compile_expression(text)
    except ConfigurationError:
        return None


def conditions_of(info: TagInfo) -> tuple[Condition, ...]:
    """The conditions of a tag's command: permissives first."""
    found = [(pair, False) for pair in info.permissives] + [(pair, True) for pair in info.interlocks]
    return tuple(Condition(pair[1] or pair[0], _compiled(pair[0]), lock) for pair, lock in found)


def names_of(infos: Iterable[TagInfo]) -> tuple[str, ...]:
    """Every tag that the conditions of these commands read."""
    return tuple(dict.fromkeys(n for info in infos for c in conditions_of(info) for n in c.names))


def unmet(info: TagInfo, reading_of: ReadingOf, now_ns: int, bypassed: Container[str] = ()) -> str:
    """Every condition that blocks the command now, in words; empty when none does.

    ``bypassed``: texts of conditions that are left out for a while.
    """
    found = [(c, c.standing(reading_of, now_ns)) for c in conditions_of(info) if c.text not in bypassed]
    return "; ".join(c.reason(standing) for c, standing in found if standing is not Standing.MET)
