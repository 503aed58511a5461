"""``hmi import`` and ``hmi tags`` as a person or a script runs them: the real command line, in processes of its own."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import time
from pathlib import Path

import pytest
from cli_calls import PATIENCE_S, command

from hmi.check import check_plant
from hmi.project import new_plant, open_plant

KEPWARE = """\
Tag Name,Address,Data Type,Respect Data Type,Client Access,Scan Rate,Scaling,Raw Low,Raw High,Scaled Low,Scaled High,\
Scaled Data Type,Clamp Low,Clamp High,Eng Units,Description,Negate Value
"Tank.Level",400501,Word,1,RO,1000,Linear,0,4095,0,10,Float,1,1,"m","Level, tank",0,
"Tank.Inflow",400503,Float,1,RO,1000,,,,,,,,,"m³/h","",,
"""


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    return new_plant(tmp_path / "plant")


def listed(tmp_path: Path, text: str, name: str = "device.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_list_is_shown_asked_for_written_and_found_again(plant: Path, tmp_path: Path) -> None:
    file = listed(tmp_path, KEPWARE)
    before = contents(plant)
    looked = run("import", plant, file, "--dry-run", "--area", "area1")
    assert (looked.returncode, contents(plant)) == (0, before)
    assert "tag area1/Tank.Level added (400501 of plc1, float, 0 … 10 m)" in looked.stdout
    assert "2 tags added" in looked.stdout

    unasked = run("import", plant, file, "--area", "area1")
    assert (unasked.returncode, contents(plant)) == (2, before)
    assert "nobody can be asked here; add --yes" in unasked.stderr

    done = run("import", plant, file, "--area", "area1", "--yes")
    assert done.returncode == 0, done.stderr
    assert f"{plant / 'tags.csv'}: written" in done.stdout
    assert open_plant(plant).by_name["area1/Tank.Level"].address == "400501"
    assert [finding.sentence for finding in check_plant(plant)] == []

    after = contents(plant)
    again = run("import", plant, file, "--area", "area1", "--yes", "--json")
    found = json.loads(again.stdout)
    assert (again.returncode, found["summary"], found["written"]) == (0, "2 tags unchanged", [])
    assert contents(plant) == after


def test_faults_name_file_and_line_and_nothing_is_written(plant: Path, tmp_path: Path) -> None:
    bad = KEPWARE + '"Bad",nowhere,Word,1,RO,1000,,,,,,,,,"","",,\n"Odd",400001,Date,1,RO,1,,,,,,,,,"","",,\n'
    file = listed(tmp_path, bad)
    before = contents(plant)
    refused = run("import", plant, file, "--yes")
    assert (refused.returncode, contents(plant)) == (1, before)
    assert f"error: {file}:4: Bad: 'nowhere' is not a Modbus address" in refused.stderr
    assert f"error: {file}:5: Odd: the data type 'Date' is not taken" in refused.stderr
    assert "nothing was written; --skip-faulty leaves out what is at fault" in refused.stderr
    rest = run("import", plant, file, "--yes", "--skip-faulty")
    assert rest.returncode == 0, rest.stderr
    assert "2 tags added; 2 left out" in rest.stdout
    assert {"Tank.Level", "Tank.Inflow"} <= set(open_plant(plant).by_name)


def test_twenty_changes_are_shown_and_the_rest_is_counted(plant: Path, tmp_path: Path) -> None:
    rows = "".join(f"area1/n{n},HR{200 + n}\n" for n in range(50))
    file = listed(tmp_path, f"name,address\n{rows}", "list.csv")
    shown = run("import", plant, file, "--dry-run")
    assert shown.stdout.count(" added (HR") == 20
    assert "and 30 more; --all shows them" in shown.stdout
    assert run("import", plant, file, "--dry-run", "--all").stdout.count(" added (HR") == 50


def test_a_map_and_a_setting_are_taken_from_the_command_line(plant: Path, tmp_path: Path) -> None:
    file = listed(tmp_path, "Was;Wo;Art\nBehälter 1;HR700;REAL\n", "liste.csv")
    asked = run("import", plant, file, "--yes", "--as", "table")
    assert asked.returncode == 2
    assert 'say which: --map name="…"' in asked.stderr
    done = run(
        "import", plant, file, "--yes", "--as", "table",
        "--map", "name=Was", "--map", "address=Wo", "--map", "type=Art",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    tag = open_plant(plant).by_name["Behaelter_1"]
    assert (tag.address, tag.type.value, tag.description) == ("HR700", "float32", "Behälter 1")
    wrong = run("import", plant, listed(tmp_path, KEPWARE), "--set", "prefix=none")
    assert (wrong.returncode, "use one of keep, drop" in wrong.stderr) == (2, True)
    assert "--map 'name' has no =" in run("import", plant, file, "--map", "name").stderr


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_what_tags_export_writes_changes_nothing(plant: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"tags{suffix}"
    exported = run("tags", plant, "export", "-o", out)
    assert (exported.returncode, exported.stdout) == (0, f"{out}: 4 rows written\n")
    before = contents(plant)
    back = run("import", plant, out, "--yes")
    assert (back.returncode, back.stdout.splitlines()[-1]) == (0, "4 tags unchanged")
    assert contents(plant) == before


def test_tags_are_listed_by_a_query(plant: Path, tmp_path: Path) -> None:
    pumps = run("tags", plant, "list", "--type", "pump", "--match", "*speed*")
    assert pumps.returncode == 0
    assert all(line.startswith("area1/p101.speed") for line in pumps.stdout.splitlines())
    found = json.loads(run("tags", plant, "list", "area:area1", "is:recorded", "--json").stdout)
    assert {"area1/lt101", "area1/ft101"} <= {one["name"] for one in found}
    one = run("tags", plant, "export", "--match", "area1/lt*").stdout.splitlines()
    assert [line.split(",")[2] for line in one] == ["name", "area1/lt101", "area1/lt101_pct"]
    assert "nothing that hmi tags can do" in run("tags", plant, "remove").stderr
    assert run("tags", plant, "export", "-o", tmp_path / "x.pdf").returncode == 2
    assert "cannot be written" in run("tags", plant, "export", "-o", tmp_path / "none" / "x.csv").stderr


def answered(arguments: list[str], answer: str) -> tuple[int, str]:
    """The verb on a terminal, with one answer typed when it asks."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "dumb", "COLUMNS": "120"}
    process = subprocess.Popen(arguments, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown, until, is_asked = "", time.monotonic() + PATIENCE_S, False
    try:
        while time.monotonic() < until:
            if not select.select([ours], [], [], 0.2)[0]:
                continue
            try:
                part = os.read(ours, 65_536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            shown += part.decode(errors="replace")
            if "[y/N]" in shown and not is_asked:
                is_asked = True
                os.write(ours, f"{answer}\n".encode())
        return process.wait(PATIENCE_S), shown
    finally:
        process.kill()
        os.close(ours)


def test_on_a_terminal_it_asks_and_no_means_no(plant: Path, tmp_path: Path) -> None:
    file = listed(tmp_path, KEPWARE)
    before = contents(plant)
    call = command("import", plant, file)
    code, shown = answered(call, "n")
    assert (code, contents(plant)) == (1, before)
    assert "nothing was written" in shown
    assert "Tank.Level" in shown
    code, shown = answered(call, "y")
    assert code == 0, shown
    assert "Tank.Level" in open_plant(plant).by_name


BAD = {
    "conflict.csv": (
        b"kind,name\n<<<<<<< HEAD\ntag,a\n=======\ntag,b\n>>>>>>> x\n",
        "a merge was not finished",
    ),
    "binary.csv": (bytes(range(256)), "is of no kind that is known"),
    "empty.csv": (b"", "is of no kind that is known"),
    "bomb.xlsx": (b"PK\x03\x04nothing", "is not a workbook that can be read"),
    "list.doc": (b"x", "is of no kind that is known"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_read_is_one_sentence(plant: Path, tmp_path: Path, name: str) -> None:
    raw, words = BAD[name]
    (tmp_path / name).write_bytes(raw)
    refused = run("import", plant, tmp_path / name, "--yes")
    lines = refused.stderr.splitlines()
    assert (refused.returncode, len(lines)) == (2, 1), refused.stderr
    assert words in lines[0]
    assert lines[0].startswith(str(tmp_path / name))


def test_a_file_of_two_gigabytes_and_folders_that_are_no_plants(plant: Path, tmp_path: Path) -> None:
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as stream:
        stream.write(b"kind,name\n")
        stream.truncate(2 * 2**30)
    refused = run("import", plant, huge, "--as", "table", "--yes")
    assert (refused.returncode, "2048 MiB, more than 256 are not read" in refused.stderr) == (2, True)
    assert "no such file" in run("import", plant, tmp_path / "none.csv").stderr.lower()
    assert "no plant.toml" in run("import", tmp_path, huge).stderr
    assert "name a plant folder and a file" in run("import").stderr
    assert (
        "the plant has no connection 'plc9'; it has: plc1"
        in run("import", plant, listed(tmp_path, KEPWARE), "--connection", "plc9").stderr
    )


def test_the_kinds_of_files_are_listed_with_their_settings() -> None:
    shown = run("import", "--list").stdout
    assert "kepware: " in shown
    assert "table: " in shown
    assert "--set prefix=keep" in shown


def test_two_imports_at_once_both_end_and_lose_nothing(plant: Path, tmp_path: Path) -> None:
    files = [
        listed(
            tmp_path,
            "name,address\n" + "".join(f"area1/of{k}_{n},HR{1000 * (k + 1) + n}\n" for n in range(200)),
            f"list{k}.csv",
        )
        for k in range(3)
    ]
    running = [
        subprocess.Popen(
            command("import", plant, file, "--yes"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for file in files
    ]
    ended = [(process.communicate(timeout=PATIENCE_S), process.returncode) for process in running]
    names = set(open_plant(plant).by_name)
    for number, ((_, err), code) in enumerate(ended):
        of = sum(name.startswith(f"area1/of{number}_") for name in names)
        assert (code, of) in ((0, 200), (2, 0)), err
        assert code == 0 or "somebody else" in err
    assert any(code == 0 for _, code in ended)


def test_a_guess_is_shown_with_its_confidence_and_its_reason(plant: Path, tmp_path: Path) -> None:
    text = "kind,name,address,confidence,why\ntag,area1/g1,HR900,0.85,moves with the level\ntag,area1/g2,HR901,1,\n"
    shown = run("import", plant, listed(tmp_path, text, "guesses.csv"), "--dry-run").stdout
    assert "tag area1/g1 added (HR900 of plc1) (guessed, 85% sure, moves with the level)\n" in shown
    assert "tag area1/g2 added (HR901 of plc1)\n" in shown


def test_an_export_takes_the_place_of_no_file_unasked(plant: Path, tmp_path: Path) -> None:
    before = contents(plant)
    for name in ("tags.csv", "alarms.csv", "calculations.csv"):
        refused = run("tags", plant, "export", "match:*lt*", "-o", plant / name, "--yes")
        assert refused.returncode == 2
        assert "is a file of a plant; choose another name" in refused.stderr
    assert contents(plant) == before
    out = tmp_path / "out.csv"
    out.write_text("somebody's", "utf-8")
    unasked = run("tags", plant, "export", "-o", out)
    assert (unasked.returncode, out.read_text("utf-8")) == (2, "somebody's")
    assert "add --yes to write over it" in unasked.stderr
    assert run("tags", plant, "export", "-o", out, "--yes").returncode == 0
    assert out.read_text("utf-8").startswith("kind,id,name")


def test_an_import_checks_as_hmi_check_does_and_shows_no_escape_sequence(plant: Path, tmp_path: Path) -> None:
    text = (
        "kind,name,type,expression\ntag,area1/calc,float64,\"'area1/none' * 2\"\ntag,area1/\x1b[2Jx,oops,1\n"
    )
    before = contents(plant)
    done = run("import", plant, listed(tmp_path, text), "--yes")
    assert (done.returncode, contents(plant)) == (1, before)
    assert "area1/none" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
