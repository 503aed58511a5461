"""Backup beside a runtime that runs, and a restore that proves everything before it touches anything (SE-12)."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from cli_calls import CommandLine, command
from cryptography.hazmat.primitives.serialization import Encoding
from people_plant import PASSWORD, add_people, roles
from test_cli_history import LEVEL_TAG, plant_at
from waterworks_session import wait_until

from hmi.client.local import is_running
from hmi.core.errors import StorageError, UsageError
from hmi.core.journal import Entry, Kind
from hmi.core.principal import SYSTEM
from hmi.export import EXPORTS_FOLDER, JobState, Progress, progresses, quarantined, turn_in
from hmi.journal import JournalReader
from hmi.project.exports import ExportDef
from hmi.project.plant import Plant
from hmi.runtime import DataFolder, newest_archive
from hmi.runtime.backup import (
    BackupJob,
    BackupRefused,
    RestoreJob,
    make_backup,
    read_manifest,
    restore_backup,
    verify_backup,
)
from hmi.security import certificates
from hmi.security.trust import PLACES, TrustList
from hmi.stores.sqlite import open_archive, open_reader
from hmi.testing.days import DAY, FIRST_DAY, add_days, days_archive
from hmi.testing.plant import make_plant, make_tag
from tests.integration.test_runtime_history import desk_at

EVER = 2**62


def plant() -> Plant:
    return replace(make_plant([make_tag("a/t.pv", history=True)]), id="p_1", name="works")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of a runtime that has ended: three closed days, one open, a sealed journal, and a secret."""

    async def lived() -> None:
        async with desk_at(tmp_path / "data", simulated=False) as desk:
            await desk.until(lambda: desk.history.archive)
            for number in range(20):
                entry = Entry(Kind.SYSTEM, "test.event", SYSTEM, "p_1", number + 1, {"n": number})
                await desk.runtime.services.journal.append(entry)

    asyncio.run(lived())
    data = tmp_path / "data"
    archive = open_archive(data / "history")
    add_days(archive, FIRST_DAY, 4)
    archive.compact((FIRST_DAY + 3) * DAY + DAY // 2)
    archive.close()
    (data / "secrets").mkdir(exist_ok=True)
    (data / "secrets" / "mail").write_text("hunter2")
    (data / "pki" / "own" / "private").mkdir(parents=True, exist_ok=True)
    (data / "pki" / "own" / "private" / "runtime.pem").write_text("-----BEGIN PRIVATE KEY-----\n")
    (data / "pki" / "own" / "odd.pem").write_text("-----BEGIN PRIVATE KEY-----\n")
    (data / "pki" / "trusted").mkdir(parents=True, exist_ok=True)
    (data / "pki" / "trusted" / "plc.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    return data


@pytest.fixture
def copy(data: Path, tmp_path: Path) -> Path:
    make_backup(BackupJob(plant(), data, tmp_path / "copy", "1"))
    return tmp_path / "copy"


def samples(folder: Path) -> list[tuple[int, float, int]]:
    reader = open_reader(folder)
    try:
        found = [reader.read(number, 0, EVER) for number in sorted(reader.tags().values())]
        columns = [(one.times.tolist(), one.bits.tolist(), one.statuses.tolist()) for one in found]
        return [row for one in columns for row in zip(*one, strict=True)]
    finally:
        reader.close()


def test_a_backup_is_proven_and_a_restore_reads_the_same(data: Path, copy: Path, tmp_path: Path) -> None:
    proof = verify_backup(copy)
    assert (proof.wrong, proof.damaged) == ((), ())
    assert proof.blocks > 100
    assert proof.records >= 22
    target = tmp_path / "elsewhere"
    back, aside = restore_backup(RestoreJob(copy, target, "p_1"))
    assert aside is None
    assert back.records == proof.records
    assert samples(target / "history") == samples(data / "history")
    archive = open_archive(target / "history")  # it goes on there
    add_days(archive, FIRST_DAY + 4, 1)
    archive.compact((FIRST_DAY + 5) * DAY)
    assert len(archive.read(archive.number("line/0"), 0, EVER)) == 5 * 144
    assert not archive.damaged()
    archive.close()


def test_a_backup_has_no_secret_and_no_key(copy: Path) -> None:
    content = {
        path.relative_to(copy).as_posix(): path.read_bytes() for path in copy.rglob("*") if path.is_file()
    }
    assert not [name for name, data in content.items() if b"hunter2" in data or b"PRIVATE KEY" in data]
    assert "pki/trusted/plc.pem" in content
    assert {one.path for one in read_manifest(copy).files} == set(content) - {"manifest.json"}


def test_a_changed_byte_anywhere_is_named_and_nothing_is_put_back(copy: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    for one in read_manifest(copy).files:
        path = copy / one.path
        kept = path.read_bytes()
        path.write_bytes(
            kept[: len(kept) // 2] + bytes([kept[len(kept) // 2] ^ 1]) + kept[len(kept) // 2 + 1 :]
        )
        assert [wrong.split(":")[0] for wrong in verify_backup(copy).wrong] == [one.path]
        with pytest.raises(BackupRefused, match="is not whole"):
            restore_backup(RestoreJob(copy, target))
        path.unlink()
        assert len(verify_backup(copy).wrong) == 1
        path.write_bytes(kept)
    assert not target.exists()
    assert not verify_backup(copy).wrong
    (copy / "manifest.json").write_text('{"format": 1}')
    with pytest.raises(StorageError, match="manifest cannot be read"):
        verify_backup(copy)
    (copy / "manifest.json").unlink()
    with pytest.raises(StorageError, match="no backup"):
        restore_backup(RestoreJob(copy, target))


def test_a_manifest_that_points_elsewhere_is_refused(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    for bad in ("../x", "/etc/x", "a/../../x", "..\\x"):
        manifest["files"][0]["path"] = bad
        (copy / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(StorageError, match="outside of the backup"):
            read_manifest(copy)


def test_what_is_there_is_never_overwritten_and_stays_beside_the_restored(
    data: Path, copy: Path, tmp_path: Path
) -> None:
    (data / "mark").write_text("of before")
    with pytest.raises(BackupRefused, match="has data already"):
        restore_backup(RestoreJob(copy, data))
    with pytest.raises(BackupRefused, match="another plant"):
        restore_backup(RestoreJob(copy, data, "p_2", replace=True))
    running = DataFolder(data)
    running.open()
    with pytest.raises(UsageError, match="another runtime has this data folder"):
        restore_backup(RestoreJob(copy, data, replace=True))
    running.close()
    assert (data / "mark").read_text() == "of before"
    _, aside = restore_backup(RestoreJob(copy, data, replace=True))
    assert aside is not None
    assert (aside / "mark").read_text() == "of before"
    assert not (data / "mark").exists()
    assert (data / "secrets" / "mail").read_text() == "hunter2"  # those of this machine go on
    assert (data / "pki" / "own" / "private" / "runtime.pem").exists()
    assert samples(data / "history") == samples(aside / "history")


def test_how_far_the_exports_came_is_in_the_backup_and_comes_back(data: Path, tmp_path: Path) -> None:
    exports, copy = data / EXPORTS_FOLDER, tmp_path / "copy"
    state = JobState(exports)  # the process that delivers has it open
    state.keep("lake", Progress(archive="history", is_begun=True, live=41, number=7, digest="d7"))
    state.quarantine("lake", 7, 1, [("no", "[]")])
    make_backup(BackupJob(plant(), data, copy, "1"))
    state.keep("lake", Progress(archive="history", is_begun=True, live=99, number=9, digest="d9"))
    state.close()
    assert verify_backup(copy).wrong == ()
    for target in (tmp_path / "elsewhere", data):
        restore_backup(RestoreJob(copy, target, replace=True))
        assert progresses(target / EXPORTS_FOLDER)["lake"].number == 7
        assert quarantined(target / EXPORTS_FOLDER, "lake") == [(7, 1, "no", "[]")]
    state = JobState(exports)  # it goes on there
    state.keep("lake", Progress(number=8))
    state.close()


def test_clients_that_a_server_of_an_export_trusts_come_back_and_its_key_stays_here(
    data: Path, tmp_path: Path
) -> None:
    pki, copy = data / EXPORTS_FOLDER / "opcua-server", tmp_path / "copy"
    certificates.create(pki / "own", uri="urn:mine", host="127.0.0.1")
    certificates.create(data / "pki" / "own", uri="urn:runtime", host="127.0.0.1")
    client = certificates.create(tmp_path / "client", uri="urn:client", host="127.0.0.1").certificate
    TrustList(pki).prepare()
    TrustList(pki).put("trusted", client)
    (data / EXPORTS_FOLDER / "out").mkdir()
    (data / EXPORTS_FOLDER / "out" / "part.csv").write_text("what was delivered")
    job = ExportDef("office", "opcua_server", settings={"pki": "opcua-server"})
    far = ExportDef("far", "opcua_server", settings={"pki": str(tmp_path / "client")})
    of = replace(plant(), exports=(job, far))
    content = {one.path for one in make_backup(BackupJob(of, data, copy, "1")).files}
    assert {one for one in content if one.startswith("exports/")} == {
        f"exports/opcua-server/{PLACES['trusted']}/{path.name}"
        for path in (pki / PLACES["trusted"]).iterdir()
    }
    assert not [one for one in content if "/own/" in one]
    mine = certificates.load(pki / "own").certificate
    for target, is_here in ((tmp_path / "elsewhere", False), (data, True)):
        restore_backup(RestoreJob(copy, target, replace=True))
        there = target / EXPORTS_FOLDER / "opcua-server"
        verdict = TrustList(there).check(
            client.public_bytes(Encoding.DER), host=None, application_uri=None, is_client=True
        )
        assert verdict.text == ""
        own = certificates.load_or_create(there / "own", uri="urn:mine", host="127.0.0.1")
        assert (own.certificate == mine) is is_here
        certificates.load_or_create(target / "pki" / "own", uri="urn:runtime", host="127.0.0.1")


def test_nothing_is_put_back_while_a_process_delivers_the_exports(
    data: Path, copy: Path, tmp_path: Path
) -> None:
    delivering = turn_in(data / EXPORTS_FOLDER)
    assert delivering is not None
    (data / "mark").write_text("of before")
    with pytest.raises(UsageError, match="a process delivers the exports of this data folder; end it first"):
        restore_backup(RestoreJob(copy, data, replace=True))
    assert (data / "mark").read_text() == "of before"
    delivering.close()
    restore_backup(RestoreJob(copy, data, replace=True))
    assert not (data / "mark").exists()
    again = turn_in(data / EXPORTS_FOLDER)  # the restore has let it go
    assert again is not None
    again.close()


def test_damage_that_was_there_before_is_told_and_put_back_only_when_asked(
    data: Path, tmp_path: Path
) -> None:
    path = min((data / "history").glob("day-*.db"))
    database = apsw.Connection(str(path))
    key, block = database.execute("select k, block from chunks").fetchone() or (0, b"")
    database.execute("update chunks set block = ? where k = ?", (block[:9] + b"\xff" + block[10:], key))
    database.close()
    copy, target = tmp_path / "copy", tmp_path / "elsewhere"
    make_backup(BackupJob(plant(), data, copy, "1"))
    proof = verify_backup(copy)
    assert not proof.wrong
    assert "line/0, hour of" in proof.damaged[0]
    with pytest.raises(BackupRefused, match="--accept-damage"):
        restore_backup(RestoreJob(copy, target))
    restore_backup(RestoreJob(copy, target, accept_damage=True))
    assert samples(target / "history") == samples(data / "history")


def test_a_renewed_backup_takes_closed_days_over_and_one_that_was_cut_off_goes_on(
    data: Path, copy: Path, tmp_path: Path
) -> None:
    closed = sorted(path.name for path in (copy / "history").glob("day-*.db") if "open" not in path.name)
    assert len(closed) == 3
    numbers = {name: (copy / "history" / name).stat().st_ino for name in closed}
    make_backup(BackupJob(plant(), data, copy, "1"))
    assert {name: (copy / "history" / name).stat().st_ino for name in closed} == numbers
    part, live = tmp_path / "other.part" / "history", (data / "history" / "live.db").read_bytes()
    (data / "history" / "live.db").write_bytes(b"cannot be copied")
    for end in ("-wal", "-shm"):
        (data / "history" / f"live.db{end}").unlink(missing_ok=True)
    with pytest.raises(StorageError):
        make_backup(BackupJob(plant(), data, tmp_path / "other", "1"))
    assert not (tmp_path / "other").exists()
    numbers = {name: (part / name).stat().st_ino for name in closed}
    (data / "history" / "live.db").write_bytes(live)
    make_backup(BackupJob(plant(), data, tmp_path / "other", "1"))
    other = tmp_path / "other" / "history"
    assert {name: (other / name).stat().st_ino for name in closed} == numbers
    assert not verify_backup(tmp_path / "other").wrong
    assert not part.exists()


def test_a_place_that_is_no_backup_of_this_plant_is_left_alone(
    data: Path, copy: Path, tmp_path: Path
) -> None:
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "picture").write_text("x")
    with pytest.raises(UsageError, match="is no backup"):
        make_backup(BackupJob(plant(), data, tmp_path / "holiday", "1"))
    with pytest.raises(UsageError, match="is a backup of works"):
        make_backup(BackupJob(replace(plant(), id="p_2"), data, copy, "1"))


def test_backups_beside_a_writer_that_commits_and_compacts_are_each_whole_and_go_on(tmp_path: Path) -> None:
    """However a copy falls between commits and compactions: no sample that was durable before it began is missing."""
    data = tmp_path / "data"
    archive = days_archive(data / "history", 2)
    done, durable = threading.Event(), [0]

    def write() -> None:
        day = FIRST_DAY + 2
        while not done.is_set():
            add_days(archive, day, 1)
            durable[0] = 2 * 144 * (day + 1 - FIRST_DAY)
            archive.compact((day + 1) * DAY - DAY // 3)
            day += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(6):
            least = durable[0]
            copy = tmp_path / f"copy{number}"
            make_backup(BackupJob(plant(), data, copy, "1"))
            assert verify_backup(copy).wrong == ()
            found = samples(copy / "history")
            assert len(found) >= least
            assert len(found) % 144 == 0
            assert not [row for row in found if row[2]]
            shutil.rmtree(copy)
    finally:
        done.set()
        writer.join()
        archive.close()
    last = tmp_path / "last"
    make_backup(BackupJob(plant(), data, last, "1"))
    again = open_archive(last / "history")
    number = again.number("line/0")
    before = len(again.read(number, 0, EVER))
    newest = int(again.read(number, 0, EVER).times[-1]) // DAY
    add_days(again, newest + 1, 1)
    again.compact((newest + 2) * DAY)
    assert len(again.read(number, 0, EVER)) == before + 144
    assert not again.damaged()
    again.close()


def events_in(data: Path) -> list[str]:
    reader = JournalReader(data / "journal.sqlite", read_only=True)
    try:
        return [record.event for record in reader.newest(500, "system", "")]
    finally:
        reader.close()


def test_a_copy_that_was_cut_off_of_another_runtime_is_begun_anew(data: Path, tmp_path: Path) -> None:
    part = tmp_path / "copy.part"
    (part / "history").mkdir(parents=True)
    (part / "incomplete").write_text("p_2 r_other\n")
    (part / "history" / "stranger").write_text("x")
    make_backup(BackupJob(plant(), data, tmp_path / "copy", "1"))
    assert not [path for path in (tmp_path / "copy").rglob("*") if path.name in ("stranger", "incomplete")]
    assert not verify_backup(tmp_path / "copy").wrong


def test_a_simulated_plant_has_the_history_of_its_newest_run_in_its_backup(tmp_path: Path) -> None:
    async def lived() -> None:
        async with desk_at(tmp_path / "data") as desk:
            await desk.until(lambda: desk.history.archive)
            await asyncio.to_thread(desk.history.sync)

    asyncio.run(lived())
    make_backup(BackupJob(plant(), tmp_path / "data", tmp_path / "copy", "1"))
    proof, _ = restore_backup(RestoreJob(tmp_path / "copy", tmp_path / "elsewhere"))
    assert proof.manifest.archive.startswith("history/run_")
    assert newest_archive(tmp_path / "elsewhere") == tmp_path / "elsewhere" / proof.manifest.archive


@pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket")
def test_se_12_the_command_line_backs_up_a_running_runtime_holds_days_and_restores(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hmi, place, data = CommandLine(capfd, monkeypatch), plant_at(tmp_path), tmp_path / "data"
    add_people(data, {"sec": (roles("security"), {}), "eng": (roles("engineer"), {})})
    process = subprocess.Popen(command("serve", place, "--data", data), stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: is_running(data) or process.poll() is not None)
        wait_until(lambda: (data / "history" / "live.db").exists())
        where = (str(place), "--data", str(data))

        def signed(user: str, *words: str):
            monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))
            return hmi("history", *where, *words, "--user", user, "--password-stdin")

        times = ("--from", "2025-06-01T00:00", "--to", "2025-06-02T00:00")
        refused = signed("eng", "hold", "add", *times, "--reason", "inquest")
        assert refused.code == 1
        told = signed("sec", "hold", "add", *times, "--reason", "inquest")
        assert told.code == 0, told.err
        hold = told.out.strip().removeprefix("held as ")
        assert f"{hold}: 2025-06-01" in hmi("history", *where, "hold", "list").out
        copied = hmi("backup", str(place), str(tmp_path / "copy"), "--verify", "--data", str(data))
        assert copied.code == 0, copied.err
        assert "proven:" in copied.out
        wait_until(lambda: "process.backup" in events_in(data))
        busy = hmi("restore", str(tmp_path / "copy"), str(place), "--data", str(data), "--replace")
        assert (busy.code, "another runtime" in busy.err) == (2, True)
        checked = hmi("history", *where, "verify")
        assert (checked.code, "0 of them damaged" in checked.out) == (0, True), checked.err
    finally:
        process.terminate()
        assert process.wait(20) == 0
    back = hmi("restore", str(tmp_path / "copy"), str(place), "--data", str(data), "--replace")
    assert back.code == 0, back.err
    assert "put back and read again" in back.out
    assert f"{hold}: 2025-06-01" in hmi("history", *where, "hold", "list").out
    process = subprocess.Popen(command("serve", place, "--data", data), stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: is_running(data) or process.poll() is not None)
        assert process.poll() is None
        assert hmi("history", *where, LEVEL_TAG).code == 0
        assert hmi("audit", *where).code == 0
        wait_until(lambda: "process.restore" in events_in(data))
    finally:
        process.terminate()
        assert process.wait(20) == 0
