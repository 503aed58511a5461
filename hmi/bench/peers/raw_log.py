"""The least that durable storage can cost: the bytes of the samples at the end of a file, then a sync."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from hmi.historian.samples import Batch

ROW = np.dtype([("tag", "<i4"), ("value", "<u8"), ("status", "<u4"), ("kind", "u1")])
"""17 bytes a sample: no time, which one scan needs once."""


class RawLog:
    """``commit`` appends one frame; it can be lost in the middle of one, which a store has to deal with besides."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def commit(self, batch: Batch) -> None:
        rows = np.empty(len(batch), ROW)
        samples = batch.samples
        rows["tag"], rows["value"] = batch.tags, samples.bits
        rows["status"], rows["kind"] = samples.statuses, samples.kinds
        os.write(self._file, rows.tobytes())
        (os.fdatasync if hasattr(os, "fdatasync") else os.fsync)(self._file)

    def close(self) -> None:
        os.close(self._file)
