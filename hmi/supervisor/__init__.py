"""Starts runtime and station, watches a life sign of each event loop and restarts the one that stops."""

from hmi.supervisor._children import Child, ChildSpec
from hmi.supervisor._judge import LifeSign, Verdict, judge
from hmi.supervisor._notes import write_note
from hmi.supervisor._sessions import (
    READY_FILE,
    Session,
    StationLook,
    simulator_command,
    simulator_environment,
    sounder_spec,
)
from hmi.supervisor._supervisor import ChildFailed, Supervisor

__all__ = [
    "READY_FILE",
    "Child",
    "ChildFailed",
    "ChildSpec",
    "LifeSign",
    "Session",
    "StationLook",
    "Supervisor",
    "Verdict",
    "judge",
    "simulator_command",
    "simulator_environment",
    "sounder_spec",
    "write_note",
]
