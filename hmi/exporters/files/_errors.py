"""What the operating system says of a file, as what it means for a delivery."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from hmi.core.texts import tr
from hmi.export.port import ExportError, TargetRefused, TargetUnavailable

_FULL: Final = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
_FORBIDDEN: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_WRONG: Final = frozenset(
    {
        errno.ENOTDIR,
        errno.EEXIST,
        errno.EISDIR,
        errno.ENAMETOOLONG,
        errno.EFBIG,
        getattr(errno, "ELOOP", errno.ENOTDIR),
    }
)
_IN_USE: Final = frozenset({32, 33})
"""Windows: another program holds the file, or a part of it, so that nobody else may write."""


def target_error(error: OSError, place: Path) -> ExportError:
    """TargetRefused where a person has to act, TargetUnavailable where it may come back by itself."""
    path = error.filename or place
    if getattr(error, "winerror", None) in _IN_USE:
        return TargetUnavailable(tr("{path} is open in another program; close it there", path=path))
    if error.errno in _FULL:
        return TargetRefused(
            tr("the disk of {path} is full; free some space and delivery goes on by itself", path=place)
        )
    if error.errno in _FORBIDDEN:
        return TargetRefused(
            tr(
                "{path} cannot be written: {why}; give the account of the runtime the right to write there",
                path=path,
                why=error.strerror,
            )
        )
    if error.errno in _WRONG:
        return TargetRefused(
            tr("{path} cannot be used: {why}; name another folder", path=path, why=error.strerror)
        )
    if error.errno == errno.ENOENT:
        return TargetUnavailable(tr("{path} is not there; make or mount it", path=path))
    return TargetUnavailable(tr("{path}: {why}", path=path, why=error.strerror or error))


@contextmanager
def told(place: Path) -> Iterator[None]:
    """Raises for an OSError what it means; ``place`` is what is said where the error names no file."""
    try:
        yield
    except OSError as error:
        raise target_error(error, place) from error
