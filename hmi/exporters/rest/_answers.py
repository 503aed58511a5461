"""The routes: what each path needs, takes and gives. The work of a route blocks, so a working thread does it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from hmi.core.aggregates import AGGREGATE_NAMES
from hmi.export.port import ExportTag
from hmi.exporters.rest._board import Board
from hmi.exporters.rest._cursor import Cursors
from hmi.exporters.rest._events import MOST_EVENTS, EventPlace, Events
from hmi.exporters.rest._feed import MOST_PROVED, Feed, FeedPlace, package_lines
from hmi.exporters.rest._problem import bad_request
from hmi.exporters.rest._query import (
    CURSOR,
    END,
    LIMIT,
    START,
    TAGS,
    Parameter,
    question,
    time_text,
)
from hmi.exporters.rest._samples import (
    FAR,
    AggregatePlace,
    Page,
    Range,
    SamplePlace,
    aggregates_page,
    plain,
    samples_page,
)
from hmi.exporters.rest._view import View, tag_content
from hmi.exporters.rest._workers import Kind
from hmi.historian.port import ArchiveReader
from hmi.project.exports import ExportWhat
from hmi.security.it_tokens import AUDIT, EVENTS, HISTORY, LIVE, ItToken

BASE: Final = "/it/v1"
JSON, LINES = "application/json", "application/x-ndjson"
_encode = msgspec.json.Encoder(enc_hook=str).encode


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was understood."""

    path: str
    token: ItToken
    given: Mapping[str, Any]
    gone: threading.Event = field(default_factory=threading.Event)
    """Set when the client went away."""

    @property
    def areas(self) -> tuple[str, ...]:
        return self.token.areas

    @property
    def question(self) -> str:
        return question(self.path, self.given, self.areas)


@dataclass(frozen=True, slots=True)
class Answer:
    """``etag``: what a client may keep it by, empty for none."""

    content: bytes
    media: str = JSON
    etag: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def status(self) -> int:
        return 200 if self.content else 204


@dataclass(frozen=True, slots=True)
class Route:
    """``scopes``: one of them is needed; none: any token. ``needs``: which thread works it."""

    path: str
    scopes: tuple[str, ...]
    summary: str
    work: Callable[[Asked], Answer]
    parameters: tuple[Parameter, ...] = ()
    schema: str = ""
    media: str = JSON
    etag: bool = False
    needs: Kind = Kind.ARCHIVE


WHAT: Final = Parameter(
    "what", "text", "alarms: every change of an alarm; audit: what people did; security: who came in and was refused.",
    default="alarms", choices=("alarms", "audit", "security"),
)  # fmt: skip
AGGREGATE: Final = Parameter(
    "aggregate", "text", "Name of OPC UA Part 13, such as TimeAverage2.", choices=AGGREGATE_NAMES, many=8,
)  # fmt: skip
INTERVAL: Final = Parameter(
    "interval_s", "integer", "Length of an interval in seconds.", default=60, minimum=1, maximum=31_622_400
)
SINCE: Final = Parameter("since", "time", "Without a cursor: begin with the first commit made from then on.")
EVENT_LIMIT: Final = Parameter(
    "limit", "integer", "Rows of a page at most.", default=200, minimum=1, maximum=MOST_EVENTS
)
FEED_CURSOR: Final = Parameter(
    "cursor", "cursor", "A next of /feed: what its client has to have.", default=""
)


