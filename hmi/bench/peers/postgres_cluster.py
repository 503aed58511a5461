"""A PostgreSQL server of its own: a fresh cluster below a new folder, on a free port of loopback."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import psycopg

from hmi.core.errors import UsageError

BINARIES: Final = Path("/usr/lib/postgresql/15/bin")
"""Where Debian puts them."""
PASSWORD: Final = "words of a test"
OWNER: Final = "watchkeeper"
DATABASE: Final = "plant"
_START_S: Final = 60.0
_LOOK_S: Final = 0.05


def installed() -> bool:
    """Whether there is a server to start."""
    return (BINARIES / "postgres").exists()


class PostgresCluster:
    """``start`` makes and runs it, ``remove`` ends it and deletes its files.

    ``config``: settings of the server as ``name=value``. ``wrapped``: words in front of the command that starts it.
    Root must not run the server; another user does then.
    """

    def __init__(self, config: Sequence[str] = (), wrapped: Sequence[str] = ()) -> None:
        if not installed():
            raise UsageError("PostgreSQL is not installed to be measured; run: apt-get install postgresql-15")
        # not below a folder that is closed to the user that runs the server
        self.folder = Path(tempfile.mkdtemp(prefix="watchkeeper-postgres-"))
        self.port = _free_port()
        self._config, self._wrapped = tuple(config), tuple(wrapped)
        self._process: subprocess.Popen[Any] | None = None
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            import pwd

            account = pwd.getpwnam("nobody")
            self._as = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
            os.chown(self.folder, account.pw_uid, account.pw_gid)

    @property
    def data(self) -> Path:
        """The folder of the cluster."""
        return self.folder / "data"

    def start(self) -> None:
        """A cluster with one role that owns one database."""
        words = self.folder / "words"
        words.write_text(PASSWORD + "\n")
        words.chmod(0o644)
        command = [
            BINARIES / "initdb", "-D", self.data, "-U", "boss", "-E", "UTF8", "--locale=C", "--no-sync",
            "--auth=scram-sha-256", "--pwfile", words,
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **self._as)
        self.run()
        with self.admin("postgres") as admin:
            admin.execute(f"create role {OWNER} login password '{PASSWORD}'")
            admin.execute(f"create database {DATABASE} owner {OWNER} encoding 'UTF8' template template0")

    def run(self) -> None:
        """Starts the process; returns when it takes sessions."""
        settings = ("listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}", *self._config)
        command = [*self._wrapped, str(BINARIES / "postgres"), "-D", str(self.data), "-p", str(self.port)]
        command += [word for one in settings for word in ("-c", one)]
        log_path = self.folder / "log"
        with log_path.open("ab") as log:
            rights = {} if self._wrapped else self._as
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **rights)
        self._process = process
        until = time.monotonic() + _START_S
        while True:
            try:
                self.admin("postgres").close()
                return
            except psycopg.OperationalError as error:
                if time.monotonic() > until or process.poll() is not None:
                    raise UsageError(f"PostgreSQL does not start: {log_path.read_text()[-500:]}") from error
                time.sleep(_LOOK_S)

    def end(self, *, hard: bool = False) -> None:
        """Stops the process; ``hard`` as if the power went."""
        process, self._process = self._process, None
        if process is not None:
            number = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            os.kill(number, signal.SIGQUIT if hard else signal.SIGINT)
            process.wait(_START_S)

    def remove(self) -> None:
        """Ends it and deletes its files."""
        self.end(hard=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def admin(self, database: str = DATABASE) -> psycopg.Connection[Any]:
        """A session of the superuser."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="boss", dbname=database, password=PASSWORD, autocommit=True,
            connect_timeout=5,
        )  # fmt: skip


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
