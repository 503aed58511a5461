"""A connection that never waits for ever and ends when its job is to stop."""

from __future__ import annotations

import queue
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from selectors import DefaultSelector
from typing import Any, Final

import psycopg
from psycopg import sql

from hmi.core.errors import WatchkeeperError
from hmi.core.texts import tr
from hmi.export.port import ExportContext, TargetRefused, TargetUnavailable
from hmi.exporters.postgres._errors import told
from hmi.exporters.postgres._tls import why_untrusted
from hmi.exporters.postgres.definition import is_here

LOOK_S: Final = 0.25
CONNECT_S: Final = 10
DIAL_S: Final = 30.0
"""For name resolution and all addresses of a server together."""
IDLE_S: Final = 600
"""A session that the server has heard nothing of for so long is ended by it, and its locks with it."""
GRACE_S: Final = 2.0
"""The server's own limit of a statement comes first; after this much more the connection is given up."""
OLDEST: Final = 140_000
_AUTHORITIES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)


class Link(psycopg.Connection[tuple[Any, ...]]):
    """``stop`` and ``silence_s`` are set once it stands; ``given_up`` says why it was closed from this side."""

    stop: Callable[[], bool] = staticmethod(lambda: False)
    silence_s: float = 60.0
    given_up: str = ""

    def wait(self, gen: Any, interval: float = LOOK_S, timeout: float | None = None) -> Any:
        """Every wait of psycopg comes through here: it ends after ``silence_s`` without a byte either way."""
        try:
            wanted = next(gen)
            with DefaultSelector() as selector:
                socket = self.pgconn.socket
                selector.register(socket, wanted)
                last = time.monotonic()
                while True:
                    ready = selector.select(LOOK_S)
                    if self.stop():
                        self._give_up(tr("the job is to stop"))
                    if not ready:
                        if time.monotonic() - last > min(self.silence_s, timeout or self.silence_s):
                            self._give_up(tr("no answer within {seconds} s", seconds=f"{self.silence_s:g}"))
                        continue
                    last = time.monotonic()
                    before, wanted = wanted, gen.send(ready[0][1])
                    if wanted != before:
                        selector.modify(socket, wanted)
        except StopIteration as done:
            return done.value

    def _give_up(self, why: str) -> None:
        self.given_up = why
        self.close()
        raise psycopg.OperationalError(why)


@contextmanager
def speaking(where: str, link: Link | None = None) -> Iterator[None]:
    """Errors of psycopg leave as one sentence of the right class."""
    try:
        yield
    except psycopg.Error as error:
        if link is not None and link.given_up:
            raise TargetUnavailable(f"{where}: {link.given_up}") from None
        raise told(error, where) from None


def address(settings: Mapping[str, Any]) -> str:
    """How the target is named in messages."""
    return f"PostgreSQL {settings['host']}:{settings['port']}/{settings['database']}"


def dialled(settings: Mapping[str, Any], context: ExportContext) -> Link:
    """A session with its limits set. TargetUnavailable, TargetRefused."""
    where = address(settings)
    parameters = _parameters(settings, context)
    try:
        link = _dial(parameters, context.stop, where)
    except psycopg.Error as error:
        raise told(error, where, lambda: _why_untrusted(parameters)) from None
    link.stop, link.silence_s = context.stop, settings["timeout_s"] + GRACE_S
    try:
        with speaking(where, link):
            _check_server(link, where)
            _set_limits(link, settings)
    except BaseException:
        link.close()
        raise
    return link


