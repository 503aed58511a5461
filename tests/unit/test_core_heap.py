"""What is kept away from the garbage collector."""

from __future__ import annotations

import gc

from hmi.core import heap


def test_HM_14_keeping_looks_at_the_youngest_objects_only() -> None:
    gc.collect()
    before = gc.get_stats()[2]["collections"]
    try:
        heap.keep()
        assert gc.get_stats()[2]["collections"] == before
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


def test_nothing_is_collected_while_something_large_is_read() -> None:
    with heap.at_rest():
        assert not gc.isenabled()
    assert gc.isenabled()
