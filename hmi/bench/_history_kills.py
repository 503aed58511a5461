"""Kills a writing process again and again at any moment, and compares what is left with what was acknowledged."""

from __future__ import annotations

import os
import random
import signal
import struct
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from hmi.bench._history_story import Model, act, prepared
from hmi.core.errors import UsageError, WatchkeeperError
from hmi.historian.port import Archive
from hmi.stores.sqlite import open_archive

FRESH = 25
"""Kills after which a new archive is begun, so that comparing stays quick."""
LONGEST_S, OPENING_S = 0.12, 0.01
"""A fifth of the kills come while the archive is being opened."""
_ACK = struct.Struct("<Q")


@dataclass
class Story:
    """What happened; ``lost`` acts were acknowledged and are not there, ``wrong`` is what reads otherwise."""

    ends: int = 0
    acts: int = 0
    lost: int = 0
    wrong: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    slowest_open_s: float = 0.0


def killed(kills: int, *, seed: int = 1) -> Story:
    """UsageError where a process cannot be forked."""
    if not hasattr(os, "fork"):
        raise UsageError("the writer has to be forked, which this system cannot do; run it on Linux or macOS")
    story, chance = Story(), random.Random(seed)
    while story.ends < kills:
        with tempfile.TemporaryDirectory(prefix="watchkeeper-kills-") as folder:
            model = Model()
            for _ in range(min(FRESH, kills - story.ends)):
                acknowledged = _until_killed(Path(folder), model.acts, chance)
                story.ends += 1
                story.acts += acknowledged - model.acts
                judged(Path(folder), model, acknowledged, story)
    return story


def judged(folder: Path, model: Model, acknowledged: int, story: Story) -> None:
    """Open as the next start does and compare everything."""
    begun = time.perf_counter()
    try:
        archive = open_archive(folder)
    except WatchkeeperError as error:
        story.unreadable.append(str(error))
        return
    story.slowest_open_s = max(story.slowest_open_s, time.perf_counter() - begun)
    try:
        there = archive.coverage().seq
        story.lost += max(acknowledged - there, 0)
        model.advance(max(there, acknowledged))
        story.wrong += model.differences(archive)
    finally:
        archive.close()


def _until_killed(folder: Path, acts: int, chance: random.Random) -> int:
    """How many acts the writer acknowledged in all before it was killed."""
    read_end, write_end = os.pipe()
    beside = chance.random() < 0.5
    child = os.fork()
    if child == 0:
        os.close(read_end)
        _write_for_ever(folder, acts, write_end, beside)
    os.close(write_end)
    opening = chance.random() < 0.2
    data = b"" if opening else os.read(read_end, _ACK.size)  # then it is at work
    time.sleep(chance.random() * (OPENING_S if opening else LONGEST_S))
    os.kill(child, signal.SIGKILL)
    while more := os.read(read_end, 65_536):
        data += more
    os.close(read_end)
    os.waitpid(child, 0)
    whole = len(data) // _ACK.size
    return _ACK.unpack_from(data, (whole - 1) * _ACK.size)[0] if whole else acts


def _write_for_ever(folder: Path, acts: int, write_end: int, beside: bool) -> None:
    """In the child: never returns. Compaction runs between the acts or beside them."""
    try:
        archive = prepared(open_archive(folder))
        if beside:
            threading.Thread(target=_compact_for_ever, args=(archive,), daemon=True).start()
        for number in range(acts, acts + 1_000_000):
            done = act(number)
            done.do(archive)
            os.write(write_end, _ACK.pack(number + 1))
            if not beside and number % 40 == 39:
                archive.compact(done.time)
    finally:
        os._exit(1)


def _compact_for_ever(archive: Archive) -> None:
    while True:
        archive.compact(archive.coverage().until)
        time.sleep(0.005)
