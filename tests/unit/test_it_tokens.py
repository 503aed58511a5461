"""Tokens of IT: kept as hashes, changed by several processes, journalled; and the small parts of the REST server."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hmi.core import quality
from hmi.core.clock import wall_ns
from hmi.core.errors import StorageError, UsageError
from hmi.core.journal import Entry, JournalRecord
from hmi.core.values import DataValue
from hmi.exporters.rest._board import Board, Lane
from hmi.exporters.rest._cursor import Cursors, cursor_key
from hmi.exporters.rest._problem import Problem
from hmi.exporters.rest._query import time_text
from hmi.exporters.rest._samples import SamplePlace
from hmi.exporters.rest._stamps import stamps
from hmi.exporters.rest.definition import DEFINITION, check
from hmi.runtime._token_book import TokenBook
from hmi.security.it_tokens import HISTORY, LIVE, ItTokens
from hmi.security.stations import token_hash

PLACE = SamplePlace("s", "t_1", 5, -1, 9)


class Journal:
    """Takes entries."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.broken = False

    async def append(self, *entries: Entry) -> tuple[JournalRecord, ...]:
        if self.broken:
            raise StorageError("full")
        self.entries += entries
        return ()

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(one.event, one.object_id) for one in self.entries]


def test_a_token_is_kept_as_its_hash_with_what_it_may(tmp_path: Path) -> None:
    tokens = ItTokens(tmp_path)
    token = tokens.add("lake", [LIVE, HISTORY], areas=["intake"], expires=wall_ns() + 10**12, by="me")
    (one,) = tokens.all()
    assert one.sha256 == token_hash(token)
    assert (one.scopes, one.areas, one.made_by) == ((LIVE, HISTORY), ("intake",), "me")
    assert not one.has_ended(wall_ns())
    assert one.has_ended(one.expires)
    assert token not in tokens.path.read_text(encoding="utf-8")


def test_many_changes_at_once_lose_none(tmp_path: Path) -> None:
    def add(number: int) -> None:
        ItTokens(tmp_path).add(f"t{number}", [LIVE], by="me")

    threads = [threading.Thread(target=add, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.name for one in ItTokens(tmp_path).all()}) == 12


