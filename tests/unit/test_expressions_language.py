"""The closed expression language: what it computes, what it refuses, how quality travels."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.core import quality
from hmi.core.values import DataValue, Value
from hmi.expressions import ExpressionError, compile_expression, expression_names

NOW = 1_000


def good(value: Value, at: int = 5) -> DataValue:
    return DataValue(value, quality.GOOD, at, at)


VALUES = {
    "a": good(7.5),
    "b": good(2),
    "on": good(True),
    "off": good(False),
    "zero": good(0),
    "mode": good("auto"),
    "u": DataValue(4.0, quality.UNCERTAIN_LAST_USABLE, 6, 6),
    "dead": DataValue(None, quality.BAD_NO_COMMUNICATION, 7, 7),
    "old": DataValue(3.0, quality.BAD_OUT_OF_SERVICE, 8, 8),
    "sim": DataValue(2, quality.UNCERTAIN_SIMULATED, 9, 9),
    "clamped": DataValue(1.0, quality.GOOD_CLAMPED, 5, 5),
}


def run(text: str) -> DataValue:
    return compile_expression(text).evaluate(VALUES, NOW)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("('a' - 2) / (10 - 2) * 100", 68.75),
        ("7 // 'b' + 7 % 'b'", 4),
        ("-'b' + +3", 1),
        ("1 < 'b' <= 2", True),
        ("not 'on' or 'off'", False),
        ("'b' and 'on'", True),
        ("'a' if 'on' else 'dead'", 7.5),
        ("min('a', 'b', 3)", 2),
        ("max('a', 'b')", 7.5),
        ("abs(-'a')", 7.5),
        ("round('a' / 'b', 1)", 3.8),
        ("round(2.6)", 3),
        ("format('a', \".2f\")", "7.50"),
        ("format('a')", "7.5"),
        ("format('b', \"03d\")", "002"),
        ("'mode' == \"auto\"", True),
        ("'mode' != \"auto\"", False),
        ('"Running" if \'on\' else "Stopped"', "Running"),
        ("'mode'", "auto"),
        ("true and not false", True),
        ("True", True),
        ("  'b'\n + 1 ", 3),
        ("'mode' == \"#1\"", False),
    ],
)
def test_good_inputs_give_the_value(text: str, value: Value) -> None:
    result = run(text)
    assert (result.value, result.status) == (pytest.approx(value), quality.GOOD)
    assert type(result.value) is type(value)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("'a' + 'u'", quality.UNCERTAIN_LAST_USABLE),
        ("'u' + 'dead'", quality.BAD_NO_COMMUNICATION),
        ("'old' + 1", quality.BAD_OUT_OF_SERVICE),
        ("'clamped' * 2", quality.GOOD_CLAMPED),
        ("'a' / 'zero'", quality.BAD_OUT_OF_RANGE),
        ("'a' % 'zero'", quality.BAD_OUT_OF_RANGE),
        ("'nowhere' + 1", quality.BAD_CONFIGURATION),
        ("'mode' * 3", quality.BAD_TYPE_MISMATCH),
        ("'mode' > 3", quality.BAD_TYPE_MISMATCH),
        ("'mode' == 3", quality.BAD_TYPE_MISMATCH),
        ("'a' == \"auto\"", quality.BAD_TYPE_MISMATCH),
        ("not 'mode'", quality.BAD_TYPE_MISMATCH),
        ("1 if 'mode' else 2", quality.BAD_TYPE_MISMATCH),
        ("1 if 'dead' else 2", quality.BAD_NO_COMMUNICATION),
        ("'u' if 'on' else 'dead'", quality.UNCERTAIN_LAST_USABLE),
        ("1 if 'u' > 1 else 2", quality.UNCERTAIN_LAST_USABLE),
        ("1e308 * 10", quality.BAD_OUT_OF_RANGE),
        ("'a' * 1e308", quality.BAD_OUT_OF_RANGE),
        ("9223372036854775807 * 9223372036854775807", quality.BAD_OUT_OF_RANGE),
        ("'dead'", quality.BAD_NO_COMMUNICATION),
    ],
)
def test_quality_is_the_worst_of_what_was_read(text: str, status: int) -> None:
    result = run(text)
    assert result.status == status
    assert (result.value is None) is quality.is_bad(status)


@pytest.mark.parametrize(
    ("text", "value", "status"),
    [
        ("'dead' and 'off'", False, quality.GOOD),
        ("'off' and 'dead'", False, quality.GOOD),
        ("'dead' or 'on'", True, quality.GOOD),
        ("'on' or 'dead'", True, quality.GOOD),
        ("'dead' or 'off'", None, quality.BAD_NO_COMMUNICATION),
        ("'dead' and 'on'", None, quality.BAD_NO_COMMUNICATION),
        ("'u' and 'on'", True, quality.UNCERTAIN_LAST_USABLE),
        ("'u' or 'on'", True, quality.GOOD),
        ("'zero' != 0 and 10 / 'zero' > 2", False, quality.GOOD),
        ("10 / 'zero' > 2 and 'zero' != 0", False, quality.GOOD),
    ],
)
def test_and_or_are_decided_by_one_operand_that_is_not_bad(text: str, value: Value, status: int) -> None:
    result = run(text)
    assert (result.value, result.status) == (value, status)


@pytest.mark.parametrize(
    ("tag", "answers"),
    [
        ("a", (True, False, False)),
        ("u", (False, True, False)),
        ("dead", (False, False, True)),
        ("nowhere", (False, False, True)),
        ("clamped", (True, False, False)),
    ],
)
def test_quality_functions_look_at_quality_and_are_good(tag: str, answers: tuple[bool, ...]) -> None:
    results = [run(f"{function}('{tag}')") for function in ("good", "uncertain", "bad")]
    assert tuple(r.value for r in results) == answers
    assert all(r.is_good for r in results)


def test_quality_functions_take_a_calculation() -> None:
    assert run("bad('a' / 'zero')").value is True
    assert run("good('a' / 'b')").value is True
    assert run("'a' if good('a' / 'zero') else -1").value == -1


def test_times_are_the_newest_source_and_now() -> None:
    result = run("'a' + 'u'")
    assert (result.source_time, result.receive_time) == (6, NOW)
    assert run("1").source_time == NOW


def test_names_are_the_tags_in_the_order_of_reading() -> None:
    expression = compile_expression("'x/b.c' + 'x/a' * 'x/b.c' if \"x/t\" == 'x/m' else 0")
    assert expression.names == ("x/m", "x/b.c", "x/a")
    assert set(expression_names("'x/a' + 1")) == {"x/a"}


REFUSED = [
    ("", 1, "empty"),
    ("1 +", 0, "does not read"),
    ("'a'.real", 1, "dot"),
    ("'a'[0]", 1, "brackets"),
    ("2 ** 9", 1, "**"),
    ("1 + (lambda: 1)", 6, "lambda"),
    ("f'{1}'", 1, "f-strings"),
    ("[1 for x in (1,)]", 1, "no part"),
    ("(1, 2)", 1, "no part"),
    ("{1: 2}", 1, "no part"),
    ("a + 1", 1, "single quotes"),
    ("1 + level", 5, "single quotes"),
    ('__import__("os")', 1, "no function"),
    ('open("/etc/passwd")', 1, "no function"),
    ("min(1)", 1, "takes 2 to 50"),
    ("good()", 1, "takes 1"),
    ("round('a', ndigits=2)", 12, "names of arguments"),
    ("round('a', 'b')", 12, "digits"),
    ("round(1, 99)", 10, "digits"),
    ('format(1, "99999999d")', 11, "format"),
    ("format(1, 'a')", 11, "format"),
    ('format(1, ".2d")', 11, "format"),
    ('"a" * 1000000000', 1, "text"),
    ('"a" + "b"', 1, "text"),
    ('("a" if \'on\' else "b") * 9', 2, "text"),
    ("format(1) * 9", 1, "text"),
    ('"a" < "b"', 7, "order"),
    ('not "a"', 5, "text"),
    ('min("a", 1)', 5, "numbers"),
    ("'a b'", 1, "not the name of a tag"),
    ("1 + '{name}.run'", 5, "not the name of a tag"),
    ("'a' 'b'", 1, "neither a tag nor a text"),
    ("'''a'''", 1, "neither a tag nor a text"),
    ("b'a'", 1, "only numbers"),
    ("'a\\x41'", 3, "backslash"),
    ("1 # one\n + 2", 3, "comment"),
    ("1j", 1, "only numbers"),
    ("None", 1, "only numbers"),
    ("...", 1, "only numbers"),
    ("1 is 2", 1, "no part"),
    ("1 in 'a'", 1, "no part"),
    ("~1", 1, "no part"),
    ("1 << 9999999", 1, "no part"),
    ("1 if 2", 0, "cannot be read"),
    ("x := 1", 0, "does not read"),
    ("(x := 1)", 2, "assignment"),
    ("+".join(["1"] * 300), 0, "parts"),
    ("-" * 400 + "1", 0, "levels"),
    ("(" * 300 + "1" + ")" * 300, 0, "cannot be read"),
    ("1" * 2000, 1, "characters long"),
    ("\x00", 0, ""),
    ("await 'a'", 0, ""),
    ("yield", 0, ""),
    ("*'a'", 0, ""),
]


@pytest.mark.parametrize(("text", "column", "words"), REFUSED)
def test_everything_else_is_refused_with_file_line_and_column(text: str, column: int, words: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, file="tags.csv", line=12)
    error = caught.value
    assert words in error.sentence
    assert error.sentence.startswith(f"tags.csv:12: expression, column {error.column}: ")
    assert "\n" not in error.sentence
    if column:
        assert error.column == column


def test_column_counts_characters_after_other_scripts() -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression('  "Füllstand" == "ü" + level')
    assert caught.value.column == 24


PIECES = st.sampled_from(
    ["'a'", "'u'", "'dead'", "'mode'", "'zero'", "1", "2.5", '"x"', "+", "-", "*", "/", "(", ")", ",", "min", "if",
     "else", "and", "or", "not", "<", "==", "good", "round", "format", "**", ".", "[", "]", "lambda", ":", "\n", "\\"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map(" ".join)))
def test_any_text_compiles_and_evaluates_or_is_refused_in_one_sentence(text: str) -> None:
    refusal = ""
    try:
        expression = compile_expression(text)
    except ExpressionError as error:
        refusal = error.sentence
    if refusal:
        assert "\n" not in refusal
        return
    result = expression.evaluate(VALUES, NOW)
    assert isinstance(result, DataValue)
    assert result.value is not None or result.is_bad


NUMERIC = st.recursive(
    st.sampled_from(["'a'", "'b'", "'zero'", "'on'", "'u'", "'clamped'", "'sim'", "3", "0.5"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "<", "and", "or", "=="]), inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
        inner.map(lambda t: f"abs({t})"),
    ),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None)
@given(NUMERIC)
def test_fast_and_careful_evaluation_agree(text: str) -> None:
    expression = compile_expression(text)
    assert expression.evaluate(VALUES, NOW) == expression._evaluate_carefully(VALUES, NOW)


def test_100000_evaluations_a_second_are_within_reach() -> None:
    """A ratio in one run: an evaluation costs less than 30 calls of a bare Python function."""
    expression = compile_expression("('a' - 2) / (10 - 2) * 100 if 'a' > 2 else 0")

    def bare(a: float) -> float:
        return (a - 2) / 8 * 100 if a > 2 else 0

    def cost(call: object, *arguments: object) -> float:
        best = float("inf")
        for _ in range(5):
            start = time.process_time()
            for _ in range(4_000):
                call(*arguments)  # type: ignore[operator]
            best = min(best, time.process_time() - start)
        return best

    assert cost(expression.evaluate, VALUES, NOW) < 30 * max(cost(bare, 7.5), 1e-6)


def test_a_tag_of_a_further_runtime_is_named_with_its_prefix() -> None:
    expression = compile_expression("'north::a/b' + 'a/b'")
    assert expression.names == ("north::a/b", "a/b")
    with pytest.raises(ExpressionError, match="is not the name of a tag"):
        compile_expression("'::a/b' > 1")
