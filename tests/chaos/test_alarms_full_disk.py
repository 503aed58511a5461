"""The journal's disk is full: alarms go on, say that they are not stored, and the loss is counted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SIZE = "8m"
MOUNT = f"mount -t tmpfs -o size={SIZE},mode=700 none "


def unshared(command: str) -> list[str]:
    """In a mount namespace of its own: what it mounts ends with it."""
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", command]


def may_mount(folder: Path) -> bool:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    return subprocess.run(unshared(f"{MOUNT} '{folder}'"), capture_output=True, check=False).returncode == 0


def test_se_08_a_full_disk_hides_no_alarm_stops_commands_and_ends_by_itself(tmp_path: Path) -> None:
    if not may_mount(tmp_path):
        pytest.skip("needs a small file system of its own: unshare(1) and the right to mount a tmpfs")
    script = f"{MOUNT} '{tmp_path}' && exec '{sys.executable}' '{TESTS / 'full_disk.py'}' '{tmp_path}'"
    done = subprocess.run(
        unshared(script), capture_output=True, text=True, timeout=240, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(TESTS), str(TESTS.parent)))},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3_000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["unstored"] >= 299
    assert found["stored_while_full"] < 300
    assert "Alarms are shown but not stored" in done.stderr
    assert found["gap"]["changes"] >= 300
    assert found["gap"]["alarms"] >= 299
    assert found["refused"] == "refused"
    assert "the audit trail cannot be written" in found["refused_why"]
    assert found["written"] == []
    assert found["given_again"] == "confirmed"
    assert found["alarms"] == 300
    assert found["alike"]
    assert found["chain"] == ""
