"""The alarm and log verbs of a federation: each asked where its object lives, lists joined."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec.structs import replace

from hmi.client._further import Further
from hmi.client._prefix import Prefix
from hmi.client.alarms import AlarmDetails, Handover, JournalPage, JournalQuery
from hmi.client.port import AlarmInfo, ReloadResult, RuntimeClient
from hmi.client.what_if import AlarmEdit, AlarmSettings, WhatIfAnswer, WhatIfQuery
from hmi.core.errors import WatchkeeperError
from hmi.core.identity import TagRef

T = TypeVar("T")
Problems = Callable[[RuntimeClient, list[str]], Coroutine[Any, Any, list[str]]]


class FederatedAlarms:
    """``named`` gives a further runtime, and raises when it may not or cannot be asked."""

    def __init__(
        self, home: RuntimeClient, further: Mapping[str, Further], named: Callable[[str], Further]
    ) -> None:
        self._home, self._further, self._named = home, further, named

    async def hidden(self, state: str) -> list[AlarmInfo]:
        """A list of hidden alarms, of all that answer; the link of one that does not says so."""
        asked = [self._hidden_of(name, state) for name in self._further]
        found = await asyncio.gather(self._home.alarms(state=state), *asked)
        return [row for rows in found for row in rows]

    async def _hidden_of(self, runtime: str, state: str) -> list[AlarmInfo]:
        one = await _unless_silent(self._asked(runtime, lambda client: client.alarms(state=state)))
        return [] if one is None else self._further[runtime].prefixed(one)

    async def details(self, alarm_id: str) -> AlarmDetails:
        reference = TagRef.parse(alarm_id)
        if not reference.runtime:
            return await self._home.alarm(alarm_id)
        one = self._named(reference.runtime)
        found = await one.client.alarm(reference.name)
        prefix = Prefix(reference.runtime)
        return replace(
            found,
            row=one.prefixed([found.row])[0],
            inputs=[[prefix.text + tag, *rest] for tag, *rest in found.inputs],
            records=prefix.records(found.records),
        )

    async def by_owner(self, ids: Iterable[str], ask: Problems) -> list[str]:
        """Each id at its own runtime; a further one that does not answer is a sentence, not an error of the others."""
        asked: dict[str, list[str]] = {}
        for one in map(TagRef.parse, ids):
            asked.setdefault(one.runtime, []).append(one.name)
        home = ask(self._home, asked.pop("")) if "" in asked else _nothing()
        others = [self._problems_of(runtime, own, ask) for runtime, own in asked.items()]
        answers = await asyncio.gather(home, *others)
        return [problem for answer in answers for problem in answer]

    async def _problems_of(self, runtime: str, ids: list[str], ask: Problems) -> list[str]:
        try:
            problems = await ask(self._named(runtime).client, ids)
        except (WatchkeeperError, OSError) as error:
            problems = [str(error)]
        return [f"{runtime}: {problem}" for problem in problems]

    async def silence(self, area: str) -> None:
        """Without an area everywhere; a further runtime that does not answer has nothing to silence."""
        reference = TagRef.parse(area)
        if reference.runtime:
            one = self._named(reference.runtime)
            await one.client.silence(one.own_area(reference.name))
            return
        others = () if area else self._further
        asked = [_unless_silent(self._asked(name, lambda client: client.silence())) for name in others]
        await asyncio.gather(self._home.silence(area), *asked)

    async def figures(self, *, start: int, end: int, area: str) -> dict[str, Any]:
        """Of the runtime that the area belongs to: an operator position is one runtime's."""
        reference = TagRef.parse(area)
        if not reference.runtime:
            return await self._home.alarm_figures(start=start, end=end, area=area)
        one = self._named(reference.runtime)
        return await one.client.alarm_figures(start=start, end=end, area=one.own_area(reference.name))

    async def what_if(self, query: WhatIfQuery) -> WhatIfAnswer:
        """Each alarm at its own runtime, which has its history."""
        client, own, prefix = self._owner(query.alarm_id)
        answer = await client.what_if(replace(query, alarm_id=own))
        result = answer.result
        if result is None or prefix is None:
            return answer
        named = replace(result, alarm_id=prefix.text + result.alarm_id, tag=prefix.text + result.tag)
        return replace(answer, result=named)

    async def settings(self, alarm_id: str) -> AlarmSettings:
        client, own, prefix = self._owner(alarm_id)
        found = await client.alarm_settings(own)
        if prefix is None:
            return found
        return replace(found, alarm_id=prefix.text + found.alarm_id, tag=prefix.text + found.tag)

    async def change(self, edit: AlarmEdit) -> ReloadResult:
        """Each runtime has its own plant folder."""
        client, own, _ = self._owner(edit.alarm_id)
        return await client.change_alarm(replace(edit, alarm_id=own))

    def _owner(self, alarm_id: str) -> tuple[RuntimeClient, str, Prefix | None]:
        """The client that has the alarm, its id there, and what names of it get here."""
        reference = TagRef.parse(alarm_id)
        if not reference.runtime:
            return self._home, alarm_id, None
        return self._named(reference.runtime).client, reference.name, Prefix(reference.runtime)

    async def search(self, query: JournalQuery) -> JournalPage:
        """Of the runtime that the object or the area belongs to: each journal has its own numbers."""
        reference, area = TagRef.parse(query.object_id), TagRef.parse(query.area)
        runtime = reference.runtime or area.runtime
        if not runtime:
            return await self._home.search_journal(query)
        one = self._named(runtime)
        own = replace(
            query,
            object_id=reference.name if reference.runtime else query.object_id,
            area=one.own_area(area.name) if area.runtime else query.area,
        )
        page = await one.client.search_journal(own)
        return replace(page, records=Prefix(runtime).records(page.records))

    async def note(self, object_id: str, text: str) -> None:
        reference = TagRef.parse(object_id)
        client = self._named(reference.runtime).client if reference.runtime else self._home
        await client.note(reference.name if reference.runtime else object_id, text)

    async def handover(self, since: int) -> Handover:
        """The home runtime's with what the others that answer have to say, section by section."""
        asked = [self._handover_of(name, since) for name in self._further]
        home, *others = await asyncio.gather(self._home.handover(since), *asked)
        assert home is not None
        sections = {name: list(items) for name, items in home.sections.items()}
        counts = dict(home.counts)
        for other in filter(None, others):
            for name, items in other.sections.items():
                sections.setdefault(name, []).extend(items)
            for name, count in other.counts.items():
                counts[name] = counts.get(name, 0) + count
        return replace(home, sections=sections, counts=counts)

    async def _handover_of(self, runtime: str, since: int) -> Handover | None:
        found = await _unless_silent(self._asked(runtime, lambda client: client.handover(since)))
        return Prefix(runtime).handover(found) if found else None

    async def _asked(self, runtime: str, ask: Callable[[RuntimeClient], Coroutine[Any, Any, T]]) -> T:
        return await ask(self._named(runtime).client)


async def _unless_silent(question: Awaitable[T]) -> T | None:
    try:
        return await question
    except (WatchkeeperError, OSError):
        return None


async def _nothing() -> Sequence[str]:
    return []
