"""What people do to the history: annotations, samples put right, put in or taken out; all of it journalled (HI-11)."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from hmi.client.history import AnnotationInfo
from hmi.core.errors import AccessRefused, StorageError, UsageError
from hmi.core.identity import new_id
from hmi.core.journal import Entry, Kind
from hmi.core.principal import Principal, Role
from hmi.core.texts import tr
from hmi.core.values import DataValue, Value, ValueType
from hmi.historian.port import DuplicatePolicy
from hmi.journal import record_dict
from hmi.project.plant import TagDef
from hmi.runtime._history_reads import HistoryReader, Reads
from hmi.runtime._runtime import Runtime
from hmi.runtime._verbs import BadRequest, NotFound, Verb

TEXT_LIMIT: Final = 2_000
SAMPLES_LIMIT: Final = 5_000
ID_MARK: Final = "."
"""Between the number of an annotation and the id of its tag, in the id of the annotation."""
_INTEGERS: Final = frozenset({ValueType.INT64, ValueType.UINT64, ValueType.ENUM})
_FLOATS: Final = frozenset({ValueType.FLOAT32, ValueType.FLOAT64})


class HistoryEdits:
    """Journalled before it is done; what then fails is journalled too. Earlier versions stay readable."""

    def __init__(
        self,
        runtime: Runtime,
        reader: Callable[[], HistoryReader],
        reads: Reads,
        tag_of: Callable[[str], TagDef],
    ) -> None:
        self._runtime, self._reader, self._reads, self._tag_of = runtime, reader, reads, tag_of

    def verbs(self) -> tuple[Verb, ...]:
        return (
            Verb(
                "POST", "/v1/history/annotate", Role.ACKNOWLEDGE, self._annotate,
                "A remark of at most 2,000 characters on a tag at a time (UTC ns).",
                {"tag": "string", "time": "integer", "text": "string"}, by_area=True,
            ),
            Verb(
                "POST", "/v1/history/withdraw", Role.ACKNOWLEDGE, self._withdraw,
                "Take an annotation back, with a reason; it stays in the trail.",
                {"id": "string", "reason": "string"}, by_area=True,
            ),
            Verb(
                "POST", "/v1/history/edit", Role.ENGINEER, self._edit,
                "At most 5,000 samples `[value, status, source time]` in the place of those at the same times, with a "
                "reason; `insert` true puts them in where nothing is. Earlier versions stay readable.",
                {"tag": "string", "samples": "any", "reason": "string", "insert": "boolean"}, by_area=True,
            ),
            Verb(
                "POST", "/v1/history/delete", Role.ENGINEER, self._delete,
                "Take out the samples from start to end (UTC ns), with a reason; they stay readable as deleted.",
                {"tag": "string", "start": "integer", "end": "integer", "reason": "string"}, by_area=True,
            ),
        )  # fmt: skip

    async def _annotate(self, principal: Principal, given: Mapping[str, Any]) -> AnnotationInfo:
        tag, time = self._tag_of(_text(given, "tag")), _time(given, "time")
        self._check_right(principal, Role.ACKNOWLEDGE, tag)
        text = _text(given, "text", TEXT_LIMIT)
        made = f"{new_id('an')}{ID_MARK}{tag.id}"
        now = self._runtime.services.clock.now_ns()
        details = {"annotation": made, "text": text, "time": time}

        def write(stop: object) -> None:
            self._runtime.services.history.annotate(
                tag.id, time, text, user=principal.user, annotation_id=made
            )

        await self._done(principal, tag, Kind.NOTE, "annotation", details, lambda: self._reads.run(write))
        return AnnotationInfo(made, tag.id, time, text, principal.user, now)

    async def _withdraw(self, principal: Principal, given: Mapping[str, Any]) -> dict[str, Any]:
        annotation_id, reason = _text(given, "id"), _text(given, "reason", TEXT_LIMIT)
        tag = self._tag_of(annotation_id.partition(ID_MARK)[2])
        self._check_right(principal, Role.ACKNOWLEDGE, tag)
        found = await self._reads.run(lambda stop: self._reader().annotation(tag.id, annotation_id))
        if found is None:
            raise NotFound(f"there is no annotation {annotation_id[:80]!r}")
        details = {"annotation": found.id, "text": found.text, "time": found.time, "reason": reason}

        def write(stop: object) -> None:
            self._runtime.services.history.annotate(
                tag.id, found.time, found.text, user=found.user, annotation_id=found.id, deleted=True
            )

        await self._done(
            principal, tag, Kind.NOTE, "annotation.withdrawn", details, lambda: self._reads.run(write)
        )
        return {}

    async def _edit(self, principal: Principal, given: Mapping[str, Any]) -> dict[str, int]:
        tag, reason = self._tag_of(_text(given, "tag")), _text(given, "reason", TEXT_LIMIT)
        self._check_right(principal, Role.ENGINEER, tag)
        now = self._runtime.services.clock.now_ns()
        samples = samples_of(given.get("samples"), tag, now)
        insert = given.get("insert") is True
        details = {
            "reason": reason, "count": len(samples),
            "start": min(one.source_time for one in samples), "end": max(one.source_time for one in samples),
        }  # fmt: skip
        history = self._runtime.services.history

        def write(stop: object) -> None:
            if insert:
                keep = DuplicatePolicy.KEEP_FIRST
                history.insert(tag.id, samples, user=principal.user, reason=reason, policy=keep)
            else:
                history.edit(tag.id, samples, user=principal.user, reason=reason)

        event = "history.insert" if insert else "history.edit"
        await self._done(principal, tag, Kind.AUDIT, event, details, lambda: self._reads.run(write))
        return {"count": len(samples)}

    async def _delete(self, principal: Principal, given: Mapping[str, Any]) -> dict[str, int]:
        tag, reason = self._tag_of(_text(given, "tag")), _text(given, "reason", TEXT_LIMIT)
        self._check_right(principal, Role.ENGINEER, tag)
        start, end = _time(given, "start"), _time(given, "end")
        if end < start:
            raise BadRequest("the range ends before it begins")
        count = 0

        def write(stop: object) -> None:
            nonlocal count
            count = self._runtime.services.history.delete(
                tag.id, start, end, user=principal.user, reason=reason
            )

        details = {"reason": reason, "start": start, "end": end}
        await self._done(
            principal, tag, Kind.AUDIT, "history.delete", details, lambda: self._reads.run(write)
        )
        return {"count": count}

    def _check_right(self, principal: Principal, role: Role, tag: TagDef) -> None:
        if not principal.has(role, self._runtime.plant.lineage(tag.area)):
            raise AccessRefused(
                tr(
                    "{user} has no right to {role} on {name}",
                    user=principal.user,
                    role=role.value,
                    name=tag.name,
                )
            )

    async def _done(
        self,
        principal: Principal,
        tag: TagDef,
        kind: Kind,
        event: str,
        details: Mapping[str, Any],
        act: Callable[[], Awaitable[None]],
    ) -> None:
        """Journal, then act: what is not in the trail is not done."""
        payload = {"name": tag.name, "area": tag.area, **details}
        await self._note(
            Entry(kind, event, principal, tag.id, self._runtime.services.clock.now_ns(), payload)
        )
        try:
            await act()
        except (StorageError, UsageError) as error:
            failed = {**payload, "problem": str(error)}
            now = self._runtime.services.clock.now_ns()
            await self._note(Entry(kind, f"{event}.failed", principal, tag.id, now, failed))
            if isinstance(error, UsageError):
                raise BadRequest(str(error)) from None
            raise

    async def _note(self, entry: Entry) -> None:
        (record,) = await self._runtime.services.journal.append(entry)
        self._runtime.tell("journal", record_dict(record))


def samples_of(rows: object, tag: TagDef, now: int) -> list[DataValue]:
    """The samples of a request, of the type of their tag; BadRequest names the first one that is not."""
    if not isinstance(rows, list) or not 1 <= len(rows) <= SAMPLES_LIMIT:
        raise BadRequest(f"samples is a list of 1 to {SAMPLES_LIMIT} entries")
    return [_sample(row, place, tag, now) for place, row in enumerate(rows, 1)]


def _sample(row: object, place: int, tag: TagDef, now: int) -> DataValue:
    if not isinstance(row, list) or len(row) != 3:
        raise BadRequest(f"sample {place} is not [value, status, source time]")
    value, status, time = row
    if type(status) is not int or not 0 <= status < 2**32:
        raise BadRequest(f"sample {place}: its status is not a code of 32 bits")
    if type(time) is not int or not 0 < time < 2**63:
        raise BadRequest(f"sample {place}: its time is not UTC ns after 1970")
    return DataValue(_fitting(value, place, tag), status, time, now)


def _fitting(value: Any, place: int, tag: TagDef) -> Value:
    """A value as the tag has them; null only says that nothing was known."""
    if value is None:
        return None
    if tag.type is ValueType.BOOL and isinstance(value, bool):
        return value
    if tag.type in _INTEGERS and type(value) is int and -(2**63) <= value < 2**64:
        return value
    if tag.type in _FLOATS and type(value) in {int, float} and math.isfinite(value):
        return float(value)
    if tag.type is ValueType.STRING and isinstance(value, str):
        return value
    raise BadRequest(f"sample {place}: {str(value)[:40]!r} is no {tag.type.value} as {tag.name} has them")


def _text(given: Mapping[str, Any], name: str, limit: int = 200) -> str:
    text = given.get(name)
    if not isinstance(text, str) or not text.strip():
        raise BadRequest(f"{name} is missing")
    if len(text) > limit:
        raise BadRequest(f"{name} has {len(text)} characters; at most {limit} are kept")
    return text.strip()


def _time(given: Mapping[str, Any], name: str) -> int:
    time = given.get(name)
    if type(time) is not int or not 0 < time < 2**63:
        raise BadRequest(f"{name} is a time, UTC ns")
    return time
