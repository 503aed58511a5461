"""Names and ids of a further runtime as the station knows them: with the runtime's name and ``::`` before. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from msgspec.structs import replace

from hmi.client.alarms import AlarmDelta, Handover
from hmi.client.points import PointPage
from hmi.client.port import AlarmInfo, ConnectionInfo, InstanceInfo, LiveUpdate, PlantInfo, TagInfo
from hmi.client.why import Why, WhyPart
from hmi.core.identity import RUNTIME_MARK

T = TypeVar("T")
# a text in double quotes, or a tag in single ones: the expression language has no escapes
_QUOTED = re.compile(r"\"[^\"]*\"|'([^']*)'")


class Prefix:
    """Turns the records of one runtime into those of the station; ``text`` is ``name::``."""

    def __init__(self, runtime: str) -> None:
        self.runtime, self.text = runtime, runtime + RUNTIME_MARK

    def live(self, update: LiveUpdate) -> LiveUpdate:
        """Groups keep their names: ages are judged for each runtime apart."""
        return replace(
            update,
            values=self._keys(update.values),
            changes=[(self.text + name, data) for name, data in update.changes],
            tag_group=self._keys(update.tag_group),
        )

    def plant(self, plant: PlantInfo) -> PlantInfo:
        """Tags and equipment under their references; areas and displays stay with the runtime's own stations."""
        titles = {area["path"]: area.get("title", area["path"]) for area in plant.areas}
        return replace(
            plant,
            areas=[],
            displays=[],
            tags=[self._tag(tag, titles) for tag in plant.tags],
            instances=[self._instance(one, titles) for one in plant.instances],
        )

    def alarm(self, row: AlarmInfo, titles: Mapping[str, str], *, known: bool) -> AlarmInfo:
        """A row for the station's list; ``known`` is False while its runtime does not answer."""
        return replace(
            row,
            alarm_id=self.text + row.alarm_id,
            occurrence_id=self.text + row.occurrence_id,
            tag_id=self.text + row.tag_id,
            tag_name=self.text + row.tag_name,
            area=self.text + titles.get(row.area, row.area),
            display="",
            state_unknown=row.state_unknown or not known,
        )

    def delta(self, delta: AlarmDelta, titles: Mapping[str, str], *, known: bool) -> AlarmDelta:
        """Rows, areas and sounds for the station's list; the counts say whose they are."""

        def area(path: str) -> str:
            return self.text + titles.get(path, path)

        floods = None if delta.floods is None else [replace(f, area=area(f.area)) for f in delta.floods]
        return replace(
            delta,
            rows=[self.alarm(row, titles, known=known) for row in delta.rows],
            gone=[self.text + alarm_id for alarm_id in delta.gone],
            areas={area(path): counts for path, counts in delta.areas.items()},
            sounds=[
                replace(one, area=area(one.area), occurrence_id=self.text + one.occurrence_id)
                for one in delta.sounds
            ],
            floods=floods,
            runtime=self.runtime,
        )

    def records(self, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Journal records; what a record says of its object stays in the words of its runtime."""
        return [
            {**record, "object_id": self.text + record["object_id"] if record.get("object_id") else ""}
            for record in records
        ]

    def handover(self, found: Handover) -> Handover:
        sections = {
            name: [
                replace(
                    item,
                    object_id=self.text + item.object_id if item.object_id else "",
                    name=self.text + item.name,
                    area=self.text + item.area if item.area else "",
                    display="",
                )
                for item in items
            ]
            for name, items in found.sections.items()
        }
        return replace(found, sections=sections)

    def points(self, page: PointPage) -> PointPage:
        """Rows under their references."""
        rows = [
            replace(row, tag_id=self.text + row.tag_id, name=self.text + row.name, area=self.text + row.area)
            for row in page.points
        ]
        return replace(page, points=rows)

    def why(self, answer: Why) -> Why:
        """The tag and every tag of its expression under their references; the sentences stay as they are."""
        hops = [replace(hop, tree=self._part(hop.tree)) if hop.tree else hop for hop in answer.hops]
        return replace(answer, tag_id=self.text + answer.tag_id, name=self.text + answer.name, hops=hops)

    def _part(self, part: WhyPart) -> WhyPart:
        tag = self.text + part.tag if part.tag else ""
        return replace(part, tag=tag, parts=[self._part(one) for one in part.parts])

    def connection(self, one: ConnectionInfo) -> ConnectionInfo:
        return replace(one, name=self.text + one.name)

    def _tag(self, tag: TagInfo, titles: Mapping[str, str]) -> TagInfo:
        return replace(
            tag,
            id=self.text + tag.id,
            name=self.text + tag.name,
            description=f"{self.runtime}: {tag.description or tag.name}",
            area=self.text + titles.get(tag.area, tag.area),
            instance=self.text + tag.instance if tag.instance else "",
            connection=self.text + tag.connection if tag.connection else "",
            permissives=self._conditions(tag.permissives),
            interlocks=self._conditions(tag.interlocks),
        )

    def _instance(self, one: InstanceInfo, titles: Mapping[str, str]) -> InstanceInfo:
        return replace(
            one,
            id=self.text + one.id,
            name=self.text + one.name,
            title=f"{self.runtime}: {one.title or one.name}",
            area=self.text + titles.get(one.area, one.area),
            signals={signal: self.text + tag for signal, tag in one.signals.items()},
            display="",
            parent=self.text + one.parent if one.parent else "",
        )

    def _conditions(self, pairs: list[list[str]]) -> list[list[str]]:
        """Conditions name tags of their own runtime; the words for the operator stay without prefixes."""
        return [[self._expression(text), words or text] for text, words in pairs]

    def _expression(self, text: str) -> str:
        return _QUOTED.sub(lambda m: f"'{self.text}{m[1]}'" if m[1] is not None else m[0], text)

    def _keys(self, found: Mapping[str, T]) -> dict[str, T]:
        return {self.text + name: value for name, value in found.items()}
