"""A receiver can make every digest again, without anything of ours."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from export_stream import BEGIN, Stream, bad, good, mixed_rows, rows_of, series
from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.core.clock import NS_PER_S
from hmi.export import Event, Package, Rows, export_checker
from hmi.export._source import taken
from hmi.export.digest import object_text, sum_of, sum_of_events, watermark_content, watermark_digest
from hmi.export.export_checker import Found, Sum, Wrong, check, check_until, compare
from hmi.historian.samples import ValueKind

TAGS = [series(number) for number in range(4)]


def checker_rows(rows: Rows) -> list[export_checker.Row]:
    """Rows as a receiver has them."""
    samples = rows.samples
    columns = zip(
        rows.places.tolist(), samples.values(), samples.versions.tolist(), samples.kinds.tolist(),
        samples.flags.tolist(), rows.deleted.tolist(), strict=True,
    )  # fmt: skip
    return [
        (
            rows.tags[place].key, one.source_time, version, one.status,
            object_text(one.value) if kind == ValueKind.OBJECT else one.value, kind, flags, deleted,
        )
        for place, one, version, kind, flags, deleted in columns
    ]  # fmt: skip


def received(package: Package) -> Found:
    total = Sum()
    for row in checker_rows(package.rows) if package.rows is not None else ():
        total.add(row)
    for event in package.events:
        total.add_event([event.number, event.time, event.kind, event.event, dict(event.fields)])
    content = watermark_content(package.watermark)
    return Found(content, total.rows, total.text(), f"package {package.watermark.number}")


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(0, 200))
def test_the_sum_of_plain_python_is_that_of_the_sender(seed: int, count: int) -> None:
    rows = mixed_rows(TAGS, count, seed)
    total = Sum()
    for row in checker_rows(rows):
        total.add(row)
    assert (total.rows, total.text()) == (count, sum_of(rows))


def test_the_order_counts_for_nothing_and_every_change_is_seen() -> None:
    rows = mixed_rows(TAGS, 200)
    turned = taken(rows, np.arange(199, -1, -1))
    assert sum_of(turned) == sum_of(rows)
    plain = checker_rows(rows)
    for place, column in itertools.product((0, 57), range(8)):
        row: list[Any] = list(plain[place])
        match column:
            case 0:
                row[column] = "other"
            case 4:
                row[column], row[5] = 12.25, ValueKind.FLOAT
            case 7:
                row[column] = not row[column]
            case 5:
                row[4], row[5] = 1, ValueKind.INT if row[5] == ValueKind.BOOL else ValueKind.BOOL
            case _:
                row[column] += 1
        total = Sum()
        for number, one in enumerate(plain):
            total.add((*row,) if number == place else one)  # type: ignore[arg-type]
        assert total.text() != sum_of(rows), (place, column)


def chain(count: int = 5) -> list[Package]:
    stream = Stream(TAGS)
    return [stream.package(mixed_rows(TAGS, 20, number)) for number in range(count)]


def test_a_whole_chain_is_complete_until_its_last_statement() -> None:
    report = check(received(one) for one in chain())
    assert report.packages == 5
    assert report.rows == 100
    assert report.sentence().startswith("p_test/job: complete until 2026-11-18T")
    assert "0 missing, 0 duplicates" in report.sentence()
    check_until(report, BEGIN + 5 * NS_PER_S)
    with pytest.raises(Wrong, match="only, not until"):
        check_until(report, BEGIN + 6 * NS_PER_S)


@pytest.mark.parametrize("missing", [0, 2])
def test_a_package_that_is_missing_is_named(missing: int) -> None:
    found = [received(one) for number, one in enumerate(chain()) if number != missing]
    with pytest.raises(Wrong, match=f"packages {missing + 1} to {missing + 1} are missing"):
        check(found)


def test_the_end_that_is_missing_is_seen_against_the_statement_of_the_sender() -> None:
    packages = chain()
    last = packages[-1].watermark
    wanted = {"stream": last.stream, "number": 5, "digest": last.digest}
    with pytest.raises(Wrong, match="packages 5 to 5 of the statement are missing"):
        compare(check((received(one) for one in packages[:-1]), wanted=5), wanted)
    compare(check(map(received, packages), wanted=5), wanted)
    with pytest.raises(Wrong, match="package 5 is another one than the statement says"):
        compare(check(map(received, packages), wanted=5), {**wanted, "digest": packages[3].watermark.digest})


def test_rows_that_are_missing_doubled_or_changed_are_seen() -> None:
    packages = [received(one) for one in chain()]
    few = replace_found(packages[2], rows=19)
    with pytest.raises(Wrong, match="19 rows are there, 20 were promised"):
        check([*packages[:2], few, *packages[3:]])
    other = replace_found(packages[2], sum="0" * 32)
    with pytest.raises(Wrong, match="not those that were sent"):
        check([*packages[:2], other, *packages[3:]])
    forged = replace_found(packages[2], statement={**packages[2].statement, "complete_until": BEGIN * 2})
    with pytest.raises(Wrong, match="the statement was changed"):
        check([*packages[:2], forged, *packages[3:]])


def replace_found(found: Found, **more: Any) -> Found:
    return replace(found, **more)


def test_a_package_that_came_twice_counts_once() -> None:
    packages = chain()
    again = replace(packages[4].watermark, made=packages[4].watermark.made + 1)
    again = replace(again, digest=watermark_digest(again))
    second = received(replace(packages[4], watermark=again))
    report = check([*(received(one) for one in packages), second])
    assert (report.packages, report.rows, report.doubles) == (5, 100, 1)


def test_events_have_sums_of_their_own() -> None:
    events = [
        Event(
            number,
            BEGIN + number,
            "alarm",
            "raised",
            {"payload": {"text": "ü \U0001f6b0", "value": 0.1}, "n": None},
        )
        for number in range(5)
    ]
    stream = Stream([])
    package = stream.package(None, events)
    assert received(package).sum == sum_of_events(events) == package.watermark.sum
    assert check([received(package)]).rows == 5


def test_a_bad_value_is_none_whatever_was_there_before() -> None:
    rows = rows_of(TAGS, [(0, good(1.0, BEGIN)), (1, bad(BEGIN))])
    assert checker_rows(rows)[1][4:6] == (None, ValueKind.NONE)
