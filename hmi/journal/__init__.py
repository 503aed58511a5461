"""Append-only, ordered, hash-chained log of what was done and what happened; audit is a reader of it."""

from hmi.journal._chain import GENESIS, record_hash, verify_chain
from hmi.journal._sqlite import SqliteJournal
from hmi.journal._version import check_sqlite_version

__all__ = ["GENESIS", "SqliteJournal", "check_sqlite_version", "record_hash", "verify_chain"]
