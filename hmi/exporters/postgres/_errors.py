"""What an error of PostgreSQL means for a job: try again, or a person must do something."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import psycopg

from hmi.core.texts import tr
from hmi.export.port import ExportError, TargetRefused, TargetUnavailable

_AGAIN: Final = ("08", "40", "53", "55", "57", "58")
"""Classes of SQLSTATE that pass by themselves: connection, conflict, resources, state, operator, system."""
_DO: Final = {
    "28P01": "the password is wrong: put the right one with hmi secret",
    "28": "the server does not let this role in: look at user, secret and the server's pg_hba.conf",
    "3D000": "there is no such database: create it or correct the setting database",
    "3F000": "the schema is not there: create it or correct the setting schema",
    "42501": "rights are missing: let the owner of the database grant them",
    "42P01": "a table is missing that was there: somebody changed the schema; restore it or name another schema",
    "42703": "a column is missing: somebody changed the tables; restore them or name another schema",
    "42": "the tables are not as they were made: restore them or name another schema",
    "23": "a rule that somebody added to the tables refuses the rows: remove it",
    "25006": "the server takes no changes: connect to the primary one",
    "53100": "the disk of the server is full: make room there",
    "P0": "a trigger on the tables refuses the rows: remove it",
}
_AT_LOG_IN: Final = (
    (re.compile(r"password authentication failed|no password supplied"), "28P01"),
    (re.compile(r"no pg_hba.conf entry|authentication failed|is not permitted to log in"), "28"),
    (re.compile(r'FATAL:  role ".*" does not exist'), "28"),
    (re.compile(r'FATAL:  database ".*" does not exist'), "3D000"),
    (re.compile(r"FATAL:  permission denied for database"), "42501"),
)
"""Before a session stands libpq gives no codes; what a server says in another language is tried again."""
_TLS: Final = ("certificate", "does not support SSL", "root.crt", "sslrootcert")
"""Words in the messages of libpq about trust; a session that is cut speaks of SSL as well."""


def told(error: psycopg.Error, where: str, tls_cause: Callable[[], str] = str) -> ExportError:
    """One sentence about ``where`` and of the right class; never with a password.

    ``tls_cause`` is asked where the certificate of the server was not taken, and says more than libpq does.
    """
    said = (error.diag.message_primary or str(error).strip() or type(error).__name__).splitlines()[0]
    if error.sqlstate is None:
        return _without_code(error, said, where, tls_cause)
    return _with_code(error.sqlstate, said, where)


def _without_code(error: psycopg.Error, said: str, where: str, tls_cause: Callable[[], str]) -> ExportError:
    whole = str(error)
    for pattern, code in _AT_LOG_IN:
        if pattern.search(whole):
            return _with_code(code, _cause(whole), where)
    if any(word in whole for word in _TLS):
        cause = tls_cause() or _cause(whole)
        text = (
            "{where}: no trusted connection: {cause}; look at the server's certificate and at the setting ca"
        )
        return TargetRefused(tr(text, where=where, cause=cause))
    return TargetUnavailable(tr("{where} does not answer: {said}", where=where, said=_cause(whole) or said))


def _with_code(code: str, said: str, where: str) -> ExportError:
    do = _DO.get(code) or _DO.get(code[:2])
    if do is None or (code[:2] in _AGAIN and code not in _DO):
        kind = TargetUnavailable if code[:2] in _AGAIN else TargetRefused
        return kind(f"{where}: {said} ({code})")
    return TargetRefused(f"{where}: {said} ({code}); {tr(do)}")


def _cause(whole: str) -> str:
    """What the last address said, without what libpq and psycopg put in front."""
    lines = [line for line in whole.splitlines() if line[:1] not in ("\t", " ", "")]
    last = lines[-1] if lines else whole.strip()
    return last.rpartition("failed: ")[2].replace("FATAL:  ", "").strip(" -")
