"""Seals, packages and signatures of the audit trail; what the checker that stands alone says of them."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hmi.core.errors import StorageError
from hmi.core.journal import Entry, Kind
from hmi.core.principal import SYSTEM, Principal
from hmi.core.signing import signature_digest
from hmi.core.values import Value
from hmi.journal import AuditQuery, Sealer, SqliteJournal, audit_checker, write_package
from hmi.journal.audit_checker import GENESIS, Seal, WrongRecord, check_journal, check_package, read_seals
from hmi.testing.clock import ManualClock

KEY = b"key"
HOUR = 3_600 * 10**9
ANN = Principal("ann", "desk-1", "s", frozenset(), name="Ann Example")


def command(number: int, *, signed_for: str = "", reason: str = "order", new: Value = 1.5) -> Entry:
    at, command_id = number * HOUR, f"c{number}"
    digest = signature_digest("bob", "approved", at, signed_for or command_id, "t_1", new)
    signer = {"user": "bob", "name": "Bob Example", "meaning": "approved", "time": at, "digest": digest}
    payload = {
        "command_id": command_id, "tag": "a/p1.sp", "area": "a", "old": -2.5, "new": new, "unit": "m", "reason": reason,
        "state": "confirmed", "confirmation": "signed", "signers": [signer], "full_name": "Ann Example",
        "refusals": [], "text": "",
    }  # fmt: skip
    return Entry(Kind.AUDIT, "command.confirmed", ANN, "t_1", at, payload)


async def _written(folder: Path, *groups: tuple[Entry, ...], unsealed: tuple[Entry, ...] = ()) -> Path:
    """A journal with a seal after each group."""
    path = folder / "journal.sqlite"
    journal = SqliteJournal(
        path, clock=ManualClock(9 * HOUR), runtime_id="r_1", run_id="r", plant_revision="v", simulated=False
    )
    await journal.open()
    sealer = Sealer(folder / "seals" / "seals.jsonl", (), runtime_id="r_1", key=KEY)
    assert sealer.open(await journal.last_seal()) == ""
    for group in groups:
        await journal.append(*group)
        seal = sealer.seal(journal.head, "minute")
        assert seal is not None
        await journal.note_seal(seal.n, seal.digest)
    await journal.append(*unsealed)
    await journal.close()
    return path


def written(folder: Path, *groups: tuple[Entry, ...], unsealed: tuple[Entry, ...] = ()) -> Path:
    return asyncio.run(_written(folder, *groups, unsealed=unsealed))


def alone(*arguments: str | Path) -> tuple[int, str]:
    """The checker as a copied file, by a Python that sees nothing of this program."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


GROUPS = ((command(1), command(2)), (command(3),), (command(4), command(5)))


def test_se_15_a_copy_of_the_checker_checks_a_journal_without_the_program(tmp_path: Path) -> None:
    path = written(tmp_path, *GROUPS, unsealed=(command(6),))
    checker = Path(shutil.copy(audit_checker.__file__, tmp_path / "audit_checker.py"))
    code, said = alone(checker, path)
    assert (code, "6 records, 3 seals: the chain holds; records 6 to 6 are not sealed yet" in said) == (
        0,
        True,
    )
    (tmp_path / "key").write_bytes(KEY)
    assert alone(checker, path, tmp_path / "seals", "--key-file", tmp_path / "key")[0] == 0
    (tmp_path / "key").write_bytes(b"another")
    assert alone(checker, path, tmp_path / "seals", "--key-file", tmp_path / "key")[0] == 1
    shutil.rmtree(tmp_path / "seals")
    code, said = alone(checker, path)
    assert (code, "its seals are not there" in said) == (1, True)
    assert alone(checker, tmp_path / "nothing.sqlite")[0] == 2
    assert alone(checker)[0] == 2


