"""A recorder in a process of its own: ten commits a second of every tag of a plant, until its input ends.

``python -m hmi.bench._history_recorder FOLDER TAGS COMMITS_PER_S``; prints a line when it is at work.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from hmi.bench._history_signals import BEGIN_S, HOUR_S, columns, plant
from hmi.core.clock import NS_PER_S
from hmi.historian.port import Archive
from hmi.historian.samples import Batch
from hmi.stores.sqlite import open_archive

AFTER_S = BEGIN_S + 30 * HOUR_S
"""Behind everything that the bench has written."""


@contextmanager
def recording(folder: Path, tags: int, commits_per_s: int) -> Iterator[None]:
    """While another process writes ``tags`` samples in each commit."""
    command = [
        sys.executable,
        "-m",
        "hmi.bench._history_recorder",
        str(folder),
        str(tags),
        str(commits_per_s),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        child.stdout.readline()
        try:
            yield
        finally:
            child.stdin.close()
            child.wait(30)


def main(folder: Path, tags: int, commits_per_s: int) -> None:
    archive, over = open_archive(folder), threading.Event()
    threading.Thread(target=lambda: (sys.stdin.buffer.read(), over.set()), daemon=True).start()
    numbers = np.array([archive.number(f"plant/{n}") for n in range(tags)], np.int32)
    table = np.ascontiguousarray(np.stack([signal.hour(0) for signal in plant(tags)]).T)
    start = max(AFTER_S * NS_PER_S, archive.coverage().until + 1)
    _write(archive, numbers, table, start, 1 / commits_per_s, over)
    archive.close()


def _write(
    archive: Archive,
    numbers: np.ndarray,
    table: np.ndarray,
    start: int,
    pause_s: float,
    over: threading.Event,
) -> None:
    due = time.monotonic()
    for turn in range(10**9):
        at = start + turn * int(pause_s * NS_PER_S)
        samples = columns(np.full(len(numbers), at), table[turn % HOUR_S])
        archive.commit(Batch(numbers, samples), time=at)
        if turn == 3:
            sys.stdout.write("recording\n")
            sys.stdout.flush()
        due += pause_s
        if over.wait(max(due - time.monotonic(), 0)):
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