class Answers:
    """All routes over one plant; ``now`` gives UTC ns, ``stop`` ends long work."""

    def __init__(
        self,
        view: View,
        board: Board,
        reader: ArchiveReader,
        events: Events,
        cursors: Cursors,
        archive: str,
        now: Callable[[], int],
        stop: Callable[[], bool],
    ) -> None:
        self._view, self._board, self._reader, self._events = view, board, reader, events
        self._cursors, self._archive, self._now, self._stop = cursors, archive, now, stop
        paged = (LIMIT, CURSOR)
        ranged = (TAGS, START, END, *paged)
        self.routes = (
            Route("/plant", (), "The plant, its areas and the digest of its tags.", self._plant, schema="Plant",
                  etag=True, needs=Kind.MEMORY),
            Route("/tags", (), "The recorded tags with unit, range and quality rule.", self._tags, (TAGS, *paged),
                  "Tags", etag=True, needs=Kind.MEMORY),
            Route("/values", (LIVE,), "The newest values, as long as they are live.", self._values, (TAGS, *paged),
                  "Values", needs=Kind.MEMORY),
            Route("/samples", (HISTORY,), "Recorded samples by tag and time, as they are now.", self._samples, ranged,
                  "Samples"),
            Route("/aggregates", (HISTORY,), "Aggregates of OPC UA Part 13 over intervals from start on.",
                  self._aggregates, (*ranged, AGGREGATE, INTERVAL), "Aggregates"),
            Route("/feed", (HISTORY,), "What is recorded, in the order of its commits, with proof; 204: nothing new.",
                  self._feed, (TAGS, SINCE, *paged), media=LINES),
            Route("/statement", (HISTORY,), "What the client of a feed has to have, and where tags have gaps.",
                  self._statement, (TAGS, START, END, FEED_CURSOR), "Statement"),
            Route("/alarms", (EVENTS,), "The alarms that are not normal.", self._alarms, schema="Alarms",
                  needs=Kind.JOURNAL),
            Route("/events", (EVENTS, AUDIT), "Records of the journal in their order.", self._records,
                  (WHAT, START, END, EVENT_LIMIT, CURSOR), "Events", needs=Kind.JOURNAL),
        )  # fmt: skip

    def _plant(self, asked: Asked) -> Answer:
        content = self._view.plant_content(asked.areas)
        return Answer(_encode(content), etag=f"{content['schema'][:32]}-{content['revision']}")

    def _tags(self, asked: Asked) -> Answer:
        places, following = self._paged(asked)
        content = {
            "schema": self._view.digest(asked.areas),
            "quality_rule": self._view.schema.quality_rule,
            "tags": [tag_content(tag) for tag in self._view.series(places)],
            "next": following,
        }
        etag = f"{self._listed(asked)[1][:32]}-{self._view.plant.revision}"
        return Answer(_encode(content), etag=etag)

    def _values(self, asked: Asked) -> Answer:
        places, following = self._paged(asked)
        now = self._now()
        content = {
            "at": time_text(now),
            "live": self._board.is_live,
            "values": [value_content(self._view, self._board, place, now) for place in places],
            "next": following,
        }
        return Answer(_encode(content))

    def _samples(self, asked: Asked) -> Answer:
        at = self._place(asked, SamplePlace)
        page = samples_page(self._reader, self._series(asked), _range(asked), at, self._schema(asked))
        return self._page(asked, page)

    def _aggregates(self, asked: Asked) -> Answer:
        names = tuple(dict.fromkeys(asked.given["aggregate"])) or ("TimeAverage2",)
        page = aggregates_page(
            self._reader, self._series(asked), names, asked.given["interval_s"], _range(asked),
            self._place(asked, AggregatePlace), self._schema(asked), stop=self._ends(asked),
        )  # fmt: skip
        return self._page(asked, page)

    def _feed(self, asked: Asked) -> Answer:
        feed = self._feed_of(asked)
        at = self._place(asked, FeedPlace) or feed.begin(asked.given["since"] or 0)
        page = feed.page(at, asked.given["limit"], self._now())
        following = self._cursors.text(page.next, _question_of_feed(asked))
        content = package_lines(page, following)
        return Answer(content, LINES, headers={"watchkeeper-next": following})

    def _statement(self, asked: Asked) -> Answer:
        feed, now = self._feed_of(asked), self._now()
        at = self._place(asked, FeedPlace)
        if len(self._series(asked)) > MOST_PROVED:
            raise bad_request(f"at most {MOST_PROVED} tags at once; narrow tags")
        end = min(asked.given["end"] if asked.given["end"] is not None else now, now)
        start = asked.given["start"] if asked.given["start"] is not None else end - _HOUR_NS
        return Answer(_encode(feed.proof(at, (min(start, end), end), now, self._ends(asked))))

    def _alarms(self, asked: Asked) -> Answer:
        now = self._now()
        alarms, known = self._events.standing(now, lambda area: self._view.sees(asked.areas, area))
        content = {
            "at": time_text(now),
            "live": self._board.is_live,
            "newest": time_text(known),
            "alarms": alarms,
        }
        return Answer(_encode(content))

    def _records(self, asked: Asked) -> Answer:
        what = ExportWhat(asked.given["what"])
        page = self._events.page(
            what,
            _range(asked),
            self._place(asked, EventPlace),
            lambda area: self._view.sees(asked.areas, area),
        )
        return Answer(_encode({"events": page.rows, "next": self._following(asked, page.next)}))

    # ------------------------------------------------------------------ what they share

    def _ends(self, asked: Asked) -> Callable[[], bool]:
        """Whether nobody waits for the answer any more."""
        return lambda: self._stop() or asked.gone.is_set()

    def _series(self, asked: Asked) -> tuple[ExportTag, ...]:
        return self._listed(asked)[0]

    def _schema(self, asked: Asked) -> str:
        """Names the list that the query chooses, which changes with more of the plant than the list of all does."""
        return self._listed(asked)[1][:16]

    def _listed(self, asked: Asked) -> tuple[tuple[ExportTag, ...], str]:
        return self._view.listed(asked.given["tags"], asked.areas)

    def _feed_of(self, asked: Asked) -> Feed:
        stream = f"{self._view.schema.stream}/{asked.token.name}"
        return Feed(self._reader, self._archive, self._listed(asked), len(self._view.tags), stream)

    def _place(self, asked: Asked, kind: type[Any]) -> Any:
        text = asked.given["cursor"]
        if not text:
            return None
        wanted = _question_of_feed(asked) if kind is FeedPlace else asked.question
        return self._cursors.place(text, wanted, kind)

    def _following(self, asked: Asked, place: msgspec.Struct | None) -> str | None:
        return None if place is None else self._cursors.text(place, asked.question)

    def _paged(self, asked: Asked) -> tuple[Sequence[int], str | None]:
        """The places of one page and the cursor of the next."""
        places = self._view.chosen(asked.given["tags"], asked.areas)
        schema = self._schema(asked)
        at = self._place(asked, TagPlace)
        if at is not None and at.schema != schema:
            raise bad_request("the list of tags has changed since the page before; begin without the cursor")
        begin, limit = at.begin if at is not None else 0, asked.given["limit"]
        end = begin + limit
        following = TagPlace(schema, end) if end < len(places) else None
        return places[begin:end], self._following(asked, following)

    def _page(self, asked: Asked, page: Page) -> Answer:
        units = {
            tag.key: {"name": tag.name, "unit": tag.unit, "unit_code": tag.unit_code} for tag in page.tags
        }
        content = {
            "until": time_text(page.until),
            "simulated": self._view.is_simulated,
            "tags": units,
            "rows": page.rows,
            "next": self._following(asked, page.next),
        }
        return Answer(_encode(content))


_HOUR_NS: Final = 3_600 * 10**9


class TagPlace(msgspec.Struct, array_like=True):
    """Where in a list of tags the next page begins."""

    schema: str
    begin: int


def _range(asked: Asked) -> Range:
    start, end = asked.given["start"], asked.given["end"]
    return Range(start or 0, FAR if end is None else end, asked.given["limit"])


def _question_of_feed(asked: Asked) -> str:
    """The same for a feed and for the statement about it, and for each token its own."""
    return question("/feed", {"tags": asked.given["tags"], "token": asked.token.name}, asked.areas)


def value_content(view: View, board: Board, place: int, now: int) -> Mapping[str, Any]:
    """The newest value of a series."""
    value, is_simulated = board.value(place, now)
    tag = view.tags[place]
    return {
        "tag": tag.key, "name": tag.name, "time": time_text(value.source_time), "value": plain(value),
        "status": value.status, "unit": tag.unit, "unit_code": tag.unit_code, "simulated": is_simulated,
    }  # fmt: skip
