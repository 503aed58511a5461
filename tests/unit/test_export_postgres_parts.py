"""Parts of the PostgreSQL exporter that need no server."""

from __future__ import annotations

import random
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import psycopg
import pytest
from export_stream import BEGIN, good, mixed_rows, rows_of, series

from hmi.core.errors import ConfigurationError
from hmi.export.digest import sum_of
from hmi.export.port import RecordsRefused, TargetRefused, TargetUnavailable
from hmi.exporters.postgres import _encode, _sums
from hmi.exporters.postgres._errors import told
from hmi.exporters.postgres.definition import DEFINITION, check, host

DEFAULTS = {one.name: one.default for one in DEFINITION.settings}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"schema": "Wk"}, "name for the schema"),
        ({"schema": 'a"; drop table x'}, "name for the schema"),
        ({"schema": "pg_mine"}, "name for the schema"),
        ({"schema": "s" * 64}, "name for the schema"),
        ({"host": " "}, "host is empty"),
        ({"user": ""}, "user is empty"),
        ({"host": "db.example", "sslmode": "disable"}, "readable to another machine"),
        ({"host": "db.example", "sslmode": "verify-ca"}, "authority"),
    ],
)
def test_settings_that_do_not_fit_are_told(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        check({**DEFAULTS, **settings})


@pytest.mark.parametrize(
    ("settings", "machine"),
    [
        ({}, "127.0.0.1"),
        ({"host": "/run/postgresql", "sslmode": "disable"}, ""),
        ({"host": "localhost", "sslmode": "disable"}, "localhost"),
        ({"host": "db.example"}, "db.example"),
        ({"host": "db.example", "sslmode": "verify-ca", "ca": "/ca.pem"}, "db.example"),
    ],
)
def test_settings_that_fit_name_their_machine(settings: dict[str, Any], machine: str) -> None:
    check({**DEFAULTS, **settings})
    assert host({**DEFAULTS, **settings}) == machine


def block_of(rows: Any) -> _encode.Block:
    numbers = np.arange(1, len(rows.tags) + 1, dtype=np.int32)
    return _encode.Block(rows, numbers, _encode.checked_texts(rows), 3, 4)


def fields_of(data: bytes) -> list[list[bytes | None]]:
    """A binary COPY read by hand."""
    assert data.startswith(_encode.HEADER)
    place, found = len(_encode.HEADER), []
    while (count := struct.unpack_from(">h", data, place)[0]) != -1:
        place += 2
        row: list[bytes | None] = []
        for _ in range(count):
            length = struct.unpack_from(">i", data, place)[0]
            place += 4
            row.append(None if length < 0 else data[place : place + length])
            place += max(length, 0)
        found.append(row)
    assert place + 2 == len(data)
    return found


@pytest.mark.parametrize("staged", [True, False])
def test_the_bytes_of_a_copy_have_every_row_once_with_all_its_columns(staged: bool) -> None:
    rows = mixed_rows([series(n) for n in range(5)], 25_000)
    chosen, replaced = _encode.ordered(block_of(rows))
    found = fields_of(b"".join(_encode.stream(block_of(rows), chosen, staged=staged)))
    names = _encode.STAGE_COLUMNS if staged else _encode.SAMPLE_COLUMNS
    assert not len(replaced)
    assert len(found) == len(rows)
    assert {len(row) for row in found} == {len(names)}
    at, rest = names.index("ts"), names.index("ns")
    times = [
        (int.from_bytes(row[at] or b"", "big", signed=True) + _encode.EPOCH_US) * 1000
        + int.from_bytes(row[rest] or b"", "big")
        for row in found
    ]
    assert sorted(times) == sorted(rows.samples.times.tolist())
    values = [names.index(name) for name in ("value_d", "value_i", "value_u", "value_s")]
    assert all(sum(row[place] is not None for place in values) <= 1 for row in found)


@pytest.mark.parametrize("value", [2**63, 2**64 - 1, 10**19, 12_345_678_901_234_567_890])
def test_a_large_unsigned_number_has_the_digits_of_numeric(value: int) -> None:
    rows = rows_of([series(0)], [(0, good(value, BEGIN))])
    row = fields_of(b"".join(_encode.stream(block_of(rows), np.arange(1), staged=False)))[0]
    count, weight, sign, scale, *digits = struct.unpack(">9h", row[-2] or b"")
    assert (count, weight, sign, scale) == (5, 4, 0, 0)
    assert sum(digit * 10_000 ** (4 - place) for place, digit in enumerate(digits)) == value


@pytest.mark.parametrize("seed", range(20))
def test_of_one_key_in_a_package_the_last_of_the_highest_revision_counts(seed: int) -> None:
    rng = random.Random(seed)
    count = rng.randrange(1, 60)
    content = [(rng.randrange(3), good(float(n), BEGIN + rng.randrange(6) * 1000)) for n in range(count)]
    rows = replace(
        rows_of([series(n) for n in range(3)], content),
        revisions=np.array([rng.randrange(1, 4) for _ in range(count)], np.int64),
    )
    versions = np.array([rng.randrange(2) for _ in range(count)], np.uint16)
    rows = replace(rows, samples=replace(rows.samples, versions=versions))
    newest: dict[tuple[int, int, int], tuple[int, int]] = {}
    for place in range(count):
        key = (int(rows.places[place]), int(rows.samples.times[place]), int(versions[place]))
        newest[key] = max(newest.get(key, (0, 0)), (int(rows.revisions[place]), place))
    chosen, replaced = _encode.ordered(block_of(rows))
    assert sorted(chosen.tolist()) == sorted(place for _, place in newest.values())
    assert sorted([*chosen.tolist(), *replaced.tolist()]) == list(range(count))
    both = _sums.count_of(rows, chosen) + _sums.count_of(rows, replaced)
    assert (both.rows, both.sum) == (count, sum_of(rows))


def test_texts_that_cannot_be_held_are_named_by_row() -> None:
    content = [(0, good(text, BEGIN + place)) for place, text in enumerate(("a", "b\0", "c", "\ud800"))]
    with pytest.raises(RecordsRefused) as refused:
        _encode.checked_texts(rows_of([series(0)], content))
    assert set(refused.value.reasons) == {1, 3}


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (psycopg.errors.DiskFull("x"), TargetRefused, "make room"),
        (psycopg.errors.InsufficientPrivilege("x"), TargetRefused, "grant"),
        (psycopg.errors.ReadOnlySqlTransaction("x"), TargetRefused, "primary"),
        (psycopg.errors.RaiseException("x"), TargetRefused, "trigger"),
        (psycopg.errors.CheckViolation("x"), TargetRefused, "rule"),
        (psycopg.errors.UndefinedColumn("x"), TargetRefused, "column is missing"),
        (psycopg.errors.AdminShutdown("x"), TargetUnavailable, "57P01"),
        (psycopg.errors.QueryCanceled("x"), TargetUnavailable, "57014"),
        (psycopg.errors.LockNotAvailable("x"), TargetUnavailable, "55P03"),
        (psycopg.errors.DeadlockDetected("x"), TargetUnavailable, "40P01"),
        (psycopg.errors.TooManyConnections("x"), TargetUnavailable, "53300"),
        (psycopg.OperationalError("the connection is lost"), TargetUnavailable, "does not answer"),
        (psycopg.OperationalError('FATAL:  database "x" does not exist'), TargetRefused, "create it"),
        (psycopg.OperationalError("SSL error: certificate verify failed"), TargetRefused, "setting ca"),
        (
            psycopg.OperationalError("FATAL:  the database system is starting up"),
            TargetUnavailable,
            "starting",
        ),
    ],
)
def test_errors_are_of_the_class_that_says_whether_a_person_is_needed(
    error: psycopg.Error, kind: type[Exception], words: str
) -> None:
    found = told(error, "PostgreSQL db:5432/plant")
    assert type(found) is kind
    assert words in str(found)
    assert "PostgreSQL db:5432/plant" in str(found)
