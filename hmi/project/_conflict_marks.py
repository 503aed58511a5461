"""The marks that a merge leaves in a file where two people changed the same place."""

from __future__ import annotations

import re
from typing import Final

_BEGIN: Final = re.compile(r"^<{7}(?: .*)?$", re.MULTILINE)
_END: Final = re.compile(r"^>{7}(?: .*)?$", re.MULTILINE)
WHAT: Final = "holds two versions of the same lines, marked <<<<<<< and >>>>>>>: a merge was not finished"
DO: Final = "keep one of the two versions and remove the marks"


def conflict_line(text: str) -> int:
    """Line of the first mark, 0 without any."""
    begin = _BEGIN.search(text)
    if begin is None or not _END.search(text, begin.end()):
        return 0
    return text.count("\n", 0, begin.start()) + 1
