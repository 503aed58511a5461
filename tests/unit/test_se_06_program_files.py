"""SE-06: one byte changed in a program file is found at the start; viewing goes on, commands are refused."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

import pytest
from fake_runtime import fake_runtime

import hmi
from hmi.core.commands import CommandState, OperatorCommand, Reason
from hmi.core.principal import DEMO_OPERATOR
from hmi.project.plant import CommandRule, ConnectionDef, Plant
from hmi.runtime._program_care import ProgramCare
from hmi.runtime.self_test import self_test
from hmi.security.program_files import ProgramFiles, check_program_files
from hmi.testing.driver import FakePlc
from hmi.testing.plant import make_plant, make_tag

CHECKOUT = Path(hmi.__file__).resolve().parent.parent


def call(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=cwd, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the product, built and installed into a folder as on a plant PC."""
    base = tmp_path_factory.mktemp("wheel")
    built = call("hatchling", "build", "-t", "wheel", "-d", str(base), cwd=CHECKOUT)
    assert built.returncode == 0, built.stderr
    (wheel,) = base.glob("*.whl")
    put = call(
        "pip", "install", "--no-index", "--no-deps", "--target", str(base / "site"), str(wheel), cwd=base
    )
    assert put.returncode == 0, put.stderr
    return base / "site"


def product_in(site: Path) -> Distribution:
    (found,) = Distribution.discover(name="watchkeeper", path=[str(site)])
    return found


class FlippedByte:
    def __init__(self, file: Path) -> None:
        self.file, self.content = file, file.read_bytes()

    def __enter__(self) -> None:
        changed = bytearray(self.content)
        changed[len(changed) // 2] ^= 1
        self.file.write_bytes(changed)

    def __exit__(self, *_: object) -> None:
        self.file.write_bytes(self.content)


def test_se_06_an_installation_as_shipped_has_no_finding(installed: Path) -> None:
    found = check_program_files(product_in(installed))
    assert (found.findings, found.why_not) == ((), "")
    assert found.compared > len(list((CHECKOUT / "hmi" / "commands").glob("*.py")))


@pytest.mark.parametrize("name", ["hmi/commands/_gate.py", "hmi/_shipped/resources/sounds/p1.wav"])
def test_se_06_one_flipped_byte_is_found(installed: Path, name: str) -> None:
    with FlippedByte(installed / name):
        (finding,) = check_program_files(product_in(installed)).findings
    assert finding.startswith(f"{name} of watchkeeper ")
    assert "was changed after it was installed" in finding


def test_se_06_missing_and_foreign_files_are_found(installed: Path) -> None:
    kept, stranger = installed / "hmi" / "commands" / "_limits.py", installed / "hmi" / "core" / "extra.py"
    content = kept.read_bytes()
    kept.unlink()
    stranger.write_text("")
    try:
        missing, foreign = check_program_files(product_in(installed)).findings
    finally:
        kept.write_bytes(content)
        stranger.unlink()
    assert missing.startswith("hmi/commands/_limits.py of watchkeeper ")
    assert "cannot be read" in missing
    assert foreign.startswith("hmi/core/extra.py does not belong to watchkeeper ")


def test_se_06_selftest_of_the_installation_ends_with_1_and_a_sentence(
    installed: Path, tmp_path: Path
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "hmi", "selftest", "--json"]

    def tested() -> tuple[int, list[dict[str, Any]]]:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100, check=False
        )
        return done.returncode, json.loads(done.stdout)

    code, whole = tested()
    assert (code, [one["findings"] for one in whole]) == (0, [[]] * 6)
    with FlippedByte(installed / "hmi" / "_shipped" / "resources" / "themes" / "dark.json"):
        code, changed = tested()
    assert code == 1
    (finding,) = changed[0]["findings"]
    assert finding.startswith("hmi/_shipped/resources/themes/dark.json of watchkeeper ")


def test_se_06_a_checkout_says_that_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    info = tmp_path / "watchkeeper-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: watchkeeper\nVersion: 0.1.0\n")
    (info / "RECORD").write_text("_watchkeeper.pth,sha256=AAAA,3\n")
    found = check_program_files(Distribution.at(info))
    assert found == ProgramFiles(
        0, (), "The program runs from a source checkout: there is nothing to compare its files with."
    )


def test_se_06_a_loose_mode_and_a_folder_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    if os.name != "posix":
        pytest.skip("modes of files are those of POSIX")
    (tmp_path / "secrets").mkdir(mode=0o700)
    secret = tmp_path / "secrets" / "mail"
    secret.write_text("x")
    secret.chmod(0o640)
    (tmp_path / "journal.sqlite").write_text("this is no database, and no journal of anything")
    found = {one.name: one.findings for one in self_test(tmp_path) if one.findings}
    assert set(found) == {"secrets", "audit trail"}
    assert found["secrets"][0].startswith(f"{secret} can be used by others (mode 0640)")
    assert "commands are refused" in found["audit trail"][0]


def plant() -> Plant:
    plc1 = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=True)
    return make_plant([make_tag("a/t.sp", address="0", command=CommandRule())], connections={"plc1": plc1})


@pytest.mark.asyncio
async def test_se_06_commands_are_refused_the_alarm_rises_and_viewing_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = "hmi/commands/_gate.py of watchkeeper 0.1.0 was changed after it was installed."
    monkeypatch.setattr(
        ProgramCare.__init__, "__kwdefaults__", {"check": lambda: ProgramFiles(1, (finding,))}
    )
    plc = FakePlc()
    plc.values = {0: 1.0}
    async with fake_runtime(plant(), plc, tmp_path) as runtime, asyncio.timeout(20):
        runtime.scan.glance((0,))
        while not (runtime.services.tags.latest[0].is_good and runtime.gate._barred):
            await asyncio.sleep(0.02)
        assert "system:program" in str(runtime.services.alarms.active())
        beat = runtime.services.beats.number
        result = await runtime.submit(DEMO_OPERATOR, OperatorCommand("c_1", "t_a/t.sp", 3.0, beat))
        assert (result.state, plc.values[0]) == (CommandState.REFUSED, 1.0)
        ((reason, text),) = [(one.reason, one.text) for one in result.refusals]
        assert reason is Reason.NO_ACCESS_AUTHORITY
        assert finding in text
        assert not runtime.gate.select(DEMO_OPERATOR, "t_a/t.sp", 3.0, beat).id
        while "program.changed" not in [r.event for r in await runtime.services.journal.last(20)]:
            await asyncio.sleep(0.02)
        plc.values = {0: 2.0}
        while runtime.services.tags.latest[0].value != 2.0:
            await asyncio.sleep(0.02)


def test_se_06_a_damaged_list_of_files_is_a_finding(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a power cut leaves it: the runtime starts, and says so."""
    kind = type(distribution("starlette"))  # the library's own, or that of its newer edition
    read = kind.read_text

    def damaged(self: Distribution, filename: Any) -> str | None:
        if filename == "RECORD" and self.name == "starlette":
            return b"\xff\xfe".decode()
        return read(self, filename)

    monkeypatch.setattr(kind, "read_text", damaged)
    found = check_program_files(product_in(installed))
    assert any("starlette cannot be read" in text for text in found.findings)
