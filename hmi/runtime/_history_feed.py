"""The change feed for programs, and what of it is complete (design 2b.8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from hmi.core.principal import Principal, Role
from hmi.historian import COLLECTOR, History
from hmi.historian.coverage import gaps_of
from hmi.historian.port import Commit
from hmi.runtime._fanout import wire_value
from hmi.runtime._history_reads import HistorySource, Reads, Stop
from hmi.runtime._runtime import Runtime
from hmi.runtime._verbs import BadRequest, Raw, Verb

MOST_COMMITS: Final = 1_000
MOST_SAMPLES: Final = 50_000
"""An answer ends with the commit that reaches so many."""
MOST_TAGS: Final = 100
_PIECE: Final = 8
_JSON: Final = "application/json"
_encode = msgspec.json.Encoder(enc_hook=str).encode


class HistoryFeed:
    """Two verbs; ``tag_id`` finds a tag by name or id."""

    def __init__(self, runtime: Runtime, reads: Reads, tag_id: Callable[[str], str]) -> None:
        self._runtime, self._reads, self._tag_id = runtime, reads, tag_id

    def verbs(self) -> tuple[Verb, ...]:
        return (
            Verb(
                "GET", "/v1/history/feed", Role.VIEW, self._feed,
                "Everything recorded after commit `after` in the order in which it became durable: live, late, edit "
                "and delete. At most 1,000 commits; go on with `next`. `lost` names numbers that cannot be given.",
                {"after": "integer", "limit": "integer"}, watched=True,
            ),
            Verb(
                "GET", "/v1/history/coverage", Role.VIEW, self._coverage,
                "The newest commit and up to when all is durable; of at most 100 tags what is final, whether it is "
                "compressed, and the gaps of a range with the reason: `link`, `recorder`, `lost` or none known.",
                {"tag": "array", "start": "integer", "end": "integer"}, watched=True,
            ),
        )  # fmt: skip

    async def _feed(self, principal: Principal, given: Mapping[str, Any]) -> Raw:
        after, limit = given["after"], given["limit"]
        if after < 0 or limit < 0:
            raise BadRequest("after and limit are not negative")
        history, most = self._runtime.services.history, min(limit or MOST_COMMITS, MOST_COMMITS)
        return Raw(await self._reads.run(lambda stop: _encode(feed_page(history, after, most, stop))), _JSON)

    async def _coverage(self, principal: Principal, given: Mapping[str, Any]) -> dict[str, Any]:
        if len(given["tag"]) > MOST_TAGS:
            raise BadRequest(f"tag is given at most {MOST_TAGS} times")
        ids = [self._tag_id(one) for one in given["tag"]]
        start, end = given["start"], given["end"] or self._runtime.services.clock.now_ns()
        if start >= end:
            raise BadRequest("the range ends before it begins")
        return await self._reads.run(lambda stop: self._known(ids, start, end, stop))

    def _known(self, ids: list[str], start: int, end: int, stop: Stop) -> dict[str, Any]:
        history = self._runtime.services.history
        found = history.coverage()
        marks = [
            at
            for piece in (history.samples(COLLECTOR, start, end) if ids else ())
            for at in piece.times.tolist()
        ]
        tags = [self._of_tag(one, start, min(end, found.until), marks, stop) for one in ids]
        return {
            "run_id": history.run_id, "seq": found.seq, "first_seq": found.first_seq, "until": found.until,
            "compacted": found.compacted, "tags": tags,
        }  # fmt: skip

    def _of_tag(self, tag_id: str, start: int, end: int, marks: list[int], stop: Stop) -> dict[str, Any]:
        """What is held back of a compressed tag may still become a sample: it is final up to its newest stored one."""
        history, tag = self._runtime.services.history, self._runtime.plant.by_id.get(tag_id)
        settings = tag.record if tag is not None else None
        is_reduced = settings is not None and (settings.compression or settings.exc_dev > 0)
        final = max(end, 0)
        if is_reduced:
            archive, number = history.archive, history.number(tag_id)
            newest = archive.before(number, end + 1).times.tolist() if archive is not None and number else []
            final = newest[0] if newest else 0
        source = HistorySource(history, tag_id)
        gaps = gaps_of(source.before(start), source.samples(start, end), start, max(end, start), marks, stop)
        return {
            "tag_id": tag_id, "final_until": final, "is_compressed": is_reduced, "told_until": gaps.until,
            "gaps": [
                {"start": one.start, "end": one.end, "reasons": one.reason.words, "is_open": one.is_open}
                for one in gaps.gaps
            ],
        }  # fmt: skip


def feed_page(history: History, after: int, most: int, stop: Stop) -> dict[str, Any]:
    """One answer of the feed; ``lost`` are ranges of numbers between ``after`` and its last commit."""
    coverage = history.coverage()
    commits: list[dict[str, Any]] = []
    lost: list[tuple[int, int]] = []
    cursor, count = after, 0
    while len(commits) < most and count < MOST_SAMPLES and not stop():
        found = history.feed_after(cursor, min(_PIECE, most - len(commits)))
        for commit in found:
            if commit.seq > cursor + 1:
                lost.append((cursor + 1, commit.seq - 1))
            cursor = commit.seq
            commits.append(_commit_wire(history, commit))
            count += len(commit.batch)
            if count >= MOST_SAMPLES:
                break
        if not found:
            break
    return {
        "run_id": history.run_id, "seq": coverage.seq, "first_seq": coverage.first_seq, "next": cursor,
        "commits": commits, "lost": lost,
    }  # fmt: skip


def _commit_wire(history: History, commit: Commit) -> dict[str, Any]:
    """``samples``: ``[tag id, value, status, source time, receive time, flags]`` each."""
    samples = commit.batch.samples
    rows = zip(commit.batch.tags.tolist(), samples.values(), samples.flags.tolist(), strict=True)
    content: dict[str, Any] = {
        "seq": commit.seq, "time": commit.time, "kind": commit.kind.value,
        "samples": [
            (history.tag_id(number), wire_value(one.value), one.status, one.source_time, one.receive_time, flags)
            for number, one, flags in rows
        ],
    }  # fmt: skip
    if commit.modification is not None:
        why = commit.modification
        content["modification"] = [why.user, why.time, why.reason, why.act]
    return content
