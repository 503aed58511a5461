"""The PostgreSQL exporter against a real server: what arrives, and that it arrives once and whole."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import psycopg
import pytest
from export_stream import BEGIN, EVIL_NAMES, Stream, bad, context, good, mixed_rows, rows_of, series
from postgres_checks import check_sums
from postgres_server import PostgresCluster, running, settings_of

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.history import SampleFlag
from hmi.core.values import DataValue
from hmi.export.digest import watermark_digest
from hmi.export.port import Event, Exporter, Haste, Package, RecordsRefused, TargetUnavailable
from hmi.exporters.postgres.exporter import create

TABLES = ("sample", "sample_deleted", "event", "tag", "package", "series_list")


@pytest.fixture(scope="module")
def cluster() -> Iterator[PostgresCluster]:
    with running() as one:
        yield one


def opened(cluster: PostgresCluster, schema: str, stream: Stream, **more: Any) -> Exporter:
    exporter = create(settings_of(cluster, schema), context(stream=stream.name, **more))
    exporter.open()
    exporter.describe(stream.schema)
    return exporter


def content(admin: psycopg.Connection[Any], schema: str) -> dict[str, list[Any]]:
    """All rows of all tables, in one order."""
    return {
        table: sorted(admin.execute(f"select t::text from {schema}.{table} t").fetchall()) for table in TABLES
    }


def corrected(stream: Stream) -> list[Package]:
    """History, a correction of some of it, a deletion of some more, and what goes on behind it."""
    rows = mixed_rows(stream.tags, 400)
    again = replace(mixed_rows(stream.tags, 400, seed=1), revisions=np.full(400, 7))
    half = np.arange(0, 400, 3)
    edited = replace(
        again, places=again.places[half], samples=again.samples.take(half), revisions=again.revisions[half],
        deleted=again.deleted[half],
    )  # fmt: skip
    some = np.arange(0, 400, 7)
    gone = replace(
        rows, places=rows.places[some], samples=rows.samples.take(some), revisions=np.full(len(some), 9),
        deleted=np.ones(len(some), np.bool_),
    )  # fmt: skip
    later = mixed_rows(stream.tags, 100, seed=2, begin=BEGIN + 1000 * NS_PER_S, revision=10)
    return [stream.package(one) for one in (rows, edited, gone, later)]


def test_it_14_an_export_repeated_twice_leaves_identical_tables(cluster: PostgresCluster) -> None:
    stream = Stream([series(n) for n in range(6)])
    packages = corrected(stream)
    exporter = opened(cluster, "it14", stream)
    for package in packages:
        exporter.deliver(package)
    with cluster.admin() as admin:
        once = content(admin, "it14")
        exporter.close()
        for order in (packages, packages[::-1]):
            exporter = opened(cluster, "it14", stream)
            for package in order:
                exporter.deliver(package)
            exporter.close()
            assert content(admin, "it14") == once
        assert check_sums(admin, "it14") == 500
        assert len(once["sample_deleted"]) == 58


def remade(package: Package, **more: Any) -> Package:
    """The same number once more, made a moment later."""
    mark = replace(package.watermark, made=package.watermark.made + 1, **more)
    return replace(package, watermark=replace(mark, digest=watermark_digest(mark)))


def test_it_14_a_package_made_again_after_a_crash_takes_the_place_of_the_first(
    cluster: PostgresCluster,
) -> None:
    stream = Stream([series(n) for n in range(6)])
    packages = corrected(stream)
    exporter = opened(cluster, "remade", stream)
    for package in packages:
        exporter.deliver(package)
    with cluster.admin() as admin:
        once = content(admin, "remade")
        for package in packages:
            exporter.deliver(remade(package))
        again = content(admin, "remade")
        assert [once[name] for name in ("sample", "sample_deleted")] == [
            again[name] for name in ("sample", "sample_deleted")
        ]
        check_sums(admin, "remade")
        # the same number with fewer rows: the newest content of it counts
        fewer = Stream(stream.tags)
        first = fewer.package(mixed_rows(stream.tags, 10))
        exporter.deliver(first)
        check_sums(admin, "remade")
        found = admin.execute("select count(*) from remade.sample where package = 1").fetchone()
        assert found is not None
        assert found[0] <= 10
    exporter.close()


@pytest.mark.parametrize("seed", range(6))
def test_it_14_whatever_the_order_the_newest_revision_of_each_key_stands_and_all_adds_up(
    cluster: PostgresCluster, seed: int
) -> None:
    rng = random.Random(seed)
    tags = [series(n) for n in range(3)]
    stream = Stream(tags)
    newest: dict[tuple[int, int], tuple[tuple[int, int, int], bool, int]] = {}
    packages = []
    for number in range(1, 25):
        rows, count = [], rng.randrange(1, 12)
        revisions, deleted = [], []
        for place in range(count):
            tag, second, value = rng.randrange(3), rng.randrange(20), rng.randrange(1000)
            rows.append((tag, good(value, BEGIN + second * NS_PER_S)))
            revisions.append(rng.randrange(1, 30))
            deleted.append(rng.random() < 0.3)
            rank = (revisions[-1], number, place)
            if (tag, second) not in newest or newest[tag, second][0] < rank:
                newest[tag, second] = (rank, deleted[-1], value)
        made = rows_of(tags, rows)
        packages.append(
            stream.package(
                replace(made, revisions=np.array(revisions, np.int64), deleted=np.array(deleted, np.bool_)),
                haste=rng.choice(list(Haste)),
            )
        )
    exporter = opened(cluster, f"order{seed}", stream)
    for package in rng.sample(packages, len(packages)) + rng.sample(packages, 5):
        exporter.deliver(package)
    with cluster.admin() as admin:
        check_sums(admin, f"order{seed}")
        found = {
            (int(key[2:]), (time - BEGIN) // NS_PER_S): (
                rev,
                package,
                bool(deleted),
                int.from_bytes(bits, "big"),
            )
            for key, time, rev, package, deleted, bits in admin.execute(
                f"select key, time_ns, rev, package, deleted, bits from order{seed}.sample_proof"
            )
        }
    assert found == {
        at: (rank[0], rank[1], is_deleted, value) for at, (rank, is_deleted, value) in newest.items()
    }
    exporter.close()


def test_it_14_a_deleted_sample_is_not_brought_back_by_backfill_but_by_a_newer_revision(
    cluster: PostgresCluster,
) -> None:
    stream = Stream([series(0)])
    exporter = opened(cluster, "deleted", stream)
    sample = [(0, good(1.5, BEGIN))]
    exporter.deliver(stream.package(rows_of(stream.tags, sample, revision=5)))
    exporter.deliver(stream.package(rows_of(stream.tags, sample, revision=8, deleted=True)))
    with cluster.admin() as admin:
        count = "select count(*) from deleted.sample"
        assert admin.execute(count).fetchone() == (0,)
        exporter.deliver(stream.package(rows_of(stream.tags, sample, revision=3), haste=Haste.BACKFILL))
        assert admin.execute(count).fetchone() == (0,)
        check_sums(admin, "deleted")
        exporter.deliver(stream.package(rows_of(stream.tags, [(0, good(2.5, BEGIN))], revision=9)))
        found = admin.execute("select value, rev from deleted.sample_current").fetchall()
        assert found == [(2.5, 9)]
        assert admin.execute("select count(*) from deleted.sample_deleted").fetchone() == (0,)
        # deleted before it ever came
        never = [(0, good(1.0, BEGIN + NS_PER_S))]
        exporter.deliver(stream.package(rows_of(stream.tags, never, revision=12, deleted=True)))
        exporter.deliver(stream.package(rows_of(stream.tags, never, revision=11), haste=Haste.BACKFILL))
        assert admin.execute(count).fetchone() == (1,)
        check_sums(admin, "deleted")
    exporter.close()


def test_values_of_every_type_keep_their_bits_their_status_and_their_nanoseconds(
    cluster: PostgresCluster,
) -> None:
    values: list[Any] = [
        0.1, -0.0, 5e-324, 1.7976931348623157e308, 2**63 - 1, -(2**63), 2**63, 2**64 - 1, 9_999_999_999_999_999_999,
        10**16, True, False, "", "text \U0001f6b0 'quoted' \\ \t\n", b"\x00\xff", (1, 2.5, "x"), {"a": 1, "b": (True,)},
    ]  # fmt: skip
    tags = [series(0)]
    stream = Stream(tags)
    rows = [(0, good(value, BEGIN + 999 - place)) for place, value in enumerate(values)]
    rows += [(0, bad(BEGIN + 5_001)), (0, DataValue(None, 0xFFFFFFFF, -1, 0)), (0, good(1.0, -(2**63)))]
    rows += [(0, DataValue(7.0, quality.UNCERTAIN, 2**63 - 1, 0))]
    made = rows_of(tags, rows, flags=0xFFFF)
    versions = np.zeros(len(rows), np.uint16)
    versions[-1] = 65_535
    exporter = opened(cluster, "kinds", stream)
    exporter.deliver(stream.package(replace(made, samples=replace(made.samples, versions=versions))))
    with cluster.admin() as admin:
        assert check_sums(admin, "kinds") == len(rows)
        columns = "value_d, value_i, value_u, value_s, ns, status"
        found = admin.execute(f"select {columns} from kinds.sample order by ts, ns").fetchall()
        whole = {row[2] for row in found}
        assert {2**63, 2**64 - 1, 9_999_999_999_999_999_999} <= whole
        assert {row[1] for row in found} >= {2**63 - 1, -(2**63), 1, 0}
        nothing = admin.execute(f"select {columns} from kinds.sample where kind = 0").fetchall()
        assert {(None, None, None, None, 1, quality.BAD_NO_COMMUNICATION)} < set(nothing)
    exporter.close()


def test_a_text_that_postgres_cannot_hold_is_refused_by_row_and_the_rest_is_taken(
    cluster: PostgresCluster,
) -> None:
    stream = Stream([series(0)])
    content = [good("fine", BEGIN), good("nul \0 here", BEGIN + 1000), good("half \ud83d", BEGIN + 2000)]
    exporter = opened(cluster, "nul", stream)
    rows = rows_of(stream.tags, [(0, one) for one in content[:2]])
    with pytest.raises(RecordsRefused) as refused:
        exporter.deliver(stream.package(rows))
    assert set(refused.value.reasons) == {1}
    assert "NUL" in refused.value.reasons[1]
    exporter.deliver(Stream(stream.tags).package(rows_of(stream.tags, [(0, content[0])])))
    with cluster.admin() as admin:
        assert check_sums(admin, "nul") == 1
    exporter.close()


def test_evil_names_are_kept_and_a_change_of_the_unit_is_a_new_row_with_its_time(
    cluster: PostgresCluster,
) -> None:
    tags = [
        series(n, key=name, name=name, path=("plant", name), description=name, states={1: name})
        for n, name in enumerate(EVIL_NAMES)
    ]
    stream = Stream(tags)
    exporter = opened(cluster, "evil", stream)
    exporter.deliver(stream.package(mixed_rows(tags, 200)))
    later = BEGIN + 150 * NS_PER_S
    changed = [replace(tags[0], unit="L/s", unit_code="G51", high=50.0), *tags[1:-1]]
    newer = replace(Stream(changed).schema, made=later)
    exporter.describe(newer)
    exporter.describe(newer)
    with cluster.admin() as admin:
        check_sums(admin, "evil")
        names = {row[0] for row in admin.execute("select name from evil.tag")}
        assert names == set(EVIL_NAMES)
        kept = admin.execute(
            "select version, unit, valid_from, valid_to from evil.tag where key = %s order by version",
            [tags[0].key],
        ).fetchall()
        assert [(row[0], row[1]) for row in kept] == [(1, "m³/h"), (2, "L/s")]
        assert kept[0][2] is None
        assert kept[0][3] == kept[1][2]
        assert kept[1][3] is None
        units = admin.execute(
            "select distinct unit, ts < %s from evil.sample_current where key = %s", [kept[1][2], tags[0].key]
        ).fetchall()
        assert sorted(units) == [("L/s", False), ("m³/h", True)]
        assert admin.execute("select key from evil.tag where not is_listed").fetchall() == [(EVIL_NAMES[-1],)]
        assert admin.execute("select count(*) from evil.sample_current").fetchone() == (200,)
        assert admin.execute("select count(*) from evil.series_list").fetchone() == (2,)
    exporter.describe(stream.schema)
    with cluster.admin() as admin:
        assert admin.execute("select count(*) from evil.tag where not is_listed").fetchone() == (0,)
    exporter.close()


def events(first: int, count: int, text: str = "high level") -> list[Event]:
    return [
        Event(first + n, BEGIN + n * NS_PER_S + n, "alarm", "raised", {"text": text, "limit": 1e300, "n": n})
        for n in range(count)
    ]


def test_alarms_and_audit_are_rows_that_a_repeat_leaves_as_they_are(cluster: PostgresCluster) -> None:
    stream = Stream([], "p_test/alarms")
    exporter = opened(cluster, "alarms", stream, what="alarms")
    packages = [stream.package(events=events(1, 50)), stream.package(events=events(51, 50))]
    packages.append(stream.package(events=events(41, 20, "replayed"), haste=Haste.BACKFILL))
    packages.append(stream.package(events=[*events(200, 1), *events(200, 1, "again")]))
    for package in packages:
        exporter.deliver(package)
    with cluster.admin() as admin:
        assert check_sums(admin, "alarms") == 101
        once = content(admin, "alarms")
        for package in packages[::-1]:
            exporter.deliver(package)
        assert content(admin, "alarms") == once
        exporter.deliver(remade(packages[0]))
        check_sums(admin, "alarms")
        texts = "select fields ->> 'text', count(*) from alarms.event group by 1 order by 1"
        assert admin.execute(texts).fetchall() == [("again", 1), ("high level", 80), ("replayed", 20)]
    evil = [*events(300, 1), *events(301, 1, "nul \0"), *events(302, 1)]
    evil.append(Event(303, BEGIN, "alarm", "raised", {"value": float("nan")}))
    with pytest.raises(RecordsRefused) as refused:
        exporter.deliver(stream.package(events=evil))
    assert set(refused.value.reasons) == {1, 3}
    exporter.close()


def test_two_jobs_share_the_tables_and_each_has_its_own_statements(cluster: PostgresCluster) -> None:
    streams = [Stream([series(n) for n in range(3)], f"p_test/job{job}") for job in (1, 2)]
    exporters = [opened(cluster, "shared", stream) for stream in streams]
    for number in range(3):
        for stream, exporter in zip(streams, exporters, strict=True):
            exporter.deliver(
                stream.package(mixed_rows(stream.tags, 50, begin=BEGIN + number * 100 * NS_PER_S))
            )
    with cluster.admin() as admin:
        assert check_sums(admin, "shared") == 300
        assert admin.execute("select count(distinct tag_no) from shared.tag").fetchone() == (6,)
    for stream, exporter in zip(streams, exporters, strict=True):
        assert exporter.open() == stream.last
        exporter.close()


def test_simulated_values_are_marked_by_their_flag_and_by_their_stream(cluster: PostgresCluster) -> None:
    for is_simulated in (True, False):
        name = f"p_test/simulated-{is_simulated}"
        stream = Stream([series(0)], name)
        exporter = opened(cluster, "simulated", stream, is_simulated=is_simulated)
        exporter.deliver(stream.package(rows_of(stream.tags, [(0, good(1.0, BEGIN))])))
        marked = rows_of(stream.tags, [(0, good(1.0, BEGIN + 1000))], flags=SampleFlag.SIMULATED)
        exporter.deliver(stream.package(marked))
        exporter.close()
        with cluster.admin() as admin:
            found = admin.execute(
                "select is_simulated from simulated.sample_current where stream = %s order by ts", [name]
            )
            assert found.fetchall() == [(is_simulated,), (True,)]


def test_aggregates_are_series_of_their_own_beside_their_tag(cluster: PostgresCluster) -> None:
    tags = [
        series(0, key=f"t_0000/{name}/60s", aggregate=name, interval_s=60) for name in ("Average", "Maximum")
    ]
    stream = Stream(tags)
    exporter = opened(cluster, "aggregates", stream, what="aggregates")
    exporter.deliver(stream.package(rows_of(tags, [(0, good(1.5, BEGIN)), (1, good(2.0, BEGIN))])))
    late = rows_of(tags, [(0, good(1.25, BEGIN))], revision=2)
    exporter.deliver(stream.package(late, haste=Haste.BACKFILL))
    with cluster.admin() as admin:
        found = admin.execute("select aggregate, interval_s, value from aggregates.sample_current order by 1")
        assert found.fetchall() == [("Average", 60, 1.25), ("Maximum", 60, 2.0)]
        assert check_sums(admin, "aggregates") == 2
    exporter.close()


def test_a_silent_job_looks_whether_its_server_is_there(
    cluster: PostgresCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hmi.exporters.postgres.exporter.PING_S", 0.0)
    exporter = opened(cluster, "silent", Stream([series(0)]))
    exporter.idle()
    with cluster.admin() as admin:
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'watchkeeper job'"
        )
    with pytest.raises(TargetUnavailable):
        exporter.idle()
    exporter.close()
    exporter.idle()
    with pytest.raises(TargetUnavailable):
        exporter.deliver(Stream([series(0)]).package(mixed_rows([series(0)], 1)))


def test_a_large_package_is_taken_in_bounded_pieces_and_replaced_as_a_whole(cluster: PostgresCluster) -> None:
    tags = [series(n) for n in range(40)]
    stream = Stream(tags)
    count = 120_000
    one = rows_of(tags, [(n % 40, good(float(n), BEGIN + n * 1_000_003)) for n in range(count)])
    exporter = opened(cluster, "large", stream)
    first = stream.package(one)
    tracemalloc.start()
    try:
        exporter.deliver(first)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # all of it as bytes of a COPY would be 15 MB, and as objects of Python hundreds
    assert peak < 10_000_000
    exporter.deliver(stream.package(replace(one, revisions=one.revisions + 1)))
    with cluster.admin() as admin:
        statement = "select count(*), min(package), min(rev) from large.sample"
        assert admin.execute(statement).fetchone() == (count, 2, 2)
        gone = "select superseded_rows, superseded_sum = sum from large.package order by number"
        assert admin.execute(gone).fetchall() == [(count, True), (0, False)]
    exporter.close()
