"""How much a station on another machine may ask: generous for a station at work (D15, CR 7.1)."""

from __future__ import annotations

from hmi.serving import Rate

STATION_RATE = Rate(100, 600)
SESSION_RATE = Rate(60, 400)
MESSAGE_RATE = Rate(20, 200)
"""Messages that a station sends over its live connection: one for each change of what it shows."""
LIVE_PER_STATION = 8
