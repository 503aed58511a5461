"""What the runtime says of its alarms, as records, with the words and numbers that the page shows. No Qt."""

from __future__ import annotations

from typing import Any

import msgspec

from hmi.core.clock import NS_PER_S
from hmi.core.texts import tr


class Figure(msgspec.Struct, frozen=True):
    """One figure with its target; ``limit`` None: nothing over the target is manageable."""

    key: str
    title: str
    value: float | None
    unit: str
    target: float
    limit: float | None
    verdict: str
    text: str


class Flood(msgspec.Struct, frozen=True):
    """UTC ns; ``open``: not over yet when the figures were made."""

    start: int
    end: int
    peak: int
    count: int
    open: bool


class Rate(msgspec.Struct, frozen=True):
    """Alarms in each bin of ten minutes; ``starts`` UTC ns."""

    starts: list[int]
    counts: list[int]


class Share(msgspec.Struct, frozen=True):
    """One priority: percent of what was announced and of what is configured."""

    priority: int
    count: int
    share: float | None
    configured: int
    configured_share: float | None
    target: float | None
    verdict: str
    configured_verdict: str

    @property
    def worst(self) -> str:
        """The worse verdict of the two."""
        return max(self.verdict, self.configured_verdict, key=tuple(VERDICTS).index)


class Delay(msgspec.Struct, frozen=True):
    """Seconds from the alarm to its acknowledgement."""

    priority: int
    count: int
    median_s: float | None
    p95_s: float | None
    target_s: float | None
    verdict: str


class Named(msgspec.Struct, frozen=True):
    """An alarm of one of the lists; what a list does not have is 0."""

    alarm_id: str
    tag: str
    name: str
    message: str
    area: str
    priority: int
    count: int = 0
    share: float = 0.0
    times: int = 0
    raised: int = 0
    since: int = 0
    until: int = 0


class Answer(msgspec.Struct, frozen=True):
    """Everything; times UTC ns."""

    start: int
    end: int
    area: str
    simulated: bool
    hours: float
    alarms: int
    not_stored: int
    unreadable: int
    kpis: list[Figure]
    rate: Rate
    floods: list[Flood]
    priorities: list[Share]
    ack_delay: list[Delay]
    bad_actors: list[Named]
    chattering: list[Named]
    fleeting: list[Named]
    stale: list[Named]
    standing_now: int = 0

    @property
    def over(self) -> int:
        """How many figures are over what is asked for."""
        return sum(1 for figure in self.kpis if figure.verdict == "over")


def answer_of(told: dict[str, Any]) -> Answer:
    """ValueError (msgspec.ValidationError) for an answer that is none."""
    return msgspec.convert(told, Answer)


def value_text(figure: Figure) -> str:
    """The number of a card: as many digits as say something."""
    if figure.value is None:
        return "–"
    if figure.unit == "ratio" or 0 < figure.value < 0.01:
        return f"{figure.value:.3f}"
    if figure.value == int(figure.value):
        return f"{figure.value:.0f}"
    return f"{figure.value:.1f}" if figure.value >= 10 else f"{figure.value:.2f}"


def count_words(number: int) -> str:
    """How many alarms."""
    return tr("1 alarm") if number == 1 else tr("{n} alarms", n=number)


def band_text(figure: Figure) -> str:
    """``target 1, manageable 2``."""
    if figure.limit is None:
        return tr("target {n}", n=_plain(figure.target, figure.unit))
    return tr(
        "target {n}, manageable {m}",
        n=_plain(figure.target, figure.unit),
        m=_plain(figure.limit, figure.unit),
    )


def _plain(number: float, unit: str) -> str:
    text = f"{number:g}"
    return f"{text} %" if unit == "%" else text


VERDICTS = {"ok": "within target", "near": "manageable", "over": "over"}


def span_text(seconds: float | None) -> str:
    """A length of time as people say it: ``45 s``, ``12 min``, ``5 h``, ``3 d``."""
    if seconds is None:
        return "–"
    for length, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def flood_words(floods: list[Flood]) -> str:
    """How many floods there were and how long the longest was."""
    if not floods:
        return tr("no flood")
    longest = max(flood.end - flood.start for flood in floods) / NS_PER_S
    if len(floods) == 1:
        return tr("1 flood of {time}", time=span_text(longest))
    return tr("{n} floods, the longest {time}", n=len(floods), time=span_text(longest))
