"""One supervised process: its command, its life sign and its restarts."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.supervisor._judge import LifeSign, Verdict, judge
from hmi.supervisor._platform import ProcessPort

END_POLITELY_S = 8.0


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What to start and how to watch it.

    ``command(reason)`` gives the command line; ``reason`` is empty at the first start. ``life`` is a file
    the process rewrites from its event loop at least twice a second; None = only its exit is watched.
    ``closes_all``: an exit on purpose (code in ``wanted_exits``) ends the whole session with that code.
    ``leaving_exits``: the child goes on purpose and the rest of the session goes on.
    ``ready``: a file the process writes when the next child may start. ``wanted``: asked ten times a second; the
    process runs while it says so, and is ended politely when it does not.
    """

    name: str
    command: Callable[[str], tuple[str, ...]]
    life: Path | None = None
    restart: bool = True
    closes_all: bool = False
    wanted_exits: tuple[int, ...] = (0,)
    leaving_exits: tuple[int, ...] = ()
    hang_ms: int = 1_500
    grace_ms: int = 30_000
    ready: Path | None = None
    environment: Mapping[str, str] | None = None
    wanted: Callable[[], bool] | None = None


class Child:
    """A running child; the supervisor calls ``look`` on it a few times a second."""

    def __init__(self, spec: ChildSpec, processes: ProcessPort) -> None:
        self.spec = spec
        self._processes = processes
        self._process: subprocess.Popen[bytes] | None = None
        self._sign = LifeSign(0)
        self._rests = False
        self._asked_to_end = 0
        self.restarts: list[int] = []

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    @property
    def exit_code(self) -> int | None:
        return self._process.poll() if self._process else None

    def start(self, reason: str = "") -> None:
        """Start it; ``reason`` tells a restarted process why."""
        for stale in (self.spec.life, self.spec.ready):
            if stale:
                stale.unlink(missing_ok=True)
        self._process = self._processes.start(self.spec.command(reason), self.spec.environment)
        self._sign = LifeSign(monotonic_ns())
        self._rests, self._asked_to_end = False, 0

    def begin(self) -> None:
        """Start it, or let it rest where it is not wanted yet."""
        self._rests = not self._is_wanted()
        if not self._rests:
            self.start()

    def is_ready(self) -> bool:
        """True when the next child may start."""
        return self._rests or self.spec.ready is None or self.spec.ready.exists()

    def rests(self, now_ns: int) -> bool:
        """Start or end it as it is wanted now; True while there is nothing to judge.

        Never two at once: one that is ending is waited for before another one is started.
        """
        if self._rests:
            if self._is_wanted():
                self.start()
            return self._rests
        if not self._asked_to_end and not self._is_wanted():
            self._asked_to_end = now_ns
            self.ask_to_end()
        if not self._asked_to_end:
            return False
        if self.exit_code is not None:
            self._close_pipe()
            self._rests = True
        elif self._process and now_ns - self._asked_to_end > END_POLITELY_S * NS_PER_S:
            self._processes.end_now(self._process)
        return True

    def _is_wanted(self) -> bool:
        return self.spec.wanted is None or self.spec.wanted()

    def look(self, now_ns: int) -> Verdict:
        """Read the life sign and judge."""
        if self.spec.life:
            self._sign = self._sign.seen(_read(self.spec.life), now_ns)
        exited = self.exit_code is not None
        if self.spec.life is None:
            return Verdict.EXITED if exited else Verdict.FINE
        return judge(
            self._sign, now_ns=now_ns, exited=exited, hang_ms=self.spec.hang_ms, grace_ms=self.spec.grace_ms
        )

    def excuse(self, pause_ns: int) -> None:
        """Do not blame the child for a pause of the supervisor itself."""
        self._sign = self._sign.excused(pause_ns)

    def restart(self, reason: str) -> None:
        """End what is left of it and start it again."""
        if self._process and self._process.poll() is None:
            self._processes.end_now(self._process)
            self._process.wait()
        self._close_pipe()
        self.restarts.append(monotonic_ns())
        self.start(reason)

    def ask_to_end(self) -> None:
        if self._process and self._process.poll() is None:
            self._processes.ask_to_end(self._process)

    def wait(self, seconds: float = END_POLITELY_S) -> None:
        """Wait for a polite end, then end it."""
        if self._process is None:
            return
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._processes.end_now(self._process)
            self._process.wait()
        self._close_pipe()

    def _close_pipe(self) -> None:
        if self._process and self._process.stdin:
            self._process.stdin.close()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
