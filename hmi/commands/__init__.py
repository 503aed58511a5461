"""The CommandGate: the only road to a write."""

from hmi.commands._checks import Check, refusals_of
from hmi.commands._condition_calls import Caller, ConditionCalls
from hmi.commands._gate import CommandGate
from hmi.commands._hold_desk import LINK, PERSON, REFUSED, HoldDesk, Surroundings
from hmi.commands._hold_tables import HoldTables, conditions_of
from hmi.commands._holds import HoldBook
from hmi.commands._ports import HoldsView, Reader, Signatures, Writer
from hmi.commands._records import REMEMBERED
from hmi.commands._situation import Situation, is_dark
from hmi.commands._tables import GateTables
from hmi.commands._verify import settled, tolerance_of

__all__ = [
    "LINK",
    "PERSON",
    "REFUSED",
    "REMEMBERED",
    "Caller",
    "Check",
    "CommandGate",
    "ConditionCalls",
    "GateTables",
    "HoldBook",
    "HoldDesk",
    "HoldTables",
    "HoldsView",
    "Reader",
    "Signatures",
    "Situation",
    "Surroundings",
    "Writer",
    "conditions_of",
    "is_dark",
    "refusals_of",
    "settled",
    "tolerance_of",
]