@pytest.mark.parametrize(
    ("name", "scopes", "more"),
    [
        ("", [LIVE], {}), ("1", [LIVE], {}), ("a b", [LIVE], {}), ("x" * 33, [LIVE], {}), ("a", [], {}),
        ("a", ["write:all"], {}), ("a", [LIVE, ""], {}), ("a", [LIVE], {"expires": 1}),
        ("a", ["read:audit"], {"areas": ["intake"]}),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(
    tmp_path: Path, name: str, scopes: list[str], more: dict[str, Any]
) -> None:
    with pytest.raises(UsageError):
        ItTokens(tmp_path).add(name, scopes, by="me", **more)
    assert ItTokens(tmp_path).all() == []


def test_the_journal_is_told_of_each_change_once_over_restarts(tmp_path: Path) -> None:
    tokens, journal = ItTokens(tmp_path), Journal()
    book = TokenBook(tokens)

    def look() -> None:
        asyncio.run(book.look(journal))  # type: ignore[arg-type]

    look()
    tokens.add("lake", [LIVE], by="console:me")
    look()
    look()
    assert journal.told == [("token.added", "token:lake")]
    added = journal.entries[0]
    assert (added.principal.user, added.payload["scopes"]) == ("console:me", [LIVE])
    book = TokenBook(tokens)
    book.restore((_record(added),))
    look()
    tokens.remove("lake", by="console:you")
    journal.broken = True
    look()
    journal.broken = False
    look()
    assert journal.told == [("token.added", "token:lake"), ("token.removed", "token:lake")]
    assert journal.entries[1].principal.user == "console:you"


def test_no_change_is_missed_however_fast_they_follow(tmp_path: Path) -> None:
    tokens, journal = ItTokens(tmp_path), Journal()
    book = TokenBook(tokens)
    for _ in range(3):
        tokens.add("lake", [LIVE], by="me")
        tokens.remove("lake", by="me")
    asyncio.run(book.look(journal))  # type: ignore[arg-type]
    assert [event for event, _ in journal.told] == ["token.added", "token.removed"] * 3
    assert len({one.payload["fingerprint"] for one in journal.entries}) == 3
    assert [one.is_active for one in tokens.all()] == [False] * 3


def _record(entry: Entry) -> JournalRecord:
    return JournalRecord(
        1, "r", "n", entry.event_time, 0, entry.principal.user, "console", entry.object_id, "r1", entry.kind,
        entry.event, 1, False, entry.payload, "", "",
    )  # fmt: skip


def test_a_lane_keeps_the_newest_of_each_and_counts_the_rest() -> None:
    board, lane = Board(3), Lane([0, 2])
    board.enter(lane)
    for number in range(5):
        board.take([0, 1], [DataValue(float(number), 0, 1, 1)] * 2, [False, False])
    board.take([2], [DataValue(7.0, 0, 1, 1)], [True])
    assert lane.take() == ([0, 2], 4)
    assert lane.take() == ([], 0)
    assert board.value(0, 9) == (DataValue(4.0, 0, 1, 1), False)
    assert board.value(2, 9)[1] is True
    board.leave(lane)
    board.take([0], [DataValue(1.0, 0, 1, 1)], [False])
    assert lane.take() == ([], 0)


def test_a_board_that_hears_nothing_shows_nothing() -> None:
    clock = [0.0]
    board = Board(2, lambda: clock[0])
    board.take([0], [DataValue(1.0, 0, 1, 1)], [False])
    clock[0] = 9.9
    assert board.is_live
    assert board.value(1, 9)[0].status == quality.BAD_WAITING_FOR_INITIAL_DATA
    clock[0] = 10.1
    assert not board.is_live
    assert board.value(0, 9)[0] == DataValue(None, quality.BAD_NO_COMMUNICATION, 9, 9)
    board.heard()
    assert board.value(0, 9)[0].value == 1.0


def test_a_cursor_is_read_by_its_key_and_question_alone(tmp_path: Path) -> None:
    key = cursor_key(tmp_path)
    assert cursor_key(tmp_path) == key
    cursors = Cursors(key)
    text = cursors.text(PLACE, "what")
    assert cursors.place(text, "what", SamplePlace) == PLACE
    for other, question in ((cursors, "else"), (Cursors(b"x" * 32), "what")):
        with pytest.raises(Problem):
            other.place(text, question, SamplePlace)
    for broken in (
        "",
        "A",
        text[:-4],
        text + "AAAA",
        text[:20] + ("B" if text[20] != "B" else "C") + text[21:],
        "é",
        "\x00",
        "=" * 40,
    ):
        with pytest.raises(Problem):
            cursors.place(broken, "what", SamplePlace)


@pytest.mark.parametrize(
    "settings",
    [
        {"listen": "8470"}, {"listen": "127.0.0.1:0"}, {"listen": "127.0.0.1:99999"}, {"listen": ":1"},
        {"listen": "a:b"},
        {"listen": "192.168.1.1:8470", "security": "none"}, {"serves": []}, {"serves": ["everything"]},
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any]) -> None:
    from hmi.core.errors import ConfigurationError

    with pytest.raises(ConfigurationError) as told:
        check({one.name: one.default for one in DEFINITION.settings} | settings)
    assert told.value.do


def test_a_simulated_plant_listens_on_this_machine_only() -> None:
    defaults = {one.name: one.default for one in DEFINITION.settings}
    assert DEFINITION.host(defaults) == ""
    assert DEFINITION.host(defaults | {"listen": "0.0.0.0:8470"}) == "0.0.0.0"
    assert DEFINITION.host(defaults | {"listen": "[::1]:8470"}) == ""


@given(st.lists(st.integers(0, 2**62), max_size=50))
def test_instants_as_texts_are_those_of_the_standard_library(times: list[int]) -> None:
    assert stamps(np.array(times, np.int64)) == [time_text(at) for at in times]
