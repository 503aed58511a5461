"""Tests the security functions of the product itself (CR 3.3): on demand, blocking, about a second."""

from __future__ import annotations

import os
import secrets
import sqlite3
import ssl
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hmi.core.clock import wall_ns
from hmi.core.signing import signature_digest
from hmi.journal import audit_checker, chain_self_test
from hmi.security import _passwords as passwords
from hmi.security.program_files import check_program_files
from hmi.security.tls import FOLDER as TLS_FOLDER
from hmi.security.trust import PKI_FOLDER

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_ARGON2 = "$argon2id$v=19$m=65536,t=3,p=4$"
_SECRETS = "secrets"
_JOURNAL = "journal.sqlite"


@dataclass(frozen=True, slots=True)
class Tested:
    """One test: what was looked at, one sentence for each fault, and what is worth knowing when there is none."""

    name: str
    findings: tuple[str, ...]
    note: str = ""


def self_test(data: Path | None = None) -> list[Tested]:
    """All tests, in order; with the data folder of a runtime also its files. Nothing is written but one probe."""
    found = [_program(), *(Tested(name, tuple(test())) for name, test in _FUNCTIONS.items())]
    if data is not None:
        found += [Tested(name, tuple(test(data))) for name, test in _FILES.items()]
    return found


def _program() -> Tested:
    files = check_program_files()
    return Tested("program files", files.findings, files.why_not or f"{files.compared} files are as shipped")


def _chain() -> Iterator[str]:
    if fault := chain_self_test():
        yield f"The hash chain of the journal does not work: {fault}. Install the program again."


def _signatures() -> Iterator[str]:
    asked = ("ada", "approve", 1, "cmd-1", "tag-1")
    digest = signature_digest(*asked, 50.0)
    if digest == signature_digest(*asked, 51.0):
        yield "The digest of a signature does not cover the value. Install the program again."
    if digest != audit_checker.signature_digest(*asked, 50):
        yield "The checker of the audit trail makes another digest of a signature. Install the program again."


def _passwords() -> Iterator[str]:
    kept = passwords.make_hash("a passphrase of the self-test")
    if not kept.startswith(_ARGON2):
        parameters = "$".join(kept.split("$")[1:4])
        yield f"Passwords are kept with {parameters}, not with argon2id, 64 MiB, 3 passes, 4 lanes."
    if not passwords.is_match(kept, "a passphrase of the self-test") or passwords.is_match(
        kept, "another one"
    ):
        yield "A password is not told from another one. Install the program again."


def _random() -> Iterator[str]:
    drawn = {secrets.token_bytes(32) for _ in range(64)}
    bits = sum(byte.bit_count() for one in drawn for byte in one)
    if len(drawn) != 64 or not 7_000 < bits < 9_400:  # 8192 are expected, 64 is one standard deviation
        yield "The random source of the operating system does not give random numbers."


def _tls() -> Iterator[str]:
    context = ssl.create_default_context()
    if not ssl.HAS_TLSv1_2 and not ssl.HAS_TLSv1_3:
        yield f"{ssl.OPENSSL_VERSION} has neither TLS 1.2 nor 1.3: stations on other machines cannot connect."
    if context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname:
        yield "A station would not check the certificate of a runtime. Install Python again."


def _private(data: Path, name: str) -> Iterator[str]:
    """Secrets and keys are for their owner alone. Windows keeps others out by the rights of the profile instead."""
    folder = data / name
    if os.name != "posix" or not folder.exists():
        return
    for file in sorted(folder.rglob("*")):
        is_secret = name == _SECRETS or "private" in file.parts or "key" in file.name
        mode = stat.S_IMODE(file.stat().st_mode)
        if is_secret and mode & _OTHERS:
            yield f"{file} can be used by others (mode {mode:04o}). Run: chmod go= {file}"


def _audit(data: Path) -> Iterator[str]:
    """A record can be written: the folder takes a file, and the journal takes a transaction, which is taken back."""
    probe = data / f".self-test-{wall_ns()}"
    try:
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        yield f"{data} cannot be written ({error.strerror or error}): nothing is recorded and commands are refused."
    journal = data / _JOURNAL
    if not journal.exists():
        return
    try:
        base = sqlite3.connect(f"file:{journal}?mode=rw", uri=True, timeout=5, isolation_level=None)
        try:
            base.execute("BEGIN IMMEDIATE")
            base.execute("ROLLBACK")
        finally:
            base.close()
    except sqlite3.Error as error:
        yield f"{journal} cannot be written ({error}): nothing is recorded and commands are refused."


_FUNCTIONS: dict[str, Callable[[], Iterator[str]]] = {
    "hash chain": _chain,
    "signatures": _signatures,
    "passwords": _passwords,
    "random source": _random,
    "TLS": _tls,
}
_FILES: dict[str, Callable[[Path], Iterator[str]]] = {
    "secrets": lambda data: _private(data, _SECRETS),
    "certificates": lambda data: _private(data, PKI_FOLDER),
    "TLS keys": lambda data: _private(data, TLS_FOLDER),
    "audit trail": _audit,
}
