"""A journal falsified in a thousand ways: each one is found, by the program and by the checker that stands alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hmi.bench._audit_tampering import (
    COUNT,
    Originals,
    Tampering,
    found_by_checker,
    found_by_verify,
    originals,
    tamperings,
    thousand,
)


@pytest.fixture(scope="module")
def trails(tmp_path_factory: pytest.TempPathFactory) -> Originals:
    return originals(tmp_path_factory.mktemp("original"))


def looked_at(one: Tampering, trails: Originals, folder: Path) -> tuple[str, str]:
    work, copy = folder / "work", folder / "copy.jsonl"
    copy.write_text(str(trails.whole.seals), encoding="utf-8")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    one.trail.write(work)
    return found_by_verify(one, work, copy), found_by_checker(one, work, copy)


def test_cm_15_a_trail_that_nobody_touched_is_whole(trails: Originals, tmp_path: Path) -> None:
    assert looked_at(Tampering("none", trails.whole, forged=True, outside=True), trails, tmp_path) == ("", "")


def test_11_10_a_thousand_kinds_of_tampering_all_differ(trails: Originals) -> None:
    chosen, every = thousand(trails), list(tamperings(trails))
    for some in (chosen, every):
        digests = {one.trail.digest() for one in some}
        assert len({one.name for one in some}) == len(digests) == len(some)
        assert trails.whole.digest() not in digests
    assert len(chosen) == COUNT


def test_cm_15_a_thousand_kinds_of_tampering_are_all_found(trails: Originals, tmp_path: Path) -> None:
    missed = [one.name for one in thousand(trails) if not all(looked_at(one, trails, tmp_path))]
    assert missed == []
