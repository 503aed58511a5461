"""The disk of the history is filled from outside: old days go first, then recording stops, counts, and goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_alarms_full_disk import MOUNT, SIZE, TESTS, may_mount, unshared


def test_reliability_28_a_full_disk_prunes_then_stops_recording_with_counted_loss_and_recovers(
    tmp_path: Path,
) -> None:
    if not may_mount(tmp_path):
        pytest.skip("needs a small file system of its own: unshare(1) and the right to mount a tmpfs")
    mount = MOUNT.replace(f"size={SIZE}", "size=32m")
    script = (
        f"{mount} '{tmp_path}' && exec '{sys.executable}' '{TESTS / 'full_history_disk.py'}' '{tmp_path}'"
    )
    done = subprocess.run(
        unshared(script), capture_output=True, text=True, timeout=240, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(TESTS), str(TESTS.parent)))},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3_000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["days_before"] >= 30
    assert found["days_full"] < found["days_before"]
    assert "nothing is recorded: only" in found["problem"]
    assert {"system:history", "system:space"} <= set(found["alarm"])
    assert found["lost"] >= 3
    assert found["gap"]
    assert found["recorded_while_full"] == []
    assert "history.resumed" in found["events"]
    assert found["damaged"] == 0
