"""The named errors of the product and the one sentence each of them owes to its reader.

    WatchkeeperError
    ├── ConfigurationError     a file the user wrote is wrong             exit 2
    │   └── AddressError       a device address does not parse
    ├── UsageError             the command line cannot be carried out      exit 2
    ├── CommunicationError     a device or runtime does not answer
    │   ├── LinkLost           an open connection ended
    │   └── DeviceError        the device answered with a refusal
    ├── ProtocolViolation      an answer that does not fit its question
    ├── StorageError           the journal or history cannot be kept
    ├── AccessRefused          the principal has no right to the verb
    └── AccountRefused         a rule of accounts or passwords forbids it  exit 1

A refusal of an operator command is not an error: it is a CommandResult (hmi.core.commands).
"""

from __future__ import annotations


class WatchkeeperError(Exception):
    """Base of every error the product raises on purpose."""


class ConfigurationError(WatchkeeperError):
    """A plant file is wrong: says which file, which line, what is wrong and what to do."""

    def __init__(self, what: str, *, file: str = "", line: int = 0, do: str = "") -> None:
        self.what, self.file, self.line, self.do = what, file, line, do
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        """``file:line: what is wrong; what to do.`` in one line."""
        where = f"{self.file}:{self.line}: " if self.line else f"{self.file}: " if self.file else ""
        return f"{where}{self.what}{'; ' + self.do if self.do else ''}"


class AddressError(ConfigurationError):
    """A device address that its driver cannot read."""


class UsageError(WatchkeeperError):
    """The command line asks for something that cannot be done; the message says what to do instead."""


class CommunicationError(WatchkeeperError):
    """A device, a simulator or a runtime that should answer does not."""


class LinkLost(CommunicationError):
    """An open connection ended; the supervisor of the link opens a fresh one."""


class DeviceError(CommunicationError):
    """The device answered, and the answer is a refusal; ``status`` is the OPC UA code it maps to."""

    def __init__(self, message: str, *, status: int, code: int = 0) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class ProtocolViolation(CommunicationError):
    """An answer that does not belong to its question; it is never used."""


class StorageError(WatchkeeperError):
    """The journal or the history cannot be written; commands stop, viewing goes on."""


class AccessRefused(WatchkeeperError):
    """The principal has no right to this verb in this area."""


class AccountRefused(WatchkeeperError):
    """A rule of accounts or passwords forbids the change; the message says which one and what to do."""

    exit_code = 1
