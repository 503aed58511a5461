"""The table of protocol checks in the developers' guide names tests that exist, and misses no check."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"\| (?P<check>(?:MB|UA)-\d\d) \| (?P<what>[^|]+) \| (?P<proof>[^|]+) \|")
CHECKS = [*(f"MB-{n:02}" for n in range(1, 18)), *(f"UA-{n:02}" for n in range(1, 17))]


@cache
def defined() -> frozenset[str]:
    """Names of all tests, wherever they are."""
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return frozenset(name for text in sources for name in re.findall(r"def (test_\w+)", text))


@cache
def rows() -> dict[str, str]:
    """What proves each check, as the guide says."""
    found = ROW.findall((ROOT / "docs" / "developers.md").read_text(encoding="utf-8"))
    assert len({check for check, _what, _proof in found}) == len(found)
    return {check: proof for check, _what, proof in found}


def test_every_check_has_one_row() -> None:
    assert sorted(rows()) == sorted(CHECKS)


@pytest.mark.parametrize("check", CHECKS)
def test_a_row_names_tests_that_exist_or_says_what_it_waits_for(check: str) -> None:
    names = re.findall(r"`(test_\w+)`", rows()[check])
    assert [name for name in names if name not in defined()] == []
    assert names or re.search(r"waits: \w+", rows()[check])


def test_a_test_that_carries_a_number_belongs_to_a_check_that_does_not_only_wait() -> None:
    numbers = {match[1].replace("_", "-") for name in defined() if (match := NUMBERED.match(name))}
    proven = {check for check, proof in rows().items() if "`test_" in proof}
    assert sorted(numbers - proven) == []


NUMBERED = re.compile(r"test_((?:MB|UA)_\d\d)_")
