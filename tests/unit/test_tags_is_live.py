"""One tag's own source decides whether it is live."""

from __future__ import annotations

from hmi.acquisition.port import Batch, Group
from hmi.tags import TagEngine
from hmi.testing.clock import ManualClock
from hmi.testing.plant import good, make_plant, make_tag


def test_a_tag_is_live_from_the_first_sign_of_its_own_source_until_its_limit() -> None:
    clock = ManualClock()
    tags = TagEngine(
        make_plant(
            [make_tag("a/x.pv"), make_tag("a/y.pv"), make_tag("a/sum", expression="'a/x.pv' + 'a/y.pv'")]
        ),
        clock,
    )
    tags.add_groups("plc1", [Group("x", "", 1_000, (0,)), Group("y", "", 1_000, (1,))])
    assert [tags.is_live(handle) for handle in range(3)] == [False, False, False]
    tags.ingest(Batch("x", [(0, good(1.0))]))
    assert [tags.is_live(handle) for handle in range(3)] == [True, False, False]
    clock.advance(2.0)
    tags.ingest(Batch("y", [(1, good(1.0))]))
    assert [tags.is_live(handle) for handle in range(3)] == [True, True, True]
    clock.advance(1.001)
    assert [tags.is_live(handle) for handle in range(3)] == [False, True, False]
    tags.ingest(Batch("x", [], alive=True))
    assert tags.is_live(2)
    tags.ingest(Batch("x", [], alive=False))
    tags.link_down("plc1")
    assert [tags.is_live(handle) for handle in range(3)] == [False, False, False]
