"""Alarms to ISA-18.2 / IEC 62682: a pure state machine of flags, its evaluation chain and the active list."""

from hmi.alarms._change import AlarmChange
from hmi.alarms._conditions import Comparator, comparator_of
from hmi.alarms._engine import AlarmEngine
from hmi.alarms._external import ServerBook
from hmi.alarms._flood import Flood, FloodWatch
from hmi.alarms._lists import Counts
from hmi.alarms._machine import Refused, Transition, step
from hmi.alarms._server_rows import alarm_id_of as server_alarm_id
from hmi.alarms._server_state import Standing
from hmi.alarms._service import AlarmService
from hmi.alarms._tables import AlarmTables

__all__ = [
    "AlarmChange",
    "AlarmEngine",
    "AlarmService",
    "AlarmTables",
    "Comparator",
    "Counts",
    "Flood",
    "FloodWatch",
    "Refused",
    "ServerBook",
    "Standing",
    "Transition",
    "comparator_of",
    "server_alarm_id",
    "step",
]
