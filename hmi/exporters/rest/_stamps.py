"""Many instants as texts at once: half of what numpy's own way costs, which was most of a page."""

from __future__ import annotations

from typing import Final

import numpy as np

from hmi.core.clock import NS_PER_S
from hmi.historian.samples import Times

_TWO: Final = np.array([[ord(one) for one in f"{number:02d}"] for number in range(100)], np.uint32)
_THREE: Final = np.array([[ord(one) for one in f"{number:03d}"] for number in range(1_000)], np.uint32)
_FORM: Final = np.array([ord(one) for one in "0000-00-00T00:00:00.000000000Z"], np.uint32)
_DAY_S: Final = 86_400


def stamps(times: Times) -> list[str]:
    """ISO 8601 in UTC with nine digits of UTC ns, as ``time_text`` of each."""
    seconds = times // NS_PER_S
    nanos = times - seconds * NS_PER_S
    days = seconds // _DAY_S
    rest = seconds - days * _DAY_S
    text = np.tile(_FORM, (len(times), 1))
    for day in np.unique(days).tolist():
        head = [ord(one) for one in str(np.datetime64(day, "D"))]
        text[days == day, :10] = head
    text[:, 11:13] = _TWO[rest // 3_600]
    text[:, 14:16] = _TWO[rest // 60 % 60]
    text[:, 17:19] = _TWO[rest % 60]
    micros = nanos // 1_000
    text[:, 20:23] = _THREE[micros // 1_000]
    text[:, 23:26] = _THREE[micros % 1_000]
    text[:, 26:29] = _THREE[nanos - micros * 1_000]
    return text.view(f"U{len(_FORM)}").ravel().tolist()
