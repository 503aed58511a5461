"""Who may deliver what is in a data folder: one process at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import apsw

from hmi.core.errors import StorageError

TURN_FILE: Final = "turn.sqlite"


def turn_in(folder: Path) -> apsw.Connection | None:
    """Held by the one process that delivers what is in a data folder; None while another one does.

    A lock of SQLite, which the operating system lets go with the process. StorageError where there can be none.
    """
    connection: apsw.Connection | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        connection = apsw.Connection(str(folder / TURN_FILE))
        connection.execute("begin exclusive")
    except apsw.BusyError:
        if connection is not None:
            connection.close()
        return None
    except (OSError, apsw.Error) as error:
        raise StorageError(f"{folder} cannot be used: {error}") from error
    return connection
