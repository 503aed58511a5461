"""Secrets by name, for one folder: in the key store of the operating system, else in owner-only files.

Everything here may block (a key store asks over D-Bus, or a person): call it from a thread.
"""

from __future__ import annotations

import json
import logging
import os
import secrets as random
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from hmi.core.errors import StorageError
from hmi.core.texts import tr

log = logging.getLogger(__name__)

FOLDER = "secrets"
LIMIT = 4_096
_NAMES_FILE = "names.json"
_told: set[Path] = set()


class KeyStore:
    """The secrets that belong to ``folder``. Which names there are stands in a file; what they hold does not."""

    def __init__(self, folder: Path, *, quiet: bool = False) -> None:
        """``quiet``: nothing that a person entered lies here, so that nobody has to be warned of files."""
        self._folder, self._quiet = folder / FOLDER, quiet
        self._service = f"watchkeeper:{folder.resolve()}"

    def file(self, name: str) -> Path:
        """Where a secret lies when no key store has it."""
        return self._folder / _file_name(name)

    def get(self, name: str) -> str | None:
        """The secret, None when there is none; StorageError when it is there and cannot be used."""
        if name in self._stored():
            return self._from_system(name)
        return _read(self.file(name))

    def put(self, name: str, secret: str) -> None:
        """Keep or replace it; never in two places."""
        self._prepare()
        if self._to_system(name, secret):
            self._index(self._stored() | {name})
            self.file(name).unlink(missing_ok=True)
            return
        self._tell_without_system()
        _write(self.file(name), secret)
        self._forget_in_system(name)

    def delete(self, name: str) -> bool:
        """Whether there was one."""
        was_there = name in self.names()
        self._forget_in_system(name)
        self.file(name).unlink(missing_ok=True)
        return was_there

    def names(self) -> list[str]:
        """All names, never what they hold."""
        try:
            files = {
                unquote(file.name) for file in self._folder.iterdir() if file.is_file() and not file.suffix
            }
        except OSError:
            files = set[str]()
        return sorted(self._stored() | files)

    # ------------------------------------------------------------------ the system's key store

    def _from_system(self, name: str) -> str | None:
        backend = _backend()
        try:
            found = None if backend is None else backend.get_password(self._service, name)
        except Exception as error:  # each backend has errors of its own
            raise StorageError(tr("the key store of the system cannot be read: {why}", why=error)) from None
        if found is None:
            raise StorageError(
                tr(
                    "the secret {name} is not in the key store of the system any more; set it again",
                    name=name,
                )
            )
        return str(found)

    def _to_system(self, name: str, secret: str) -> bool:
        backend = _backend()
        if backend is None:
            return False
        try:
            backend.set_password(self._service, name, secret)
            return bool(backend.get_password(self._service, name) == secret)
        except Exception as error:  # locked, without a session, refused by its owner: the file is left
            log.warning("The key store of the system did not take a secret: %s", type(error).__name__)
            return False

    def _forget_in_system(self, name: str) -> None:
        if name not in (stored := self._stored()):
            return
        if (backend := _backend()) is not None:
            try:
                backend.delete_password(self._service, name)
            except Exception as error:  # each backend has its own; the name is forgotten all the same
                log.warning("The key store of the system kept a secret: %s", type(error).__name__)
        self._index(stored - {name})

    # ------------------------------------------------------------------ files

    def _prepare(self) -> None:
        """StorageError when the folder is not this user's, as after a restore by somebody else."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if sys.platform != "win32":
                self._folder.chmod(0o700)
        except OSError as error:
            raise StorageError(
                tr(
                    "{folder} cannot be used for secrets ({why}); give it to the user of the runtime",
                    folder=self._folder,
                    why=error.strerror or error,
                )
            ) from error

    def _stored(self) -> set[str]:
        """Names that the system's key store has."""
        try:
            return {
                str(name) for name in json.loads((self._folder / _NAMES_FILE).read_text(encoding="utf-8"))
            }
        except (OSError, ValueError, TypeError):
            return set()

    def _index(self, names: set[str]) -> None:
        _write(self._folder / _NAMES_FILE, json.dumps(sorted(names)))

    def _tell_without_system(self) -> None:
        """Once for each folder and process."""
        if self._folder not in _told and not self._quiet:
            _told.add(self._folder)
            log.warning(
                "The system has no key store that can be used here; secrets lie in files that only their owner "
                "reads: %s",
                self._folder,
            )


def _file_name(name: str) -> str:
    """A name as every file system takes it and tells it from others; ``a-z 0-9 _ -`` stay as they are."""
    plain = "abcdefghijklmnopqrstuvwxyz0123456789_-"
    return "".join(
        char if char in plain else "".join(f"%{byte:02x}" for byte in char.encode()) for char in name
    )


def _backend() -> Any:
    """The key store of this session; None where there is none."""
    try:
        import keyring
    except ImportError:
        return None
    try:
        backend: Any = keyring.get_keyring()
    except Exception as error:  # whatever a wrong setting of the key store raises, files are left
        log.warning("The key store of the system cannot be used: %s", type(error).__name__)
        return None
    if type(backend).__module__ in ("keyring.backends.fail", "keyring.backends.null"):
        return None
    return backend


def _read(file: Path) -> str | None:
    try:
        mode = file.stat().st_mode
        if sys.platform != "win32" and mode & 0o077:
            raise StorageError(tr("{file}: others can read this secret; run: chmod 600 {file}", file=file))
        found = file.read_text(encoding="utf-8")[:LIMIT].strip("\r\n")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise StorageError(
            tr("{file}: this secret cannot be read ({why})", file=file, why=type(error).__name__)
        ) from None
    if not found or any(ord(char) < 32 for char in found):
        raise StorageError(tr("{file}: this secret is empty or more than one line", file=file))
    return found


def _write(file: Path, content: str) -> None:
    """Whole or not at all, readable by its owner alone from its first byte on."""
    draft = file.with_name(f"{file.name}.{random.token_hex(4)}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        with os.fdopen(os.open(draft, flags, 0o600), "w", encoding="utf-8") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise StorageError(tr("{file}: cannot be written ({why})", file=file, why=error.strerror)) from None