def _parameters(settings: Mapping[str, Any], context: ExportContext) -> dict[str, Any]:
    here = is_here(str(settings["host"]))
    # To this machine TLS is used where the server offers it; nobody can stand between.
    mode = settings["sslmode"] or ("prefer" if here else "verify-full")
    found: dict[str, Any] = {
        "host": settings["host"],
        "port": settings["port"],
        "dbname": settings["database"],
        "user": settings["user"],
        "sslmode": mode,
        "gssencmode": "disable",
        "connect_timeout": min(CONNECT_S, settings["timeout_s"]),
        "application_name": f"watchkeeper {context.job}"[:63],
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }
    if mode.startswith("verify"):
        found["sslrootcert"] = settings["ca"] or _system_authorities()
        if settings["ca"] and not Path(settings["ca"]).is_file():
            text = "there is no file {path}; correct the setting ca"
            raise TargetRefused(tr(text, path=settings["ca"]))
    if settings["secret"]:
        try:
            found["password"] = context.secret(settings["secret"])
        except WatchkeeperError as error:
            raise TargetRefused(str(error)) from None
    return found


def _why_untrusted(parameters: Mapping[str, Any]) -> str:
    if "sslrootcert" not in parameters:
        return ""
    return why_untrusted(str(parameters["host"]), int(parameters["port"]), str(parameters["sslrootcert"]))


def _system_authorities() -> str:
    """The library carries its own OpenSSL, which does not look where the system keeps its authorities."""
    own = ssl.get_default_verify_paths().cafile
    return next((path for path in (own, *_AUTHORITIES) if path and Path(path).is_file()), "system")


def _dial(parameters: Mapping[str, Any], stop: Callable[[], bool], where: str) -> Link:
    """Connects in a thread of its own: a name server that is silent must not hold the job."""
    answers: queue.SimpleQueue[Link | Exception] = queue.SimpleQueue()
    lock, gone = threading.Lock(), threading.Event()

    def dial() -> None:
        try:
            found: Link | Exception = Link.connect(autocommit=True, **parameters)
        except Exception as error:  # handed over and raised by the waiting thread
            found = error
        with lock:
            if not gone.is_set():
                answers.put(found)
                return
        if isinstance(found, Link):
            found.close()

    threading.Thread(target=dial, name="export-dial", daemon=True).start()
    until = time.monotonic() + DIAL_S
    while not stop() and time.monotonic() < until:
        try:
            answer = answers.get(timeout=LOOK_S)
        except queue.Empty:
            continue
        if isinstance(answer, Exception):
            raise answer
        return answer
    with lock:
        gone.set()
        if not answers.empty() and isinstance(late := answers.get(), Link):
            late.close()
    raise TargetUnavailable(tr("{where} does not answer: it cannot be connected", where=where))


def _check_server(link: Link, where: str) -> None:
    if link.info.server_version < OLDEST:
        text = "{where}: the server is too old ({version}); use PostgreSQL 14 or newer"
        raise TargetRefused(tr(text, where=where, version=link.info.server_version // 10_000))
    encoding = link.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        text = "{where}: the database keeps texts as {encoding}; create it with encoding UTF8"
        raise TargetRefused(tr(text, where=where, encoding=encoding))


def _set_limits(link: Link, settings: Mapping[str, Any]) -> None:
    """A session whose client is gone must not hold its locks: by keep-alive the server ends it within half a minute."""
    limit_ms = settings["timeout_s"] * 1000
    values = {
        # nothing that others put into a temporary schema may stand for a table of ours
        "search_path": f'"{settings["schema"]}", pg_temp',
        "TimeZone": "UTC",
        "DateStyle": "ISO",
        "client_min_messages": "warning",
        "statement_timeout": limit_ms,
        # shorter, so that the error names the lock
        "lock_timeout": min(limit_ms // 2, 10_000),
        "idle_in_transaction_session_timeout": limit_ms + 5_000,
        "idle_session_timeout": IDLE_S * 1000,
        "tcp_keepalives_idle": 10,
        "tcp_keepalives_interval": 5,
        "tcp_keepalives_count": 3,
    }
    row = link.execute("show synchronous_commit").fetchone()
    if row is not None and row[0] == "off":  # delivered means that it survives a crash of the server
        values["synchronous_commit"] = "on"
    calls = sql.SQL(", ").join(
        sql.SQL("set_config({}, {}, false)").format(name, str(value)) for name, value in values.items()
    )
    link.execute(sql.SQL("select {}").format(calls))
