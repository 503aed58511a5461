"""The folder of an export is full, read-only, or not mounted any more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_alarms_full_disk import MOUNT, TESTS, may_mount, unshared


def test_a_full_a_read_only_and_a_lost_disk_are_told_and_nothing_is_half_or_elsewhere(tmp_path: Path) -> None:
    if not may_mount(tmp_path):
        pytest.skip("needs a small file system of its own: unshare(1) and the right to mount a tmpfs")
    script = f"{MOUNT} '{tmp_path}' && exec '{sys.executable}' '{TESTS / 'full_export_disk.py'}' '{tmp_path}'"
    done = subprocess.run(
        unshared(script), capture_output=True, text=True, timeout=100, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(TESTS), str(TESTS.parent)))},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3_000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["first"] == found["free"] == found["writable"] == []
    kind, text = found["full"]
    assert kind == "TargetRefused"
    assert "is full; free some space" in text
    assert found["left"] == 0
    kind, text = found["read_only"]
    assert kind == "TargetRefused"
    assert "Read-only file system; give the account of the runtime the right to write there" in text
    assert found["sums"] == [True, True, True]
    assert found["gone"] == ["TargetUnavailable", f"nothing is mounted at {tmp_path}; mount it"]
    assert found["below"] == []
