"""Names, ids, texts, clocks and the error sentence."""

from __future__ import annotations

import pytest

from hmi.core import texts
from hmi.core.alarms import AlarmFlags, AlarmState
from hmi.core.clock import SessionClock
from hmi.core.errors import ConfigurationError
from hmi.core.identity import TagRef, is_id, is_runtime_name, is_tag_name, is_tag_reference, new_id


@pytest.mark.parametrize("name", ["intake/p101a.running", "site/unit-2/ft_101.pv", "plc1", "a.b"])
def test_tag_names_that_are_taken(name: str) -> None:
    assert is_tag_name(name)


@pytest.mark.parametrize(
    "name", ["", "/a", "a/", "a//b", "a.b.c", "a b", "ä/b", "a/b.1x", "../etc/passwd", "a\n"]
)
def test_tag_names_that_are_refused(name: str) -> None:
    assert not is_tag_name(name)


def test_ids_are_fresh_and_well_formed() -> None:
    ids = {new_id("t") for _ in range(1000)}
    assert len(ids) == 1000
    assert all(is_id(i) for i in ids)


def test_a_tag_reference_may_name_another_runtime() -> None:
    assert TagRef.parse("north::intake/ft101.flow") == TagRef("north", "intake/ft101.flow")
    assert TagRef.parse("intake/ft101.flow") == TagRef("", "intake/ft101.flow")
    assert [TagRef.parse(text).prefix for text in ("north::a/b", "a/b", "north::")] == [
        "north::",
        "",
        "north::",
    ]


@pytest.mark.parametrize("text", ["a/b.c", "north::a/b.c", "N-1_x::plc1"])
def test_references_that_are_taken(text: str) -> None:
    assert is_tag_reference(text)
    assert not is_tag_name(text) or "::" not in text


@pytest.mark.parametrize(
    "text",
    ["::a/b", "a b::a/b", "1::a/b", "x::y::a/b", "north::", "north:a/b", "north::a b", "north/x::a/b", ""],
)
def test_references_that_are_refused(text: str) -> None:
    assert not is_tag_reference(text)


def test_no_name_and_no_id_can_hold_the_mark_of_a_runtime() -> None:
    assert not is_tag_name("north::a/b")
    assert not is_id("t_abcdef::x")
    assert not is_runtime_name("north::south")
    assert not is_runtime_name("n" * 33)


def test_a_configuration_error_is_one_sentence_with_its_place() -> None:
    error = ConfigurationError("tag 'a' stands twice", file="tags.csv", line=7, do="rename one of them")
    assert str(error) == "tags.csv:7: tag 'a' stands twice; rename one of them"


def test_the_pseudo_language_reaches_every_text_and_keeps_place_holders() -> None:
    texts.use_pseudo_language()
    try:
        shown = texts.tr("Limit {low} to {high}", low=1, high=2)
    finally:
        texts.use_translations({})
    assert shown.startswith("⟦")
    assert "1" in shown
    assert "2" in shown
    assert texts.tr("Limit {low}", low=3) == "Limit 3"


def test_the_session_clock_freezes_and_speeds_up() -> None:
    clock = SessionClock(1_000)
    clock.follow(5_000, 0.0)
    assert clock.now_ns() == 5_000
    clock.follow(5_000, 60.0)
    first = clock.now_ns()
    assert clock.now_ns() >= first >= 5_000
    assert clock.rate == 60.0


@pytest.mark.parametrize(
    ("flags", "state"),
    [
        (AlarmFlags(), AlarmState.NORM),
        (AlarmFlags(active=True, acked=False), AlarmState.UNACK),
        (AlarmFlags(active=True), AlarmState.ACKED),
        (AlarmFlags(acked=False), AlarmState.RTNUN),
        (AlarmFlags(latched=True, acked=False), AlarmState.LATCH_UNACK),
        (AlarmFlags(latched=True), AlarmState.LATCH_ACKED),
        (AlarmFlags(active=True, shelved=True), AlarmState.SHLVD),
        (AlarmFlags(shelved=True, suppressed=True), AlarmState.DSUPR),
        (AlarmFlags(shelved=True, suppressed=True, oos=True), AlarmState.OOSRV),
    ],
)
def test_the_state_name_is_derived_from_six_flags(flags: AlarmFlags, state: AlarmState) -> None:
    assert flags.state is state
