"""What every archive keeps to (``hmi.historian.port``), whatever it stores its blocks in.

An adapter runs it by a class that inherits these and gives a fixture ``place``; see test_archive_contract.py.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
import pytest

from hmi.core import quality
from hmi.core.history import SampleFlag
from hmi.core.values import DataValue, Value
from hmi.historian.port import Archive, ArchiveReader
from hmi.historian.rollups import HOUR, MINUTE, TEN_MINUTES, Rollups
from hmi.historian.samples import Batch, Samples
from hmi.testing.rollups import slow_rollups

S = 1_000_000_000
DAY = 24 * HOUR
BEGIN = 20_717 * DAY + 21 * HOUR
"""Three hours before midnight, UTC: what takes longer goes over two day files."""
STEPPED_TAG, FINE_TAG = "line/stepped", "line/fine"
"""Tags that a place opens as stepped and as keeping the 1-minute level."""
STAGES = ("live", "compacted", "half compacted", "reopened", "compacted and reopened")

Row = tuple[int, object, int, int, int, int, int]


class Place(Protocol):
    """Where archives of one adapter live for one test."""

    def writer(self) -> Archive:
        """The archive, opened anew when it was closed."""
        ...

    def reader(self) -> ArchiveReader:
        """Another reader of the same archive."""
        ...

    def reopened(self) -> Archive:
        """The archive after its process ended and began again."""
        ...


@dataclass
class Settler:
    """Brings what was written into the way of storing that a stage means."""

    place: Place
    stage: str

    def __call__(self) -> ArchiveReader:
        archive = self.place.writer()
        if "compacted" in self.stage:
            newest = archive.coverage().until
            archive.compact(newest - 2 * HOUR if "half" in self.stage else newest + 2 * HOUR)
        return self.place.reopened() if "reopened" in self.stage else archive

    def twice(self) -> Iterator[ArchiveReader]:
        """At once after a write, and settled again."""
        yield self.place.writer()
        yield self()


@pytest.fixture(params=STAGES)
def settle(request: pytest.FixtureRequest, place: Place) -> Settler:
    return Settler(place, request.param)


def samples_of(
    times: Iterable[int],
    values: Sequence[Value],
    *,
    status: int = 0,
    flags: int = 0,
    late_ns: int = 0,
    run: int = 0,
) -> Samples:
    """Samples with one status and flags, received ``late_ns`` after their source time."""
    pairs = zip(times, values, strict=True)
    contents = [DataValue(value, status, int(at), int(at) + late_ns) for at, value in pairs]
    return Samples.of(contents, flags=flags, run=run)


def batch_of(tag: int, samples: Samples) -> Batch:
    return Batch(np.full(len(samples), tag, np.int32), samples)


def put(archive: Archive, tag: int, times: Iterable[int], values: Sequence[Value], **more: int) -> int:
    """One live commit of one tag."""
    samples = samples_of(times, values, **more)
    return archive.commit(batch_of(tag, samples), time=int(samples.times.max()))


def exact(value: Value) -> object:
    """A value with its type, floats by their bits."""
    return struct.pack("<d", value) if isinstance(value, float) else (type(value).__name__, value)


def rows(samples: Samples) -> list[Row]:
    """Every field of standards 7.2 of every sample."""
    found = samples.values()
    columns = samples.flags.tolist(), samples.versions.tolist(), samples.runs.tolist()
    return [
        (one.source_time, exact(one.value), one.status, one.receive_time, *more)
        for one, *more in zip(found, *columns, strict=True)
    ]  # pyright: ignore[reportReturnType]


def times_of(samples: Samples) -> list[int]:
    return samples.times.tolist()


def seconds(begin: int, count: int, step: int = S) -> list[int]:
    return list(range(begin, begin + count * step, step))


def with_statuses(samples: Samples, statuses: dict[int, int], flags: dict[int, int]) -> Samples:
    """The same samples with other statuses and flags at some places."""
    for place, status in statuses.items():
        samples.statuses[place] = status
    for place, flag in flags.items():
        samples.flags[place] = flag
    return samples


def assert_same_rollups(found: Rollups, wanted: Rollups, *, mean_tolerance: float = 1e-9) -> None:
    """Equal in every column; the mean within rounding."""
    assert found.level == wanted.level
    for name in (field.name for field in fields(Rollups) if field.name not in ("level", "mean")):
        one, other = getattr(found, name), getattr(wanted, name)
        assert one.dtype == other.dtype, name
        np.testing.assert_array_equal(one, other, err_msg=name)
    scale = max(1.0, float(np.nanmax(np.abs(wanted.mean), initial=1.0)))
    np.testing.assert_allclose(found.mean, wanted.mean, rtol=0, atol=mean_tolerance * scale, err_msg="mean")


class ReadsContract:
    """Reading gives back what was written, in order, whatever has been done to it meanwhile."""

    def test_samples_come_in_order_with_both_ends(self, place: Place, settle: Settler) -> None:
        archive = place.writer()
        one, other = archive.number("a"), archive.number("b")
        for begin in range(0, 4 * 3600, 600):
            at = seconds(BEGIN + begin * S, 60, 10 * S)
            put(archive, one, at, [float(i) for i in range(60)])
            put(archive, other, [at[0] + 1], [begin])
        reader = settle()
        everything = reader.read(one, BEGIN, BEGIN + DAY)
        assert times_of(everything) == seconds(BEGIN, 4 * 360, 10 * S)
        assert everything.numbers().tolist() == [float(i % 60) for i in range(4 * 360)]
        low, high = BEGIN + 3590 * S, BEGIN + 3620 * S
        assert times_of(reader.read(one, low, high)) == [low, BEGIN + 3600 * S, BEGIN + 3610 * S, high]
        assert times_of(reader.read(one, low, low)) == [low]
        assert times_of(reader.read(one, low + 1, low + 9)) == []
        assert reader.read(other, BEGIN, BEGIN + S).values()[0].value == 0
        assert len(reader.read(other, 0, 2 * BEGIN)) == 24

    def test_tags_that_are_not_known_read_as_nothing(self, place: Place, settle: Settler) -> None:
        archive = place.writer()
        put(archive, archive.number("a"), [BEGIN], [1.0])
        reader = settle()
        assert len(reader.read(999, 0, 2 * BEGIN)) == 0
        assert list(reader.blocks(999, 0, 2 * BEGIN)) == []
        assert len(reader.before(999, BEGIN)) == len(reader.after(999, 0)) == 0
        assert len(reader.rollups(999, BEGIN, BEGIN + HOUR, TEN_MINUTES)) == 0
        assert len(reader.at([999], BEGIN)) == 0
        assert reader.modified(999, 0, 2 * BEGIN) == []

    def test_limit_and_backwards_meet_in_the_middle(self, place: Place, settle: Settler) -> None:
        archive = place.writer()
        tag = archive.number("a")
        at = seconds(BEGIN, 3 * 360, 10 * S)
        put(archive, tag, at, list(range(len(at))))
        reader = settle()
        for limit in (1, 7, 360, 361, 2_000):
            forwards = reader.read(tag, BEGIN, at[-1], limit)
            assert times_of(forwards) == at[:limit]
            backwards = reader.read(tag, BEGIN, at[-1], limit, backwards=True)
            assert times_of(backwards) == at[::-1][:limit]
            assert backwards.values()[0].value == len(at) - 1
        assert times_of(reader.read(tag, at[5], at[9], 2, backwards=True)) == [at[9], at[8]]

    def test_a_page_never_cuts_an_instant_apart(self, place: Place, settle: Settler) -> None:
        archive = place.writer()
        tag = archive.number("a")
        samples = samples_of(
            [BEGIN, BEGIN + S, BEGIN + S, BEGIN + S, BEGIN + 2 * S], [1.0, 2.0, 3.0, 4.0, 5.0]
        )
        samples.versions[:] = [0, 0, 1, 2, 0]
        archive.commit(batch_of(tag, samples), time=BEGIN + 2 * S)
        reader = settle()
        assert rows(reader.read(tag, BEGIN, BEGIN + DAY)) == rows(samples)
        assert len(reader.read(tag, BEGIN, BEGIN + DAY, 2)) == 1
        assert len(reader.read(tag, BEGIN + 1, BEGIN + DAY, 2)) == 3
        assert len(reader.read(tag, BEGIN, BEGIN + DAY, 4)) == 4
        backwards = reader.read(tag, BEGIN, BEGIN + DAY, backwards=True)
        assert rows(backwards) == rows(samples)[::-1]
        assert len(reader.read(tag, BEGIN, BEGIN + DAY, 3, backwards=True)) == 1

    def test_blocks_are_the_same_in_bounded_pieces(self, place: Place, settle: Settler) -> None:
        archive = place.writer()
        tag = archive.number("a")
        for begin in range(0, 6 * 3600, 1200):
            put(archive, tag, seconds(BEGIN + begin * S, 12_000, S // 10), [float(i) for i in range(12_000)])
        reader = settle()
        low, high = BEGIN + 5 * S, BEGIN + 6 * HOUR - 5 * S
        pieces = list(reader.blocks(tag, low, high))
        assert len(pieces) > 1
        assert all(0 < len(piece) <= 150_000 for piece in pieces)
        wanted = reader.read(tag, low, high)
        np.testing.assert_array_equal(np.concatenate([piece.times for piece in pieces]), wanted.times)
        np.testing.assert_array_equal(np.concatenate([piece.bits for piece in pieces]), wanted.bits)
        assert (np.diff(wanted.times) > 0).all()

    def test_before_and_after_cross_empty_months(self, place: Place, settle: Settler) -> None:
        archive = place.writer()
        tag, other = archive.number("a"), archive.number("b")
        late = BEGIN + 200 * DAY
        put(archive, tag, [BEGIN + S, BEGIN + 2 * S], [1, 2])
        put(archive, other, [BEGIN + 100 * DAY], [7])
        put(archive, tag, [late, late + S], [3, 4])
        reader = settle()
        assert reader.before(tag, late).values()[0].value == 2
        assert reader.before(tag, late + 1).values()[0].value == 3
        assert reader.before(tag, late + DAY).values()[0].value == 4
        assert len(reader.before(tag, BEGIN + S)) == 0
        assert reader.after(tag, BEGIN + 2 * S).values()[0].value == 3
        assert reader.after(tag, 0).values()[0].value == 1
        assert reader.after(tag, BEGIN + S).values()[0].value == 2
        assert len(reader.after(tag, late + S)) == 0
        assert len(reader.before(tag, late)) == len(reader.after(tag, 0)) == 1

    def test_at_gives_what_held_for_each_tag(self, place: Place, settle: Settler) -> None:
        archive = place.writer()
        tags = [archive.number(f"t{n}") for n in range(40)]
        for n, tag in enumerate(tags[:-1]):
            put(archive, tag, seconds(BEGIN + n * S, 3, HOUR), [n + 0.0, n + 0.25, n + 0.5])
        reader = settle()
        for moment, step in ((BEGIN + 10 * S, 0), (BEGIN + HOUR + 10 * S, 1), (BEGIN + 5 * HOUR, 2)):
            held = reader.at(tags, moment)
            found = dict(zip(held.tags.tolist(), held.samples.values(), strict=True))
            for n, tag in enumerate(tags[:-1]):
                if BEGIN + step * HOUR + n * S <= moment:
                    assert (found[tag].value, found[tag].source_time) == (
                        n + step / 4,
                        BEGIN + step * HOUR + n * S,
                    )
                elif step:
                    assert found[tag].value == n + (step - 1) / 4
                else:
                    assert tag not in found
            assert tags[-1] not in found
        assert len(reader.at(tags, BEGIN - 1)) == 0
        assert len(reader.at([], BEGIN)) == 0

    def test_keyframe_is_what_held_at_its_time(self, place: Place, settle: Settler) -> None:
        archive = place.writer()
        tags = [archive.number(f"t{n}") for n in range(5)]
        put(archive, archive.number("text"), [BEGIN + 5 * S], ["open"])
        for n, tag in enumerate(tags):
            put(archive, tag, seconds(BEGIN + n, 400, 60 * S), [n + i * 0.5 for i in range(400)])
        reader = settle()
        assert reader.keyframe(BEGIN - DAY) is None
        moment = BEGIN + 2 * HOUR + 13 * MINUTE
        frame = reader.keyframe(moment)
        if "compacted" in settle.stage:
            assert frame is not None
            assert frame[0] > moment - TEN_MINUTES
        if frame is not None:
            time, values = frame
            assert time <= moment
            wanted = reader.at(list(reader.tags().values()), time)
            assert sorted(values.tags.tolist()) == sorted(wanted.tags.tolist())
            held, exactly = dict(values.by_tag()), dict(wanted.by_tag())
            for tag, sample in exactly.items():
                assert rows(held[tag])[0][:3] == rows(sample)[0][:3]

    @pytest.mark.parametrize("level", [MINUTE, TEN_MINUTES, HOUR, 3 * HOUR])
    @pytest.mark.parametrize("tag_id", ["line/linear", STEPPED_TAG, FINE_TAG])
    def test_rollups_are_those_of_brute_force(
        self, place: Place, settle: Settler, tag_id: str, level: int
    ) -> None:
        archive = place.writer()
        tag = archive.number(tag_id)
        chance = np.random.default_rng(7)
        at = BEGIN + np.sort(chance.choice(5 * 3600 * 10, 4_000, replace=False)) * (S // 10)
        at = at[(at < BEGIN + 2 * HOUR - 4 * TEN_MINUTES) | (at > BEGIN + 2 * HOUR + 3 * TEN_MINUTES)]
        samples = samples_of(at, (50 + chance.normal(0, 5, len(at)).cumsum() / 10).tolist())
        bad = {int(i): quality.BAD_NO_COMMUNICATION for i in chance.choice(len(at), 40, replace=False)}
        doubt = {int(i): quality.UNCERTAIN_EU_EXCEEDED for i in chance.choice(len(at), 30, replace=False)}
        gaps = {int(i): int(SampleFlag.GAP_BEFORE) for i in chance.choice(len(at), 5, replace=False)}
        samples = with_statuses(samples, doubt | bad, gaps)
        for piece in np.array_split(np.arange(len(at)), 50):
            part = samples.take(piece)
            archive.commit(batch_of(tag, part), time=int(part.times[-1]))
        reader = settle()
        stepped = tag_id == STEPPED_TAG
        whole = slow_rollups(samples, level, before=Samples.empty(), stepped=stepped)
        if level != TEN_MINUTES:
            reader.expect([tag, 999], BEGIN, BEGIN + 6 * HOUR, level)
        assert_same_rollups(reader.rollups(tag, BEGIN, BEGIN + 6 * HOUR, level), whole)
        start, end = BEGIN + HOUR, BEGIN + 4 * HOUR
        begin = -(-start // level) * level
        stop = -(-end // level) * level
        wanted = slow_rollups(
            samples.between(begin, stop - 1),
            level,
            before=samples.between(0, begin - 1).take(slice(-1, None)),
            stepped=stepped,
        )
        assert_same_rollups(reader.rollups(tag, start, end, level), wanted)
        assert (np.diff(np.array(reader.levels(tag))) > 0).all()


class FieldsContract:
    """Every field of standards 7.2 comes back bit by bit, before and after compaction."""

    def kept(self, place: Place, settle: Settler, values: Sequence[Value]) -> None:
        """Write, settle and compare every way of reading."""
        archive = place.writer()
        tag = archive.number("a")
        at = seconds(BEGIN, len(values), 7 * MINUTE)
        samples = samples_of(at, values, late_ns=3_000_001)
        archive.commit(batch_of(tag, samples), time=at[-1])
        reader = settle()
        assert rows(reader.read(tag, at[0], at[-1])) == rows(samples)
        assert [row for piece in reader.blocks(tag, at[0], at[-1]) for row in rows(piece)] == rows(samples)
        for place_, moment in enumerate(at):
            assert rows(reader.at([tag], moment).samples) == rows(samples.take(slice(place_, place_ + 1)))

    @pytest.mark.parametrize(
        "values",
        [
            pytest.param([0.1, -0.0, 0.0, 1e308, 5e-324, -1.5] * 5, id="float"),
            pytest.param([float(np.float32(x)) for x in (0.1, 3.3, -7.7)] * 9, id="float32"),
            pytest.param([0, -1, 2**63 - 1, -(2**63), 2**53 + 1] * 5, id="int64"),
            pytest.param([2**63, 2**64 - 1, 2**63 + 12345] * 7, id="uint64"),
            pytest.param([True, False, False] * 8, id="bool"),
            pytest.param(["open", "", "Ärger \N{DEGREE SIGN} \N{SNOWMAN} \x00 end", "open"] * 4, id="text"),
            pytest.param([b"\x00\xff", b"", b"abc"] * 4, id="bytes"),
            pytest.param([(1.0, 2.0), (), ("a", (True, None, 2**63))] * 4, id="array"),
            pytest.param([{"speed": 1.5, "mode": "auto", "in": {"deep": [1][0]}}, {}] * 4, id="structure"),
            pytest.param([None, 1.0, None], id="nothing"),
            pytest.param([1.5, 2, 2**63, True, "auto", None, b"x", (1, 2), {"a": 1}, 1.5] * 3, id="re-typed"),
            pytest.param([42.0] * 30, id="constant"),
        ],
    )
    def test_values_of_every_kind(self, place: Place, settle: Settler, values: list[Value]) -> None:
        self.kept(place, settle, values)

    def test_what_is_no_number_keeps_its_bits(self, place: Place, settle: Settler) -> None:
        patterns = (0x7FF8000000000000, 0xFFF8000000000001, 0x7FF0000000000001, 0x7FF0000000000000, 1)
        self.kept(place, settle, [struct.unpack("<d", struct.pack("<Q", one))[0] for one in patterns] * 3)

    def test_a_text_of_a_megabyte(self, place: Place, settle: Settler) -> None:
        self.kept(place, settle, ["x" * 1_000_000, "y", "\N{SNOWMAN}" * 300_000])

    @pytest.mark.parametrize(
        "begin", [-DAY - 3 * S, -S, 0, 4_000_000_000 * S], ids=["1969", "before 1970", "1970", "2096"]
    )
    def test_instants_before_1970_and_in_the_far_future(
        self, place: Place, settle: Settler, begin: int
    ) -> None:
        archive = place.writer()
        tag, other = archive.number("a"), archive.number("b")
        samples = samples_of(seconds(begin, 90), [float(i) for i in range(90)])
        put(archive, other, [BEGIN], [1.0])
        archive.insert(batch_of(tag, samples), time=BEGIN + S)
        reader = settle()
        assert rows(reader.read(tag, -(2**62), 2**62)) == rows(samples)
        assert reader.before(tag, begin + 1).times.tolist() == [begin]
        assert reader.after(tag, begin).times.tolist() == [begin + S]
        assert reader.read(other, 0, 2 * BEGIN).times.tolist() == [BEGIN]

    def test_every_column_of_a_row(self, place: Place, settle: Settler) -> None:
        archive = place.writer()
        tags = [archive.number(f"t{n}") for n in range(3)]
        runs = [archive.run(f"run {n}") for n in range(3)]
        assert len(set(runs)) == 3
        chance = np.random.default_rng(3)
        written: dict[int, list[Samples]] = {tag: [] for tag in tags}
        for begin in range(0, 5 * 3600, 600):
            at = BEGIN + begin * S + np.sort(chance.choice(600_000, 150, replace=False)) * 1_000_000
            samples = samples_of(at, chance.normal(0, 1, 150).tolist())
            samples.receives[:] = at + chance.integers(-5, 10**9, 150)
            samples.statuses[:] = chance.choice([0, 0x40940000, 0x80310000, 0x00960405, 0xFFFFFFFF], 150)
            samples.flags[:] = chance.choice([0, 1, 32, 511, 65535], 150)
            samples.runs[:] = chance.choice(runs, 150)
            picked = chance.choice(tags, 150).astype(np.int32)
            archive.commit(Batch(picked, samples), time=int(at[-1]))
            for tag, part in Batch(picked, samples).by_tag():
                written[tag].append(part)
        reader = settle()
        for tag, parts in written.items():
            wanted = [row for part in parts for row in rows(part)]
            assert rows(reader.read(tag, BEGIN, BEGIN + DAY)) == wanted
            assert rows(reader.read(tag, BEGIN, BEGIN + DAY, 10, backwards=True)) == wanted[::-1][:10]
            moment = BEGIN + 2 * HOUR + 17 * S
            standing = [row for row in wanted if row[0] <= moment][-1]
            assert rows(reader.at([tag], moment).samples) == [standing]
            assert rows(reader.before(tag, moment + 1)) == [standing]