def test_se_15_an_exported_package_verifies_with_its_own_checker(tmp_path: Path) -> None:
    path = written(tmp_path, *GROUPS, unsealed=(command(6),))
    seals, folder = read_seals(tmp_path / "seals" / "seals.jsonl"), tmp_path / "package"
    assert write_package(path, seals, folder, AuditQuery(3 * HOUR, 4 * HOUR)) == (3, 3, 3)
    assert alone(folder / "audit_checker.py", folder)[0] == 0
    assert write_package(path, seals, tmp_path / "all", AuditQuery()) == (1, 6, 5)
    assert check_package(tmp_path / "all", KEY).records == 6


def test_se_15_whatever_is_changed_in_a_package_is_found(tmp_path: Path) -> None:
    path = written(tmp_path, *GROUPS)
    seals = read_seals(tmp_path / "seals" / "seals.jsonl")
    whole, work = tmp_path / "whole", tmp_path / "work"
    write_package(path, seals, whole, AuditQuery(3 * HOUR))
    check_package(whole)
    names = ("records.jsonl", "audit.csv", "seals.jsonl", "manifest.json")
    for name in names:
        text = (whole / name).read_text(encoding="utf-8")
        lines = text.splitlines(keepends=True)
        changes = [text[:at] + "#" + text[at + 1 :] for at in range(5, len(text) - 3, 97)]
        changes += ["".join(lines[:at] + lines[at + 1 :]) for at in range(len(lines))]
        for change in changes:
            shutil.rmtree(work, ignore_errors=True)
            shutil.copytree(whole, work)
            (work / name).write_text(change, encoding="utf-8", newline="")
            with pytest.raises(WrongRecord):
                check_package(work)
        (work / name).unlink()
        with pytest.raises(WrongRecord):
            check_package(work)


