"""Exit codes of the station process, and what its supervisor does at each of them.

``CLOSED``            closed on purpose: the supervisor ends the session it started.
``BAD_USAGE``         cannot start (libraries, display, runtime); the sentence stands on standard error.
``LEAVE_ON_WATCH``    closed on purpose, the runtime goes on (answer to the question of ``--ask-on-close``):
                      the supervisor stops watching the station and keeps the runtime.
Any other code is a crash, and the station is started again.
"""

from __future__ import annotations

from typing import Final

CLOSED: Final = 0
BAD_USAGE: Final = 2
LEAVE_ON_WATCH: Final = 10
