"""Who looks for garbage, whoever asked for what first."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from hmi.core import collector


@pytest.fixture(autouse=True)
def running() -> Iterator[None]:
    was = gc.isenabled()
    gc.enable()
    yield
    (gc.enable if was else gc.disable)()


def test_nobody_looks_until_the_last_large_thing_is_built() -> None:
    with collector.without_collector():
        with collector.without_collector():
            assert not gc.isenabled()
        assert collector.is_resting()
        assert not gc.isenabled()
    assert not collector.is_resting()
    assert gc.isenabled()


def test_what_was_taken_over_is_not_given_back_by_the_end_of_a_rest() -> None:
    first, second = collector.without_collector(), collector.without_collector()
    collector.take_over()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert not gc.isenabled()
    collector.give_back()
    assert gc.isenabled()


def test_taken_over_in_the_middle_of_a_rest_it_stays_so() -> None:
    with collector.without_collector():
        collector.take_over()
    assert not gc.isenabled()
    assert not collector.is_resting()
    collector.give_back()
    assert gc.isenabled()


def test_a_process_that_runs_without_it_goes_on_without_it() -> None:
    gc.disable()
    with collector.without_collector():
        pass
    assert not gc.isenabled()
