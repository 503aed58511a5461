"""Why a serial port cannot be opened, in words, on POSIX and on Windows.

The library opens every port for itself alone: with a lock on POSIX, without sharing on Windows. Two masters on
one line would garble each other's frames, so the second one is told and sends nothing.
"""

from __future__ import annotations

import errno
import re

try:
    from termios import error as _TermiosError
except ImportError:  # Windows
    _TermiosError = OSError

PORT_ERRORS = (OSError, ValueError, _TermiosError)
_IN_USE = (errno.EAGAIN, errno.EBUSY)
_WINDOWS = re.compile(r"\b\w+Error\(\d+, .*, (\d+)\)")
_WINDOWS_IN_USE = (5, 32, 170)  # access denied, sharing violation, busy
_WINDOWS_MISSING = (2, 3)


def port_problem(port: str, error: Exception) -> str:
    """One sentence for what the operating system said: one of PORT_ERRORS."""
    if not isinstance(error, OSError):
        return f"serial port {port} does not take its speed, parity, data or stop bits ({error.args[-1]})"
    windows = _windows_error(error)
    if error.errno in _IN_USE or windows in _WINDOWS_IN_USE:
        return (
            f"serial port {port} is in use by another program or connection; "
            "a line has one master: close the other one"
        )
    if error.errno == errno.EACCES:
        return f"serial port {port} may not be opened by this user; allow it (Linux: group dialout)"
    if error.errno == errno.ENOENT or windows in _WINDOWS_MISSING:
        return f"serial port {port} cannot be reached: there is no such port"
    return f"serial port {port} cannot be reached: {error.strerror or error}"


def _windows_error(error: OSError) -> int:
    """The number of the Windows error, which the library leaves in its text only; 0 when there is none."""
    found = _WINDOWS.search(str(error)) if error.errno is None else None
    return int(found[1]) if found else 0
