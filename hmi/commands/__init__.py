"""The CommandGate: the only road to a write."""

from hmi.commands._checks import Check, Situation, refusals_of
from hmi.commands._condition_calls import Caller, ConditionCalls
from hmi.commands._gate import CommandGate, Reader, Writer
from hmi.commands._tables import GateTables
from hmi.commands._verify import settled, tolerance_of

__all__ = [
    "Caller",
    "Check",
    "CommandGate",
    "ConditionCalls",
    "GateTables",
    "Reader",
    "Situation",
    "Writer",
    "refusals_of",
    "settled",
    "tolerance_of",
]
