"""The list of series: ``stream``, ``series_list`` and the dimension ``tag`` with its ranges of validity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString

import numpy as np
from numpy.typing import NDArray
from psycopg.types.json import Jsonb

from hmi.core.texts import tr
from hmi.export.digest import canonical, schema_content, text_word
from hmi.export.port import ExportTag, Schema, TargetRefused
from hmi.exporters.postgres._link import Link
from hmi.exporters.postgres._times import moment

_WHAT: Final[tuple[LiteralString, ...]] = (
    "name", "path", "area", "type", "unit", "unit_code", "low", "high", "description", "states", "connection",
    "is_stepped", "is_compressed", "aggregate", "interval_s",
)  # fmt: skip
"""Columns whose change makes a new row."""
_MARKS: Final = ", ".join(tuple[LiteralString, ...]("%s" for _ in _WHAT))
_NEWEST: Final = (
    f"select distinct on (tag_no) key, tag_no, version, valid_from, is_listed, {', '.join(_WHAT)} "
    "from tag where stream_id = %s order by tag_no, version desc"
)
_CLOSE: Final = "update tag set valid_to = %s where tag_no = %s and version = %s"
_ADD: Final = (
    f"insert into tag(tag_no, version, stream_id, key, valid_from, is_listed, {', '.join(_WHAT)}) "
    f"values (coalesce(%s, nextval('tag_no')), %s, %s, %s, %s, true, {_MARKS})"
)


@dataclass(frozen=True, slots=True)
class _Kept:
    """The newest row of a series."""

    number: int
    version: int
    valid_from: datetime | None
    is_listed: bool
    what: tuple[Any, ...]


class SeriesTable:
    """The series of one stream on one connection."""

    def __init__(self, link: Link, stream_id: int) -> None:
        self._link, self._stream_id = link, stream_id
        self.numbers: dict[str, int] = {}
        """``tag_no`` by key."""
        self.words: dict[int, int] = {}
        """The word of the key as digests mix it, by ``tag_no``."""
        self._read_numbers()

    def publish(self, schema: Schema) -> None:
        """All of one list in one transaction: a new row for what changed, valid from ``schema.made`` on."""
        kept = {one[0]: _kept(one) for one in self._link.execute(_NEWEST, [self._stream_id])}
        listed = {tag.key: _what(tag) for tag in schema.tags}
        closed: list[tuple[Any, ...]] = []
        added: list[tuple[Any, ...]] = []
        for key, what in listed.items():
            old = kept.get(key)
            if old is not None and old.what == what:
                continue
            since = _since(old, schema)
            if old is not None:
                closed.append((since, old.number, old.version))
            number, version = (old.number, old.version + 1) if old is not None else (None, 1)
            added.append((number, version, self._stream_id, key, since, *_wrapped(what)))
        with self._link.transaction(), self._link.cursor() as cursor:
            cursor.executemany(_CLOSE, closed)
            cursor.executemany(_ADD, added)
            self._mark_listed(kept, listed)
            self._keep_list(schema)
        self._read_numbers()

    def numbers_of(self, tags: Sequence[ExportTag]) -> NDArray[np.int32]:
        """``tag_no`` of each; all were published."""
        try:
            return np.array([self.numbers[tag.key] for tag in tags], np.int32)
        except KeyError as error:
            raise TargetRefused(tr("the series {key} was never published", key=str(error))) from None

    def _mark_listed(self, kept: Mapping[str, _Kept], listed: Mapping[str, Any]) -> None:
        turned = [one.number for key, one in kept.items() if one.is_listed != (key in listed)]
        if turned:
            self._link.execute(
                "update tag set is_listed = (key = any(%s)) where stream_id = %s and tag_no = any(%s) "
                "and valid_to is null",
                [list(listed), self._stream_id, turned],
            )

    def _keep_list(self, schema: Schema) -> None:
        self._link.execute(
            "insert into series_list(stream_id, digest, made, content) values (%s, %s, %s, %s) on conflict do nothing",
            [self._stream_id, schema.digest, moment(schema.made), canonical(schema_content(schema.tags))],
        )
        self._link.execute(
            "update stream set site = %s, title = %s, zone = %s, quality_rule = %s, schema_digest = %s "
            "where stream_id = %s",
            [
                *(_plain(text) for text in (schema.site, schema.title, schema.zone, schema.quality_rule)),
                schema.digest,
                self._stream_id,
            ],
        )

    def _read_numbers(self) -> None:
        rows = self._link.execute(
            "select key, tag_no from tag where stream_id = %s and version = 1", [self._stream_id]
        )
        self.numbers = dict(rows.fetchall())
        self.words = {number: text_word(key) for key, number in self.numbers.items()}


def _kept(row: Sequence[Any]) -> _Kept:
    number, version, valid_from, is_listed, *what = row[1:]
    return _Kept(number, version, valid_from, is_listed, tuple(what))


def _since(old: _Kept | None, schema: Schema) -> datetime | None:
    """When the new row begins: the first one from the beginning of time; never before the row it follows."""
    if old is None:
        return None
    since = moment(schema.made)
    return max(since, old.valid_from + timedelta(microseconds=1)) if old.valid_from is not None else since


def _what(tag: ExportTag) -> tuple[Any, ...]:
    if "\0" in tag.key:
        text = "the id {key} has a character that PostgreSQL cannot hold; leave this tag out of the export"
        raise TargetRefused(tr(text, key=repr(tag.key)))
    states = {str(number): _plain(text) for number, text in tag.states.items()}
    return (
        _plain(tag.name), [_plain(one) for one in tag.path], _plain(tag.area), tag.type.value, _plain(tag.unit),
        _plain(tag.unit_code), tag.low, tag.high, _plain(tag.description), states, _plain(tag.connection),
        tag.is_stepped, tag.is_compressed, tag.aggregate, tag.interval_s,
    )  # fmt: skip


def _wrapped(what: tuple[Any, ...]) -> Iterator[Any]:
    return (Jsonb(one) if isinstance(one, dict) else one for one in what)


def _plain(text: str) -> str:
    """For people's columns; the exact text is in ``series_list``."""
    return text.replace("\0", "�").encode("utf-8", "replace").decode()
