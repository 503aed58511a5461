"""What every archive keeps to when samples come late, twice or by hand, and in what it tells others."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from archive_contract import (
    BEGIN,
    DAY,
    STEPPED_TAG,
    Place,
    S,
    Settler,
    assert_same_rollups,
    batch_of,
    put,
    rows,
    samples_of,
    seconds,
    times_of,
)

from hmi.core.history import Modification, SampleFlag
from hmi.historian.port import Annotation, CommitKind, DuplicatePolicy
from hmi.historian.rollups import HOUR, TEN_MINUTES
from hmi.historian.samples import Batch, Samples, joined
from hmi.testing.rollups import slow_rollups

LATE = int(SampleFlag.LATE)
EDIT = Modification("ann", BEGIN + DAY, "sensor was off by one", "replace")


class WritesContract:
    """Late samples, duplicates, edits and deletions."""

    def test_hi_05_a_late_sample_is_in_order_and_in_the_rollups(self, place: Place, settle: Settler) -> None:
        archive = place.writer()
        tag = archive.number(STEPPED_TAG)
        on_time = samples_of(seconds(BEGIN, 240, 60 * S), [float(i) for i in range(240)])
        archive.commit(batch_of(tag, on_time), time=BEGIN + 4 * HOUR)
        settle()
        late = samples_of([BEGIN + HOUR + 90 * S], [1e6], flags=LATE)
        place.writer().insert(batch_of(tag, late), time=BEGIN + 4 * HOUR + S)
        for reader in settle.twice():
            around = reader.read(tag, BEGIN + HOUR + 60 * S, BEGIN + HOUR + 120 * S)
            assert around.numbers().tolist() == [61.0, 1e6, 62.0]
            assert around.flags.tolist() == [0, LATE, 0]
            whole = joined([on_time, late]).in_order()
            for level in (TEN_MINUTES, HOUR):
                wanted = slow_rollups(whole, level, before=Samples.empty(), stepped=True)
                assert_same_rollups(reader.rollups(tag, BEGIN, BEGIN + 5 * HOUR, level), wanted)
            assert reader.at([tag], BEGIN + HOUR + 91 * S).samples.numbers().tolist() == [1e6]
            assert reader.before(tag, BEGIN + HOUR + 120 * S).numbers().tolist() == [1e6]
            assert reader.after(tag, BEGIN + HOUR + 60 * S).numbers().tolist() == [1e6]

    def test_late_samples_before_everything_and_into_empty_hours(self, place: Place, settle: Settler) -> None:
        archive = place.writer()
        tag = archive.number("a")
        put(archive, tag, seconds(BEGIN, 10), [1.0] * 10)
        settle()
        times = [BEGIN - 40 * DAY, BEGIN - 1, BEGIN + 1, BEGIN + 3 * HOUR]
        late = samples_of(times, [2.0] * 4, flags=LATE)
        place.writer().insert(batch_of(tag, late), time=BEGIN + 4 * HOUR)
        wanted = sorted([*seconds(BEGIN, 10), *times])
        for reader in settle.twice():
            assert times_of(reader.read(tag, 0, 2 * BEGIN)) == wanted
            assert times_of(reader.read(tag, 0, 2 * BEGIN, backwards=True)) == wanted[::-1]
            assert times_of(reader.before(tag, BEGIN - 1)) == [BEGIN - 40 * DAY]
            assert times_of(reader.at([tag], BEGIN - 2).samples) == [BEGIN - 40 * DAY]

    @pytest.mark.parametrize(
        ("policy", "value", "kept", "modified"),
        [
            (DuplicatePolicy.KEEP_FIRST, 9.0, [5.0], []),
            (DuplicatePolicy.KEEP_OR_REPLACE, 5.0, [5.0], []),
            (DuplicatePolicy.KEEP_OR_REPLACE, 9.0, [9.0], [5.0]),
            (DuplicatePolicy.REPLACE, 9.0, [9.0], [5.0]),
            (DuplicatePolicy.APPEND, 9.0, [5.0, 9.0], []),
        ],
        ids=["keep first", "the same again", "another value", "replace", "append"],
    )
    def test_hi_06_duplicates_by_policy(
        self,
        place: Place,
        settle: Settler,
        policy: DuplicatePolicy,
        value: float,
        kept: list[float],
        modified: list[float],
    ) -> None:
        archive = place.writer()
        tag = archive.number("a")
        moment = BEGIN + 5 * S
        put(archive, tag, seconds(BEGIN, 10), [float(i) for i in range(10)])
        settle()
        again = samples_of([moment], [value], late_ns=77, flags=LATE)
        place.writer().insert(batch_of(tag, again), time=BEGIN + HOUR, policy=policy)
        for reader in settle.twice():
            there = reader.read(tag, moment, moment)
            assert there.numbers().tolist() == kept
            assert (np.diff(there.versions.astype(int)) > 0).all()
            assert len(reader.read(tag, BEGIN, BEGIN + HOUR)) == 9 + len(kept)
            old = [one.numbers()[0] for one, _ in reader.modified(tag, BEGIN, BEGIN + HOUR)]
            assert old == modified
            assert reader.at([tag], moment).samples.numbers().tolist() == [kept[-1]]

    def test_hi_06_append_goes_on_counting(self, place: Place, settle: Settler) -> None:
        archive = place.writer()
        tag = archive.number("a")
        put(archive, tag, [BEGIN], [0.0])
        settle()
        for n in (1.0, 2.0, 3.0):
            again = batch_of(tag, samples_of([BEGIN], [n]))
            place.writer().insert(again, time=BEGIN + S, policy=DuplicatePolicy.APPEND)
            settle()
        reader = settle()
        assert reader.read(tag, BEGIN, BEGIN).numbers().tolist() == [0.0, 1.0, 2.0, 3.0]
        assert reader.read(tag, BEGIN, BEGIN).versions.tolist() == [0, 1, 2, 3]

    def test_another_status_alone_is_another_sample(self, place: Place, settle: Settler) -> None:
        archive = place.writer()
        tag = archive.number("a")
        put(archive, tag, [BEGIN], [1.0])
        settle()
        place.writer().insert(batch_of(tag, samples_of([BEGIN], [1.0], status=0x40940000)), time=BEGIN + S)
        reader = settle()
        assert reader.read(tag, BEGIN, BEGIN).statuses.tolist() == [0x40940000]
        assert len(reader.modified(tag, BEGIN, BEGIN)) == 1

    def test_hi_11_an_edit_keeps_the_old_version_with_user_and_reason(
        self, place: Place, settle: Settler
    ) -> None:
        archive = place.writer()
        tag, moment = archive.number("a"), BEGIN + 5 * S
        put(archive, tag, seconds(BEGIN, 10), [float(i) for i in range(10)])
        settle()
        edited = samples_of([moment], [5.5], flags=int(SampleFlag.EDITED))
        for number, sample in enumerate([edited, samples_of([moment], [5.7], flags=int(SampleFlag.EDITED))]):
            place.writer().insert(
                batch_of(tag, sample),
                time=EDIT.time + number,
                kind=CommitKind.EDIT,
                policy=DuplicatePolicy.REPLACE,
                modification=EDIT,
            )
        for reader in settle.twice():
            now = reader.read(tag, moment, moment)
            assert (now.numbers().tolist(), now.flags.tolist()) == ([5.7], [int(SampleFlag.EDITED)])
            old = reader.modified(tag, moment, moment)
            assert [one.numbers().tolist() for one, _ in old] == [[5.0], [5.5]]
            assert [why for _, why in old] == [EDIT, EDIT]
            assert reader.modified(tag, BEGIN, moment - 1) == []

    def test_hi_11_what_is_deleted_stays_readable_as_modified(self, place: Place, settle: Settler) -> None:
        archive = place.writer()
        tag, other = archive.number("a"), archive.number("b")
        for one in (tag, other):
            put(archive, one, seconds(BEGIN, 200, 60 * S), [float(i) for i in range(200)])
        settle()
        gone = seconds(BEGIN + HOUR, 10, 60 * S)
        why = Modification("bea", BEGIN + DAY, "simulated by mistake", "delete")
        place.writer().insert(
            batch_of(tag, samples_of(gone, [0.0] * 10)),
            time=why.time,
            kind=CommitKind.DELETE,
            modification=why,
        )
        for reader in settle.twice():
            kept = reader.read(tag, BEGIN, BEGIN + DAY)
            assert set(times_of(kept)) == set(seconds(BEGIN, 200, 60 * S)) - set(gone)
            assert len(reader.rollups(tag, BEGIN + HOUR, BEGIN + HOUR + TEN_MINUTES, TEN_MINUTES)) == 0
            assert reader.at([tag], gone[-1]).samples.times.tolist() == [BEGIN + HOUR - 60 * S]
            old = reader.modified(tag, BEGIN, BEGIN + DAY)
            assert [int(one.times[0]) for one, _ in old] == gone
            assert [one.numbers()[0] for one, _ in old] == [float(i) for i in range(60, 70)]
            assert {why for _, why in old} == {why}
            assert len(reader.read(other, BEGIN, BEGIN + DAY)) == 200

    def test_what_was_deleted_can_be_written_again(self, place: Place, settle: Settler) -> None:
        archive = place.writer()
        tag = archive.number("a")
        put(archive, tag, [BEGIN, BEGIN + S], [1.0, 2.0])
        settle()
        place.writer().insert(
            batch_of(tag, samples_of([BEGIN], [0.0])), time=BEGIN + HOUR, kind=CommitKind.DELETE
        )
        settle()
        place.writer().insert(batch_of(tag, samples_of([BEGIN], [3.0])), time=BEGIN + 2 * HOUR)
        assert settle().read(tag, BEGIN, BEGIN + S).numbers().tolist() == [3.0, 2.0]

    def test_backfill_of_many_tags_and_days_at_once(self, place: Place, settle: Settler) -> None:
        archive = place.writer()
        tags = [archive.number(f"t{n}") for n in range(6)]
        put(archive, tags[0], [BEGIN + 4 * DAY], [1.0])
        settle()
        at = np.tile(np.array(seconds(BEGIN + 30 * S, 400, HOUR // 5)), 6)
        samples = samples_of(at, np.arange(2_400.0).tolist(), flags=int(SampleFlag.BACKFILL))
        place.writer().insert(Batch(np.repeat(np.array(tags, np.int32), 400), samples), time=BEGIN + 4 * DAY)
        for reader in settle.twice():
            for n, tag in enumerate(tags):
                found = reader.read(tag, BEGIN, BEGIN + 4 * DAY - 1)
                assert rows(found) == rows(samples.take(slice(400 * n, 400 * n + 400)))


class TellsContract:
    """Catalogue, feed, coverage, annotations, compaction and other readers."""

    def test_numbers_are_given_once_and_for_ever(self, place: Place) -> None:
        archive = place.writer()
        first = {name: archive.number(name) for name in ("a", "b", "Ärger/ä")}
        runs = [archive.run("r1"), archive.run("r2"), archive.run("r1")]
        assert len(set(first.values())) == 3
        assert runs[0] == runs[2] != runs[1]
        archive = place.reopened()
        assert archive.number("c") not in first.values()
        assert {name: archive.number(name) for name in first} == first
        assert archive.run("r2") == runs[1]
        assert set(archive.tags()) == {*first, "c"}
        assert first.items() <= place.reader().tags().items()

    def test_the_feed_tells_commits_of_all_kinds_in_order(self, place: Place, settle: Settler) -> None:
        archive = place.writer()
        tag, run = archive.number("a"), archive.run("r1")
        live = samples_of(seconds(BEGIN, 5, HOUR), [1.0, 2, "x", True, None], run=run, late_ns=5)
        seqs = [archive.commit(batch_of(tag, live), time=BEGIN + 5 * HOUR)]
        late = samples_of([BEGIN + 5 * S], [7.0], flags=LATE)
        seqs.append(archive.insert(batch_of(tag, late), time=BEGIN + 5 * HOUR + 1))
        edited = samples_of([BEGIN], [8.0])
        seqs.append(
            archive.insert(
                batch_of(tag, edited),
                time=BEGIN + 5 * HOUR + 2,
                kind=CommitKind.EDIT,
                policy=DuplicatePolicy.REPLACE,
                modification=EDIT,
            )
        )
        seqs.append(
            archive.insert(
                batch_of(tag, edited), time=BEGIN + 5 * HOUR + 3, kind=CommitKind.DELETE, modification=EDIT
            )
        )
        reader = settle()
        assert seqs == list(range(seqs[0], seqs[0] + 4))
        told = reader.feed(0)
        assert [one.seq for one in told] == seqs
        assert [one.kind for one in told] == [
            CommitKind.LIVE,
            CommitKind.LATE,
            CommitKind.EDIT,
            CommitKind.DELETE,
        ]
        assert [one.time - BEGIN - 5 * HOUR for one in told] == [0, 1, 2, 3]
        assert [one.modification for one in told[2:]] == [EDIT, EDIT]
        assert rows(told[0].batch.samples) == rows(live)
        assert told[0].batch.tags.tolist() == [tag] * 5
        assert rows(told[1].batch.samples) == rows(late)
        assert [one.seq for one in reader.feed(seqs[1])] == seqs[2:]
        assert [one.seq for one in reader.feed(seqs[0], 2)] == seqs[1:3]
        assert reader.feed(seqs[-1]) == []
        covered = reader.coverage()
        assert (covered.seq, covered.until, covered.first_seq) == (seqs[-1], BEGIN + 5 * HOUR, seqs[0])

    def test_the_order_within_a_commit_is_kept_in_the_feed(self, place: Place, settle: Settler) -> None:
        archive = place.writer()
        tags = np.array([archive.number(f"t{n}") for n in (3, 1, 2, 1, 3)], np.int32)
        samples = samples_of(seconds(BEGIN, 5), [float(i) for i in range(5)])
        archive.commit(Batch(tags, samples), time=BEGIN + 5 * S)
        told = settle().feed(0)[0].batch
        assert told.tags.tolist() == tags.tolist()
        assert rows(told.samples) == rows(samples)

    def test_compaction_tells_what_it_did_and_is_done_once(self, place: Place) -> None:
        archive = place.writer()
        tag = archive.number("a")
        put(archive, tag, seconds(BEGIN, 300, 60 * S), [float(i) for i in range(300)])
        report = archive.compact(BEGIN + 3 * HOUR + 40 * 60 * S)
        assert (report.until, report.samples) == (BEGIN + 3 * HOUR, 180)
        assert archive.coverage().compacted == BEGIN + 3 * HOUR
        assert archive.compact(BEGIN + 3 * HOUR).samples == 0
        assert archive.compact(BEGIN).samples == 0
        assert archive.coverage().compacted == BEGIN + 3 * HOUR
        assert archive.compact(BEGIN + 5 * HOUR).samples == 120
        assert len(place.reader().read(tag, BEGIN, BEGIN + DAY)) == 300

    def test_compaction_that_is_stopped_goes_on_later(self, place: Place) -> None:
        archive = place.writer()
        tag = archive.number("a")
        put(archive, tag, seconds(BEGIN, 72, HOUR), [float(i) for i in range(72)])
        archive.compact(BEGIN + 3 * DAY, stop=lambda: True)
        assert times_of(archive.read(tag, BEGIN, BEGIN + 4 * DAY)) == seconds(BEGIN, 72, HOUR)
        archive.compact(BEGIN + 3 * DAY)
        assert times_of(archive.read(tag, BEGIN, BEGIN + 4 * DAY)) == seconds(BEGIN, 72, HOUR)

    def test_annotations_stay_also_when_they_are_withdrawn(self, place: Place, settle: Settler) -> None:
        archive = place.writer()
        put(archive, archive.number("a"), [BEGIN], [1.0])
        first = Annotation("n1", "a", BEGIN, "valve stuck \N{SNOWMAN}", "ann", BEGIN + S)
        other = Annotation("n2", "a", BEGIN + S, "freed", "bea", BEGIN + 2 * S)
        elsewhere = Annotation("n3", "b", BEGIN, "other tag", "ann", BEGIN)
        for one in (first, other, elsewhere):
            archive.annotate(one)
        withdrawn = Annotation("n1", "a", BEGIN, "valve stuck \N{SNOWMAN}", "ann", BEGIN + S, deleted=True)
        place.writer().annotate(withdrawn)
        reader = settle()
        assert reader.annotations("a", BEGIN, BEGIN + S) == [withdrawn, other]
        assert reader.annotations("a", BEGIN + 1, BEGIN + DAY) == [other]
        assert reader.annotations("b", BEGIN, BEGIN) == [elsewhere]

    def test_other_readers_see_every_commit(self, place: Place) -> None:
        archive = place.writer()
        tag = archive.number("a")
        readers = [place.reader() for _ in range(3)]
        for hour in range(4):
            put(archive, tag, seconds(BEGIN + hour * HOUR, 60, 60 * S), [1.0] * 60)
            for reader in readers:
                assert len(reader.read(tag, BEGIN, BEGIN + DAY)) == 60 * (hour + 1)
                assert reader.coverage().seq == archive.coverage().seq
            archive.compact(BEGIN + hour * HOUR)
        late = samples_of([BEGIN + S], [2.0], flags=LATE)
        archive.insert(batch_of(tag, late), time=BEGIN + 5 * HOUR)
        assert [len(reader.read(tag, BEGIN, BEGIN + DAY)) for reader in readers] == [241] * 3
        for reader in readers:
            reader.close()

    def test_readers_in_threads_never_see_half_a_commit(self, place: Place) -> None:
        """Two tags of every commit are told together; compaction meanwhile shows nothing twice and nothing less."""
        archive = place.writer()
        tags = [archive.number("a"), archive.number("b")]
        reader, done, wrong = place.reader(), threading.Event(), []

        def watch() -> None:
            seen = 0
            while not done.is_set() and not wrong:
                one = len(reader.read(tags[0], BEGIN, BEGIN + DAY))
                two = len(reader.read(tags[1], BEGIN, BEGIN + DAY))
                times = reader.read(tags[0], BEGIN, BEGIN + DAY).times
                if one < seen or two < one or (np.diff(times) <= 0).any():
                    wrong.append((seen, one, two))
                seen = two

        watchers = [threading.Thread(target=watch) for _ in range(2)]
        for watcher in watchers:
            watcher.start()
        try:
            for turn in range(120):
                at = seconds(BEGIN + turn * 120 * S, 30, 4 * S)
                samples = joined([samples_of(at, [1.0] * 30)] * 2)
                archive.commit(Batch(np.repeat(np.array(tags, np.int32), 30), samples), time=at[-1])
                if turn % 20 == 19:
                    archive.compact(at[-1])
        finally:
            done.set()
            for watcher in watchers:
                watcher.join()
        assert wrong == []
        assert len(reader.read(tags[1], BEGIN, BEGIN + DAY)) == 3_600
