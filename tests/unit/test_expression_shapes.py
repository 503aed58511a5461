"""Expressions of one shape share what was compiled, and each reads its own tags all the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hmi.core import quality
from hmi.core.values import DataValue
from hmi.expressions import ExpressionError, _shapes, compile_expression, expression_names

TEXTS = (
    "'a/x' + 'a/y'",
    "'a/x' if 'a/y' > 2 else 'a/z'",
    "'a/x' * 'a/x' - 'a/y'",
    "max('a/x', 'a/y', 3)",
    "good('a/x') and 'a/y' < 5 or not 'a/z'",
    "format('a/x', \".1f\") if 'a/y' > 1 else \"it's off\"",
    "2 < 'a/y' < 'a/x'",
)
VALUES = st.builds(
    DataValue,
    st.one_of(st.integers(-5, 5), st.floats(-5, 5), st.booleans(), st.none(), st.just("text")),
    st.sampled_from([quality.GOOD, quality.UNCERTAIN, quality.BAD_NO_COMMUNICATION]),
    st.just(1),
    st.just(1),
)


def forget() -> None:
    _shapes._orders.clear()
    _shapes._compiled.clear()


@pytest.mark.parametrize("text", TEXTS)
@given(values=st.lists(VALUES, min_size=3, max_size=3))
def test_a_text_of_a_known_shape_gives_what_it_gives_alone(text: str, values: list[DataValue]) -> None:
    renamed = text.replace("a/x", "b/p.q").replace("a/y", "b/r").replace("a/z", "south::b/s")
    known: dict[str, DataValue] = dict(zip(("b/p.q", "b/r", "south::b/s"), values, strict=True))
    forget()
    alone = compile_expression(renamed)
    forget()
    compile_expression(text)
    shared = compile_expression(renamed)
    assert shared.names == alone.names == expression_names(renamed)
    assert shared.text == renamed
    assert shared.evaluate(known, 7) == alone.evaluate(known, 7)


def test_the_names_of_a_known_shape_come_in_the_order_of_their_use() -> None:
    forget()
    assert expression_names("'a/x' if 'a/c' else 'a/y'") == expression_names("'a/x' if 'a/c' else 'a/y'")
    first = compile_expression("'a/x' if 'a/c' else 'a/y'").names
    swap = {"a/x": "b/1", "a/c": "b/2", "a/y": "b/3"}
    assert expression_names("'b/1' if 'b/2' else 'b/3'") == tuple(swap[name] for name in first)


def test_one_tag_twice_is_another_shape_than_two_tags() -> None:
    forget()
    assert expression_names("'a/x' + 'a/y'") == ("a/x", "a/y")
    assert expression_names("'a/x' + 'a/x'") == ("a/x",)


@pytest.mark.parametrize(
    "text", ["'a/x' + 'not a tag'", "'a/x' + ''", "'a/x' + 'a/y", "'a/x' + \"text\"", "x" * 2_000]
)
def test_what_is_wrong_is_wrong_in_a_known_shape_too(text: str) -> None:
    forget()
    compile_expression("'a/x' + 'a/y'")
    with pytest.raises(ExpressionError):
        compile_expression(text)
    with pytest.raises(ExpressionError):
        expression_names(text)


def test_many_shapes_do_not_stay_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    forget()
    monkeypatch.setattr(_shapes, "MOST", 10)
    for number in range(100):
        compile_expression(f"'a/x' + {number}")
    assert len(_shapes._orders) <= 10
    assert len(_shapes._compiled) <= 10
