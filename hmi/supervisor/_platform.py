"""Starting and ending processes, on Linux and on Windows."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class ProcessPort(Protocol):
    """What the supervisor needs of an operating system."""

    def start(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]: ...

    def ask_to_end(self, process: subprocess.Popen[bytes]) -> None:
        """A polite request: the process closes what it opened."""
        ...

    def end_now(self, process: subprocess.Popen[bytes]) -> None:
        """Ends it whatever its state, also when it is stopped."""
        ...


class PosixProcesses:
    """Own session per child, so that Ctrl-C reaches the supervisor alone and it ends them in order."""

    def start(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(list(command), stdin=subprocess.PIPE, start_new_session=True, env=environment)

    def ask_to_end(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGTERM)

    def end_now(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()


class WindowsProcesses:
    """Own process group per child, ended politely with Ctrl-Break. Written from the documentation; the
    project's tests run on Linux."""

    def start(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        flags: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        return subprocess.Popen(list(command), stdin=subprocess.PIPE, creationflags=flags, env=environment)

    def ask_to_end(self, process: subprocess.Popen[bytes]) -> None:
        ctrl_break: Any = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM)
        process.send_signal(ctrl_break)

    def end_now(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()


def this_platform() -> ProcessPort:
    """The adapter of the system we run on."""
    return WindowsProcesses() if sys.platform == "win32" else PosixProcesses()
