"""What the fake runtime knows of other settings of alarms: answers as they are given to it, nothing is replayed."""

from __future__ import annotations

from msgspec.structs import replace

from hmi.client.port import ReloadResult
from hmi.client.what_if import AlarmEdit, AlarmSettings, WhatIfAnswer, WhatIfQuery, WhatIfResult
from hmi.core.clock import NS_PER_S
from hmi.core.errors import CommunicationError

WEEK_NS = 7 * 86_400 * NS_PER_S


class FakeWhatIf:
    """``settings`` and ``results`` by alarm id. ``steps``: how many answers come before the result.

    ``asked`` and ``edits``: what was wanted. ``refusals``: why a change is not made.
    """

    def __init__(self) -> None:
        self.settings: dict[str, AlarmSettings] = {}
        self.results: dict[str, WhatIfResult] = {}
        self.steps = 0
        self.asked: list[WhatIfQuery] = []
        self.edits: list[AlarmEdit] = []
        self.refusals: list[str] = []
        self._step = 0

    def of(self, alarm_id: str) -> AlarmSettings:
        if alarm_id not in self.settings:
            raise CommunicationError(f"the plant defines no alarm with the id {alarm_id}")
        return self.settings[alarm_id]

    def answer(self, query: WhatIfQuery, now_ns: int) -> WhatIfAnswer:
        self.of(query.alarm_id)
        self.asked.append(query)
        end = query.end or now_ns
        start = query.start or end - WEEK_NS
        self._step += 1
        if self._step <= self.steps:
            return WhatIfAnswer(start, end, self._step / (self.steps + 1))
        self._step = 0
        found = self.results.get(query.alarm_id)
        if found is None:
            raise CommunicationError("the replay was given up for others; ask again")
        return WhatIfAnswer(start, end, 1.0, replace(found, start=start, end=end))

    def change(self, edit: AlarmEdit) -> ReloadResult:
        settings = self.of(edit.alarm_id)
        if self.refusals:
            return ReloadResult(settings.revision, [], list(self.refusals))
        self.edits.append(edit)
        cells = {**settings.cells, **edit.changes}
        self.settings[edit.alarm_id] = replace(settings, cells=cells, revision=f"{settings.revision}+")
        return ReloadResult(f"{settings.revision}+", [f"alarm {settings.name} is changed"])
