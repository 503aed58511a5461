"""Alarms of the product itself: what it cannot keep or deliver any more, a changed program, clocks that differ."""

from __future__ import annotations

from collections.abc import Collection

from hmi.alarms._condition_state import Alarm
from hmi.core.alarms import Priority
from hmi.project.plant import AlarmDef

SYSTEM_PREFIX = "system:"
_TEXTS = {
    "audit": (
        Priority.P2,
        "Nothing can be recorded: commands are refused",
        "The disk of the data folder is full or cannot be written",
        "No command is given, and what happens now may not be kept",
        "Make room on the disk of the data folder; recording goes on by itself",
    ),
    "seals": (
        Priority.P3,
        "The journal is not sealed",
        "A folder of the seals cannot be written, or somebody changed a seal",
        "A journal that is changed from now on may not be found out",
        "Make the folder of the seals writable; run hmi audit PLANT verify",
    ),
    "space": (
        Priority.P3,
        "The disk of the data folder is nearly full",
        "Less than 5 GB or a fifth of the disk is free",
        "When it is full nothing is recorded and commands are refused",
        "Make room on the disk, or give the data folder a larger one",
    ),
    "history": (
        Priority.P3,
        "Nothing is added to the history",
        "The disk of the data folder is full or cannot be written, or the archive cannot be opened",
        "Values are kept in memory for a while, then the oldest are lost and the trends show gaps",
        "Make room on the disk of the data folder; recording goes on by itself",
    ),
    "history/damaged": (
        Priority.P3,
        "A part of the stored history is damaged",
        "The disk is failing, or somebody changed a file of the history",
        "What is damaged reads as bad; the rest of the history can be used",
        "List it with hmi history PLANT --state; put the files back from a backup, and look after the disk",
    ),
    "program": (
        Priority.P2,
        "A file of the program was changed: commands are refused",
        "The disk is failing, or somebody changed the installed program",
        "No command is given, and what is shown may not be trusted",
        "Run hmi selftest, find out who changed it, and install the program again",
    ),
    "plant": (
        Priority.P4,
        "Changed plant files are refused; the plant of before runs on",
        "A file of the plant folder is not right; the comment of this alarm says the first reason",
        "What was changed there does not count, and the next start would fail",
        "Run hmi check on the plant folder and correct it, or bring the files back with hmi rollback",
    ),
    "exports": (
        Priority.P4,
        "The process that delivers the plant's data does not run",
        "It ended, or nobody started it beside a runtime without a session",
        "The computers of the office get nothing; what is longer away than its quota is lost to them",
        "Run hmi export PLANT run beside hmi serve; in a session look into the log why it does not start",
    ),
}
SYSTEM_ALARMS = frozenset(_TEXTS)


CLOCK_PREFIX, EXPORT_PREFIX = "clock/", "export/"
EXPORT_FAULTS = ("target", "quota", "dropped")


def is_system_alarm(name: str) -> bool:
    """One of ``SYSTEM_ALARMS``, ``clock/`` with the name of a connection, or ``export/`` with one of
    ``EXPORT_FAULTS`` and the name of a job.
    """
    if name.startswith(EXPORT_PREFIX):
        return name.split("/")[1] in EXPORT_FAULTS
    return name in SYSTEM_ALARMS or name.startswith(CLOCK_PREFIX)


def is_of(name: str, connections: Collection[str], jobs: Collection[str]) -> bool:
    """Whether the plant has what the alarm is about."""
    if name == "exports":
        return bool(jobs)
    if name.startswith(EXPORT_PREFIX):
        return name.rpartition("/")[2] in jobs
    return not name.startswith(CLOCK_PREFIX) or name.removeprefix(CLOCK_PREFIX) in connections


def system_alarm(name: str) -> Alarm:
    """The alarm of a name that ``is_system_alarm``."""
    priority, message, cause, consequence, action = _texts(name)
    definition = AlarmDef(
        id=SYSTEM_PREFIX + name,
        tag_id="",
        name=name,
        kind="diagnostic",
        priority=priority,
        message=message,
        cause=cause,
        consequence=consequence,
        action=action,
    )
    return Alarm(definition, -1, lambda value, was: bool(value))


def _texts(name: str) -> tuple[Priority, str, str, str, str]:
    if name.startswith(EXPORT_PREFIX):
        _, fault, job = name.split("/", 2)
        return _export_texts(fault, job)
    return _TEXTS.get(name) or _clock_texts(name)


def _export_texts(fault: str, job: str) -> tuple[Priority, str, str, str, str]:
    see = "See the page Exports (Ctrl+Shift+E) for what it says"
    if fault == "target":
        return (
            Priority.P4,
            f"Export {job} does not deliver",
            "Its target refuses, or has not answered for a minute",
            "What is recorded waits here and is sent when the target takes it again",
            f"{see}; tell whoever looks after the target",
        )
    if fault == "quota":
        return (
            Priority.P3,
            f"Export {job} is far behind: 70 % of its quota waits",
            "Its target was away or too slow for long, or the job is paused",
            "When the quota is full the oldest of it is not delivered any more",
            f"{see}; get the target going, or give the job a larger quota_days in plant.toml",
        )
    return (
        Priority.P3,
        f"Export {job} has left out what was older than its quota",
        "Its target was away for longer than quota_days",
        "The target has a gap; the history here has not, as long as it is kept",
        f"{see}; send the missing time again from there, and make quota_days larger",
    )


def _clock_texts(name: str) -> tuple[Priority, str, str, str, str]:
    connection = name.removeprefix(CLOCK_PREFIX)
    return (
        Priority.P3,
        f"The clocks of {connection} and of the runtime differ by more than 1 s",
        "One of the two machines does not get its time from the time server of the plant",
        f"Times that {connection} gives to values and alarms do not fit those of the others",
        "Compare both with a third clock, then set the wrong one; this alarm ends by itself",
    )
