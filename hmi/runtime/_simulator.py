"""The simulator beside the runtime: its clock is followed, its instructor requests are passed on."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hmi.client.instructor import request
from hmi.core.clock import SessionClock
from hmi.core.errors import CommunicationError, ConfigurationError
from hmi.core.identity import new_id

log = logging.getLogger(__name__)
FOLLOW_S = 0.5
STATUS_S = 2.0
# after one of these the process is another one: a new run begins (2b.4)
NEW_RUN_VERBS = frozenset({"restore"})


class EndpointsFile:
    """What a simulator wrote when it was ready (``hmi sim --ready FILE``)."""

    def __init__(self, path: Path) -> None:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            if document["schema"] != "endpoints/1":
                raise ConfigurationError(f"schema {document['schema']!r} is not known", file=str(path))
            self.session = str(document["session"])
            self.instructor = str(document.get("instructor", ""))
            self.connections = {str(k): tuple(map(str, v)) for k, v in document["connections"].items()}
        except FileNotFoundError:
            raise ConfigurationError("there is no such endpoints file", file=str(path)) from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(
                f"this is not an endpoints file ({error})",
                file=str(path),
                do="let the simulator write it again",
            ) from error


class SimulatorLink:
    """Requests to the instructor socket, off the event loop."""

    def __init__(self, address: str, clock: SessionClock, run_id: str) -> None:
        self._address, self._clock = address, clock
        self.run_id = run_id
        self._failing = False

    async def ask(self, verb: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """One request; CommunicationError when the simulator does not answer."""
        answer = await asyncio.to_thread(request, self._address, verb, arguments)
        if verb in NEW_RUN_VERBS and answer.get("ok"):
            self.run_id = new_id("run")
        if verb != "status":
            await self.follow_once()
        return answer

    async def follow(self) -> None:
        """Keep the session clock at the simulator's time, until cancelled."""
        while True:
            await self.follow_once()
            await asyncio.sleep(FOLLOW_S)

    async def follow_once(self) -> None:
        """Take over the simulator's time and rate; without an answer the clock runs on as it did."""
        try:
            status = await asyncio.to_thread(request, self._address, "status", {}, timeout_s=STATUS_S)
            rate = 0.0 if status.get("frozen") else float(status.get("rate", 1.0))
            self._clock.follow(int(status["sim_time_ns"]), rate)
            self._failing = False
        except (CommunicationError, KeyError, TypeError, ValueError) as error:
            if not self._failing:
                log.warning("The simulator's clock cannot be followed: %s", error)
            self._failing = True
