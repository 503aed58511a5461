"""Scaling there and back stays within half a raw step, and no input makes a number that is none."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.core.commands import Refusal
from hmi.core.values import EURange
from hmi.project.plant import Scaling
from hmi.tags import TagEngine, raw_for
from hmi.testing.clock import ManualClock
from hmi.testing.plant import good, make_plant, make_tag

LIMITS = st.integers(-30_000, 30_000)
SPANS = st.integers(10, 30_000)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    raw_low=LIMITS,
    raw_span=SPANS,
    eu_low=LIMITS,
    eu_span=SPANS,
    share=st.floats(0, 1),
    kind=st.sampled_from(["linear", "sqrt"]),
)
def test_a_written_value_reads_back_within_half_a_raw_step(
    raw_low: int, raw_span: int, eu_low: int, eu_span: int, share: float, kind: str
) -> None:
    scaling = Scaling(EURange(raw_low, raw_low + raw_span), EURange(eu_low, eu_low + eu_span), kind=kind)
    tag = make_tag("a/x", scaling=scaling, options={"wire": "int32"})
    raw = raw_for(tag, eu_low + share * eu_span)
    assert not isinstance(raw, Refusal)
    assert isinstance(raw, int)
    exact = raw_low + (share if kind == "linear" else share * share) * raw_span
    assert abs(raw - exact) <= 0.5 + 1e-6


@settings(max_examples=200, deadline=None, derandomize=True)
@given(raw=st.floats(allow_nan=True, allow_infinity=True), ranged=st.booleans(), scaled=st.booleans())
def test_what_comes_out_is_a_finite_number_or_bad(raw: float, ranged: bool, scaled: bool) -> None:
    scaling = Scaling(EURange(0, 1_000), EURange(-1, 1)) if scaled else None
    tag = make_tag("a/x", scaling=scaling, range=EURange(0, 10) if ranged else None)
    value = TagEngine(make_plant([tag]), ManualClock()).scaled(0, good(raw))
    if math.isfinite(raw):
        assert isinstance(value.value, float)
        assert math.isfinite(value.value)
    else:
        assert value.is_bad
        assert value.value is None
