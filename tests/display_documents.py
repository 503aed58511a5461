"""Display documents of every kind of wrongness, for property tests."""

from __future__ import annotations

import math

from embedding_plant import DEFINITIONS
from hypothesis import strategies as st

from hmi.mimics import PARAMETER_TYPES

FIELDS = sorted(
    {p.name for d in DEFINITIONS.values() for p in d.properties} | {"x", "y", "w", "h", "id", "tooltip"}
)
TEXTS = st.sampled_from(
    ("$pump", "$pump.flow", "$p", "$$", "$", "card", "loop", "intake/p1", "intake/p1.flow", "'$pump.flow'",
     "pump", "x\u202ey", "\x00", "<b>%s{0}</b>", ">999999999", ".99999f", "\ud800", "other::intake/p1", "")
) | st.text(max_size=12)  # fmt: skip
NUMBERS = (
    st.integers(-3, 200)
    | st.sampled_from((10**400, -(10**30), 1e308, -1e308, math.inf, math.nan, 1e-300, 2**63))
    | st.floats()
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
VALUES = ANYTHING | st.builds(lambda text: {"expr": text}, TEXTS | ANYTHING)
ELEMENTS = st.builds(
    lambda kind, more: {**more, "type": kind},
    st.sampled_from((*DEFINITIONS, "widget", 3)),
    st.dictionaries(st.sampled_from(FIELDS) | TEXTS, VALUES, max_size=6),
)
PARAMETERS = st.dictionaries(
    st.sampled_from(("pump", "p", "title")),
    st.builds(
        lambda kind, more: {**more, "type": kind},
        st.sampled_from(PARAMETER_TYPES),
        st.dictionaries(
            st.sampled_from(("of", "default", "low", "high", "choices", "unit")), ANYTHING, max_size=2
        ),
    )
    | ANYTHING,
    max_size=3,
)
DOCUMENTS = st.builds(
    lambda elements, parameters, more: {**more, "elements": elements, "parameters": parameters},
    st.lists(ELEMENTS | ANYTHING, max_size=6),
    PARAMETERS | ANYTHING,
    st.dictionaries(st.sampled_from(("level", "size", "title", "name", "schema", "area", "id")), ANYTHING, max_size=4),
) | st.dictionaries(st.sampled_from(("elements", "parameters", "level", "size")), ANYTHING)  # fmt: skip
ARGUMENTS = st.none() | st.dictionaries(st.sampled_from(("pump", "p", "title")), ANYTHING, max_size=3)
