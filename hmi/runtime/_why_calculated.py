"""The step of "why this number?" of a calculated history: what it is made of, and of which period it is."""

from __future__ import annotations

from typing import Final

from hmi.client.why import WhyHop
from hmi.core.texts import tr
from hmi.project.calculation import DAY, HOUR, MONTH, CalculationRule
from hmi.project.plant import Plant
from hmi.runtime._why_known import Known
from hmi.runtime._why_words import plain, state_of, time_words

_WHAT: Final = {
    "total": "Total of {of}", "hours": "Hours in which {of} is not 0", "starts": "How often {of} turned from 0",
    "state_hours": "Hours in which {of} is {state:g}", "average": "Average of {of} by time",
    "minimum": "Lowest value of {of}", "maximum": "Highest value of {of}", "delta": "Change of {of}",
    "percent_good": "Share of the time with Good values of {of}", "kpi": "{expression}",
}  # fmt: skip
_EACH: Final = {HOUR: "hour", DAY: "day", MONTH: "month"}


def calculated_hop(known: Known) -> WhyHop:
    """Its result stands for a period that is over; the status says how much of that is known."""
    rule, value = known.tag.calculation, known.value
    assert rule is not None
    what, each = _words(rule, known.plant), tr(_EACH.get(rule.every, "shift"))
    facts = {"every": rule.every, "good": rule.good}
    if not value.source_time:
        text = tr("{what}, one value for each {period}; no period is over yet.", what=what, period=each)
        return WhyHop("expression", "unknown", text, facts=facts)
    text = tr(
        "{what}, one value for each {period}; this one begins at {time}. It is Good when at least {good:g} % of the "
        "time has Good values.", what=what, period=each, good=rule.good,
        time=time_words(value.source_time, known.plant.zone, known.now_ns),
    )  # fmt: skip
    return WhyHop(
        "expression", state_of(value.status), text, plain(value.value), value.status, value.source_time, facts
    )


def _words(rule: CalculationRule, plant: Plant) -> str:
    of = plant.by_id.get(rule.of)
    return tr(_WHAT[rule.kind], of=of.name if of else "", state=rule.state, expression=rule.expression)
