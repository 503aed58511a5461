"""The watching loop: look at every child, restart what stopped, end everything in order."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.core.errors import CommunicationError
from hmi.supervisor._children import Child, ChildSpec
from hmi.supervisor._judge import Verdict
from hmi.supervisor._notes import write_note
from hmi.supervisor._platform import ProcessPort, this_platform
from hmi.ui.exitcodes import BAD_USAGE

log = logging.getLogger(__name__)

LOOK_S = 0.1
PAUSE_NS = NS_PER_S
READY_NS = 30 * NS_PER_S
CRASH_LOOP_WINDOW_NS = 60 * NS_PER_S
CRASH_LOOP_PAUSE_S = (0.0, 0.0, 0.0, 2.0, 5.0, 10.0)


class ChildFailed(CommunicationError):
    """A process ended before it was ready; it has said why on its standard error."""

    def __init__(self, name: str, exit_code: int) -> None:
        super().__init__(f"the {name} could not be started (exit code {exit_code}); its message stands above")
        self.exit_code = exit_code
        self.was_told = exit_code == BAD_USAGE  # the child has printed its one sentence


class Supervisor:
    """Runs until a child that may close the session does so, or until it is asked to end.

    Restarts within 3 s: the life sign is judged after 1.5 s of silence, looked at ten times a second.
    """

    def __init__(
        self, specs: Sequence[ChildSpec], data: Path, *, processes: ProcessPort | None = None
    ) -> None:
        adapter = processes or this_platform()
        self.children = [Child(spec, adapter) for spec in specs]
        self._data = data
        self._stop = threading.Event()
        self._exit_code = 0
        self._last_look = monotonic_ns()

    def stop(self) -> None:
        """End the session; safe from a signal handler."""
        self._stop.set()

    def run(self) -> int:
        """Start, watch, end in reverse order; returns the exit code of the session."""
        self._take_signals()
        try:
            self.start_all()
            while not self._stop.wait(LOOK_S):
                self.look_once()
        finally:
            self.end_all()
        return self._exit_code

    def start_all(self) -> None:
        """Start every child in the order given; raises CommunicationError when one does not get ready."""
        for child in self.children:
            child.begin()
            self._wait_until_ready(child)
        self._last_look = monotonic_ns()

    def look_once(self) -> None:
        """One round over all children."""
        now = monotonic_ns()
        pause = now - self._last_look
        self._last_look = now
        if pause > PAUSE_NS:
            self._excuse(pause)
        for child in tuple(self.children):
            if child.rests(now):
                continue
            verdict = child.look(now)
            if verdict is not Verdict.FINE:
                self._deal_with(child, verdict)

    def end_all(self) -> None:
        """Ask all to end, station first, then wait."""
        for child in reversed(self.children):
            child.ask_to_end()
            child.wait()

    def _wait_until_ready(self, child: Child) -> None:
        started = monotonic_ns()
        while not child.is_ready() and not self._stop.wait(0.02):
            if child.exit_code is not None:
                raise ChildFailed(child.spec.name, child.exit_code)
            if monotonic_ns() - started > READY_NS:
                raise CommunicationError(f"the {child.spec.name} did not get ready within 30 s")

    def _excuse(self, pause_ns: int) -> None:
        log.warning("The supervisor itself stood still for %.1f s.", pause_ns / NS_PER_S)
        for child in self.children:
            child.excuse(pause_ns)

    def _deal_with(self, child: Child, verdict: Verdict) -> None:
        code = child.exit_code
        wanted = verdict is Verdict.EXITED and code in child.spec.wanted_exits
        if verdict is Verdict.EXITED and code in child.spec.leaving_exits:
            write_note(
                self._data, event="left", process=child.spec.name, reason="closed, the rest stays on watch"
            )
            self.children.remove(child)
        elif wanted and child.spec.closes_all:
            self._exit_code = code or 0
            self._stop.set()
        elif child.spec.restart and not wanted:
            self._restart(child, _reason(child.spec.name, verdict, code))
        elif verdict is Verdict.EXITED:
            self._gone(child, code)

    def _restart(self, child: Child, reason: str) -> None:
        recent = [t for t in child.restarts if monotonic_ns() - t < CRASH_LOOP_WINDOW_NS]
        self._stop.wait(CRASH_LOOP_PAUSE_S[min(len(recent), len(CRASH_LOOP_PAUSE_S) - 1)])
        if self._stop.is_set():
            return
        log.warning("%s; it is started again.", reason)
        write_note(self._data, event="restarted", process=child.spec.name, reason=reason)
        child.restart(reason)
        self._last_look = monotonic_ns()

    def _gone(self, child: Child, code: int | None) -> None:
        """A child that is not restarted has ended: told once, then left alone."""
        write_note(self._data, event="ended", process=child.spec.name, reason=f"exit code {code}")
        self.children.remove(child)
        if child.spec.closes_all or not self.children:
            self._exit_code = code or 0
            self._stop.set()

    def _take_signals(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
            number = getattr(signal, name, None)
            if number is not None:
                signal.signal(number, lambda *_: self.stop())


def _reason(name: str, verdict: Verdict, code: int | None) -> str:
    if verdict is Verdict.HUNG:
        return f"The {name} gave no sign of life and was ended"
    if code is not None and code < 0:
        return f"The {name} was ended by signal {-code}"
    return f"The {name} ended by itself with exit code {code}"
