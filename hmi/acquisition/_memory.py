"""A memory cap for this process: a hard limit where the system has one, a watched figure everywhere."""

from __future__ import annotations

import sys
from typing import Any

ADDRESS_SPACE_SHARE = 4


def limit_memory(cap_mb: int) -> None:
    """Linux: address space at most four times the cap, so that one huge allocation fails at once.

    Windows has no such limit here; the worker watches ``memory_mb`` and ends itself.
    """
    if sys.platform == "win32":
        return
    import resource

    limit = cap_mb * ADDRESS_SPACE_SHARE * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def memory_mb() -> int:
    """Resident memory of this process in MB; 0 where it cannot be asked."""
    if sys.platform == "win32":
        return _windows_mb()
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096 // 1_000_000
    except (OSError, ValueError, IndexError):
        return 0


def _windows_mb() -> int:
    """Working set through the process status API. Written from the documentation, never run."""
    import ctypes

    counters = (ctypes.c_size_t * 10)()
    counters[0] = ctypes.sizeof(counters)
    library: Any = getattr(ctypes, "windll", None)
    if library is None:
        return 0
    process = library.kernel32.GetCurrentProcess()
    ok = library.psapi.GetProcessMemoryInfo(process, ctypes.byref(counters), ctypes.sizeof(counters))
    return int(counters[2]) // 1_000_000 if ok else 0
