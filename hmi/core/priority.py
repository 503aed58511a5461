"""Work that people do not wait for steps back behind what they look at."""

from __future__ import annotations

import os
import sys

_NICE = 10
_BELOW_NORMAL = 0x4000
"""BELOW_NORMAL_PRIORITY_CLASS of SetPriorityClass (Windows API)."""


def step_back() -> None:
    """This process gets the time that others leave; where the system refuses that it runs on as it did."""
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), _BELOW_NORMAL)
        return
    try:
        os.nice(_NICE)
    except OSError:
        return
