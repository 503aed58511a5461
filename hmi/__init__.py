"""Watchkeeper: control-room HMI and SCADA."""

import sys

# httpx imports its own command line, with all that draws tables on a terminal, when it finds it: a fifth of a start
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
