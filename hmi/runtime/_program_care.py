"""Looks at the start whether a file of the program was changed; if so viewing goes on and no command is given."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from hmi.core.errors import StorageError
from hmi.core.journal import Entry, JournalWriter, Kind
from hmi.core.principal import SYSTEM
from hmi.core.texts import tr
from hmi.security.program_files import ProgramFiles, check_program_files

log = logging.getLogger(__name__)

MOST_TOLD = 20
"""Findings that stand in one journal record; the self-test names all."""


class ProgramCare:
    """Compares once, in a thread beside the start. ``bar`` is told why commands are refused from then on."""

    def __init__(
        self,
        journal: JournalWriter,
        *,
        tell_failing: Callable[[str, bool], None],
        bar: Callable[[str], None],
        check: Callable[[], ProgramFiles] = check_program_files,
    ) -> None:
        self._journal, self._tell_failing, self._bar, self._check = journal, tell_failing, bar, check

    async def run(self) -> None:
        """Until the comparison is done."""
        found = await asyncio.to_thread(self._check)
        if found.why_not:
            log.info("%s", found.why_not)
        self._tell_failing("program", bool(found.findings))
        if not found.findings:
            return
        self._bar(tr("a file of the program was changed: {finding}", finding=found.findings[0]))
        for finding in found.findings[:MOST_TOLD]:
            log.error("%s Commands are refused.", finding)
        payload = {
            "text": found.findings[0],
            "count": len(found.findings),
            "findings": list(found.findings[:MOST_TOLD]),
        }
        try:
            await self._journal.append(Entry(Kind.SYSTEM, "program.changed", SYSTEM, "", 0, payload))
        except StorageError as error:
            log.error("The journal cannot be written: %s", error)
