"""Append-only, ordered, hash-chained log of what was done and what happened; audit is a reader of it."""

from hmi.journal._alarm_log import AlarmLine, alarm_lines
from hmi.journal._chain import GENESIS, record_hash, verify_chain
from hmi.journal._reader import JournalReader
from hmi.journal._records import record_dict
from hmi.journal._sqlite import SqliteJournal
from hmi.journal._streams import stream_of
from hmi.journal._version import check_sqlite_version

__all__ = [
    "GENESIS",
    "AlarmLine",
    "JournalReader",
    "SqliteJournal",
    "alarm_lines",
    "check_sqlite_version",
    "record_dict",
    "record_hash",
    "stream_of",
    "verify_chain",
]
