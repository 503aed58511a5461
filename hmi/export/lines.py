"""Rows as lines of JSON that prove themselves: what the log of ``mqtt`` and the feed of ``rest`` consist of.

The stand-alone checker reads them (``export_checker.py --messages``), so their form never changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

import numpy as np

from hmi.core.values import Value
from hmi.export.digest import object_text
from hmi.export.port import Rows
from hmi.historian.samples import Samples, ValueKind, unpack

ROW_COLUMNS: Final = ("key", "time", "seq", "kind", "value", "status", "flags", "rev", "deleted")
_NAN_BITS: Final = np.uint64(0x7FF8000000000000)


def json_values(samples: Samples) -> list[Value]:
    """Values as JSON can hold them: what is no finite number is its name as a text."""
    values = unpack(samples.bits, samples.kinds, samples.objects)
    floats = samples.kinds == ValueKind.FLOAT
    wrong = floats & ~np.isfinite(samples.bits.view(np.float64))
    for place in np.flatnonzero(wrong).tolist():
        number = cast(float, values[place])
        values[place] = "NaN" if number != number else "Infinity" if number > 0 else "-Infinity"
    return values


def row_lines(rows: Rows, begin: int, end: int, encode: Callable[[Any], bytes]) -> bytes:
    """The rows from ``begin`` to before ``end``, a line each; ``encode`` makes lines of tuples."""
    samples = rows.samples.take(slice(begin, end))
    values = json_values(samples)
    for place in np.flatnonzero(samples.kinds == ValueKind.OBJECT).tolist():
        values[place] = object_text(values[place])
    is_odd = np.isnan(samples.bits.view(np.float64)) & (samples.bits != _NAN_BITS)
    for place in np.flatnonzero(is_odd & (samples.kinds == ValueKind.FLOAT)).tolist():
        values[place] = f"NaN:{int(samples.bits[place]):016x}"  # which one it is counts in the sums
    keys = [rows.tags[place].key for place in rows.places[begin:end].tolist()]
    columns = zip(
            keys, samples.times.tolist(), samples.versions.tolist(), samples.kinds.tolist(), values,
            samples.statuses.tolist(), samples.flags.tolist(), rows.revisions[begin:end].tolist(),
            rows.deleted[begin:end].astype(np.uint8).tolist(), strict=True,
    )  # fmt: skip
    return encode(columns)
