"""What other settings of an alarm would have done: its recorded values through the same alarm engine, twice."""

from hmi.alarms.what_if._answer import result_of
from hmi.alarms.what_if._case import Case, case_of
from hmi.alarms.what_if._question import alarm_of, what_if
from hmi.alarms.what_if._replay import Links, LinkTurn, Pace, Source, replay
from hmi.alarms.what_if._track import Piece

__all__ = [
    "Case",
    "LinkTurn",
    "Links",
    "Pace",
    "Piece",
    "Source",
    "alarm_of",
    "case_of",
    "replay",
    "result_of",
    "what_if",
]
