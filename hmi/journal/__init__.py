"""Append-only, ordered, hash-chained log of what was done and what happened; audit is a reader of it."""

from hmi.journal._alarm_log import AlarmLine, AlarmTally, alarm_lines, alarm_tally, link_turns
from hmi.journal._audit_slice import AuditQuery, audit_rows, write_package
from hmi.journal._chain import GENESIS, chain_self_test
from hmi.journal._past import Density, Mark, Outage, PastRecords
from hmi.journal._reader import JournalReader
from hmi.journal._records import record_dict
from hmi.journal._revision_log import RevisionTime, revision_times, revision_valid_at
from hmi.journal._sealer import SEAL_KEY, SEALS_FILE, Sealer
from hmi.journal._sqlite import SqliteJournal
from hmi.journal._standing import EVERY as NOTED_EVERY
from hmi.journal._standing import standing_plainly
from hmi.journal._streams import stream_of
from hmi.journal._version import check_sqlite_version

__all__ = [
    "GENESIS",
    "NOTED_EVERY",
    "SEALS_FILE",
    "SEAL_KEY",
    "AlarmLine",
    "AlarmTally",
    "AuditQuery",
    "Density",
    "JournalReader",
    "Mark",
    "Outage",
    "PastRecords",
    "RevisionTime",
    "Sealer",
    "SqliteJournal",
    "alarm_lines",
    "alarm_tally",
    "audit_rows",
    "chain_self_test",
    "check_sqlite_version",
    "link_turns",
    "record_dict",
    "revision_times",
    "revision_valid_at",
    "standing_plainly",
    "stream_of",
    "write_package",
]
