"""Objects that are made quickly are the same as those that are made in the usual way."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from hmi.core.quick import quick
from hmi.core.values import EURange, ValueType
from hmi.project.plant import AlarmDef, TagDef


@dataclass(frozen=True, slots=True)
class Small:
    name: str
    number: int = 3
    words: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class WithoutSlots:
    name: str


def test_a_quick_one_is_equal_frozen_and_of_its_class() -> None:
    made = quick(Small)(name="a")
    assert made == Small("a")
    assert type(made) is Small
    assert replace(made, number=4) == Small("a", 4)
    assert pickle.loads(pickle.dumps(made)) == made
    with pytest.raises(FrozenInstanceError):
        made.name = "b"  # type: ignore[misc]


def test_defaults_that_change_are_not_shared() -> None:
    make = quick(Small)
    assert make(name="a").words is not make(name="b").words


def test_what_is_missing_or_unknown_is_refused_as_usual() -> None:
    with pytest.raises(TypeError):
        quick(Small)()
    with pytest.raises(TypeError):
        quick(Small)(name="a", colour="red")


def test_a_class_of_another_layout_is_given_back() -> None:
    assert quick(WithoutSlots)(name="a") == WithoutSlots("a")


def test_tags_and_alarms_are_made_alike() -> None:
    tag = {"id": "t_1", "name": "a/x", "handle": 3, "type": ValueType.BOOL, "range": EURange(0, 1)}
    assert quick(TagDef)(**tag) == TagDef(**tag)  # type: ignore[arg-type]
    alarm = {"id": "a_1", "tag_id": "t_1", "name": "n", "kind": "high", "priority": 1, "message": "m"}
    assert quick(AlarmDef)(**alarm) == AlarmDef(**alarm)  # type: ignore[arg-type]