@pytest.mark.parametrize("reason", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_se_15_no_text_of_an_export_is_a_formula_and_numbers_stay_numbers(
    tmp_path: Path, reason: str
) -> None:
    path = written(tmp_path, (command(1, reason=reason),))
    write_package(path, [], tmp_path / "p", AuditQuery())
    text = (tmp_path / "p" / "audit.csv").read_bytes().decode()
    assert f"'{reason}" in text
    assert ",-2.5,1.5," in text


def test_11_70_a_signature_copied_to_another_record_is_invalid(tmp_path: Path) -> None:
    path = written(tmp_path, (command(1), command(2, signed_for="c1")))
    with pytest.raises(WrongRecord, match="record 2: the signature of bob belongs to another record"):
        check_journal(path)


def test_11_70_both_places_compute_the_same_digest_and_each_part_counts() -> None:
    base: tuple[Any, ...] = ("bob", "approved", 5, "c1", "t_1", 50)
    assert signature_digest(*base) == audit_checker.signature_digest(*base)
    assert signature_digest("bob", "approved", 5, "c1", "t_1", 50.0) == signature_digest(*base)
    changed: list[tuple[Any, ...]] = [(*base[:at], f"{base[at]}x", *base[at + 1 :]) for at in range(6)]
    others = [signature_digest(*one) for one in changed]
    values: list[Value] = [True, None, 0.1, "50", "Ü", 51]
    others += [signature_digest("bob", "approved", 5, "c1", "t_1", value) for value in values]
    assert len({signature_digest(*base), *others}) == 13
    assert all(
        signature_digest("b", "m", 5, "c", "t", value)
        == audit_checker.signature_digest("b", "m", 5, "c", "t", value)
        for value in values
    )


def test_11_10_a_cut_tail_that_fits_its_head_is_found_by_the_seals(tmp_path: Path) -> None:
    path = written(tmp_path, *GROUPS)
    older = tmp_path / "older"
    older.mkdir()
    shutil.copy(written(older, GROUPS[0]), path)
    with pytest.raises(WrongRecord, match="record 3 is missing: records up to 5 were sealed"):
        check_journal(path)


def sealer_at(folder: Path, *copies: Path) -> Sealer:
    return Sealer(folder / "seals.jsonl", copies, runtime_id="r_1", key=KEY, now_ns=lambda: 7)


def test_11_10_seals_go_on_after_a_start_and_an_idle_journal_is_sealed_once(tmp_path: Path) -> None:
    first = sealer_at(tmp_path)
    assert first.open((0, GENESIS)) == ""
    one = first.seal((3, "a" * 64), "start")
    assert one is not None
    assert first.seal((3, "a" * 64), "minute") is None
    second = sealer_at(tmp_path)
    assert second.open((one.n, one.digest)) == ""
    two = second.seal((4, "b" * 64), "start")
    assert two is not None
    assert (two.n, two.prev) == (2, one.digest)
    audit_checker.check_seals(read_seals(tmp_path / "seals.jsonl"), "seals", KEY)


def test_11_10_a_line_that_a_power_cut_left_unfinished_is_cut_off_at_the_next_start(tmp_path: Path) -> None:
    first = sealer_at(tmp_path)
    first.open((0, GENESIS))
    one = first.seal((3, "a" * 64), "start")
    assert one is not None
    with (tmp_path / "seals.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"n":2,"ti')
    again = sealer_at(tmp_path)
    assert again.open((one.n, one.digest)) == ""
    again.seal((4, "b" * 64), "start")
    audit_checker.check_seals(read_seals(tmp_path / "seals.jsonl"), "seals", KEY)


def test_11_10_removed_seals_are_told_at_the_start_and_while_running(tmp_path: Path) -> None:
    first = sealer_at(tmp_path)
    first.open((0, GENESIS))
    one = first.seal((3, "a" * 64), "start")
    assert one is not None
    (tmp_path / "seals.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(StorageError, match="somebody else changed"):
        first.seal((4, "b" * 64), "minute")
    (tmp_path / "seals.jsonl").unlink()
    assert "knows of 1 seals" in sealer_at(tmp_path).open((one.n, one.digest))


def test_11_10_a_copy_that_was_away_gets_what_it_lacks(tmp_path: Path) -> None:
    share = tmp_path / "share"
    share.write_text("a file where the folder should be", encoding="utf-8")
    sealer = sealer_at(tmp_path, share / "r_1.jsonl")
    sealer.open((0, GENESIS))
    for number in range(1, 4):
        sealer.seal((number, "a" * 64), "minute")
        with pytest.raises(StorageError, match="share"):
            sealer.copy()
    share.unlink()
    sealer.copy()
    assert read_seals(share / "r_1.jsonl") == read_seals(tmp_path / "seals.jsonl")
    sealer.seal((9, "c" * 64), "minute")
    sealer.copy()
    sealer.copy()
    assert [one.n for one in read_seals(share / "r_1.jsonl")] == [1, 2, 3, 4]
    (share / "r_1.jsonl").write_text(json.dumps({"n": 1}) + "\n", encoding="utf-8")
    with pytest.raises(StorageError, match="not a seal"):
        sealer.copy()


async def _named(path: Path, seal: Seal) -> None:
    """As at the start of a runtime, and then its note is put back."""
    journal = SqliteJournal(
        path, clock=ManualClock(9 * HOUR), runtime_id="r_1", run_id="r", plant_revision="v", simulated=False
    )
    await journal.open()
    await journal.append(
        Entry(Kind.SYSTEM, audit_checker.SEALED, SYSTEM, "", 0, {"n": seal.n, "digest": seal.digest})
    )
    await journal.note_seal(0, GENESIS)
    await journal.close()


def test_11_10_a_seal_named_in_the_chain_cannot_be_taken_away_with_its_note(tmp_path: Path) -> None:
    path = written(tmp_path, GROUPS[0])
    seal = read_seals(tmp_path / "seals" / "seals.jsonl")[0]
    asyncio.run(_named(path, seal))
    (tmp_path / "seals" / "seals.jsonl").unlink()
    with pytest.raises(WrongRecord):
        check_journal(path)
