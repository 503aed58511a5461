"""How much memory a process holds now, as its operating system says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hmi.core.errors import UsageError

_MB = 1024 * 1024


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MB; UsageError on a system that is not asked here."""
    if sys.platform == "win32":
        raise UsageError("memory of other processes is measured on Linux and macOS only")
    if sys.platform == "darwin":
        told = subprocess.run(
            ["/bin/ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True
        )
        return int(told.stdout) * 1024 / _MB
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / _MB
