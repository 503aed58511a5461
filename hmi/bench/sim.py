"""The waterworks at sixty times its speed: model, instruments and soft PLCs, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

from hmi.bench.figure import Figure
from hmi.project.shipped import shipped_path

GOAL_CORE = 0.25
_CODE = "import json; from simulators.bench import waterworks_60x_core as run; print(json.dumps(run()))"


def run() -> list[Figure]:
    """Cores needed for one minute of plant a second; the simulator is no import of the product."""
    done = subprocess.run(
        [sys.executable, "-c", _CODE],
        cwd=shipped_path("simulators").parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    result = json.loads(done.stdout.splitlines()[-1])
    return [
        Figure(
            figure=str(result["figure"]),
            value=float(result["value"]),
            unit=str(result["unit"]),
            against=str(result["against"]),
            goal=str(result["goal"]),
            passed=bool(result["pass"]),
        )
    ]
