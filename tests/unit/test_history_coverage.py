"""What is known of a tag: link gaps, times without a recorder and losses, told apart from compression."""

from __future__ import annotations

from hmi.core import quality
from hmi.core.history import SampleFlag
from hmi.core.values import DataValue, bad
from hmi.historian.coverage import Gap, GapReason, gaps_of
from hmi.historian.samples import Samples, joined

NONE = Samples.empty()


def good(*times: int, flags: int = 0) -> Samples:
    return Samples.of([DataValue(1.0, 0, at, at) for at in times], flags=flags)


def mark(at: int) -> Samples:
    return Samples.of([bad(quality.BAD_NO_DATA, at)], flags=SampleFlag.MARK)


def loss(at: int, status: int = quality.BAD_NO_COMMUNICATION) -> Samples:
    return Samples.of([bad(status, at)])


def test_samples_far_apart_are_compression_and_no_gap() -> None:
    assert gaps_of(good(5), [good(20, 90)], 10, 100, ()).gaps == ()


def test_a_lost_link_is_a_gap_until_the_next_value() -> None:
    told = [joined((good(20), mark(21), loss(25))), joined((loss(26), good(40, 50)))]
    assert gaps_of(good(5), told, 10, 100, ()).gaps == (Gap(21, 40, GapReason.LINK),)


def test_a_stopped_recorder_is_told_from_a_lost_link() -> None:
    told = [joined((good(20), mark(21), good(40), mark(41), loss(44), good(50)))]
    first, second = gaps_of(good(5), told, 10, 100, (20, 39)).gaps
    assert (first, first.reason.words) == (Gap(21, 40, GapReason.RECORDER), ["recorder"])
    assert (second, second.reason.words) == (Gap(41, 50, GapReason.LINK), ["link"])


def test_an_overflow_is_a_loss_between_two_samples_also_over_the_edge_of_a_piece() -> None:
    flags = SampleFlag.OVERFLOW | SampleFlag.GAP_BEFORE
    told = [good(20, 30), joined((good(40, flags=flags), good(50)))]
    assert gaps_of(good(5), told, 10, 100, ()).gaps == (Gap(31, 40, GapReason.LOST),)


def test_a_gap_reaches_over_both_ends_of_the_range() -> None:
    found = gaps_of(loss(5), [joined((good(20), loss(90)))], 10, 100, ())
    assert found.gaps == (Gap(10, 20, GapReason.LINK), Gap(90, 100, GapReason.LINK, is_open=True))


def test_before_the_first_sample_nothing_is_known() -> None:
    assert gaps_of(NONE, [good(20)], 10, 100, ()).gaps == (Gap(10, 20, GapReason(0)),)
    assert gaps_of(NONE, [], 10, 100, ()).gaps == (Gap(10, 100, GapReason(0), is_open=True),)


def test_too_many_gaps_end_early_and_say_up_to_when() -> None:
    pieces = (joined((good(10 * n), loss(10 * n + 5))) for n in range(2, 50))
    found = gaps_of(good(5), pieces, 10, 1_000, (), most=3)
    assert len(found.gaps) == 3
    assert found.until == found.gaps[-1].end == 50
