"""Whatever turns in whatever order, a station that adds up deltas has the list of the runtime."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.alarms import AlarmChange
from hmi.client.alarms import AlarmDelta, AlarmSound, list_of
from hmi.core.alarms import AlarmEvent, AlarmRow, AlarmState, Priority
from hmi.mimics import TagAlarm
from hmi.runtime._alarm_book import AlarmBook
from hmi.ui.alarm_store import AlarmMail, AlarmStore

STATES = (
    AlarmState.UNACK, AlarmState.ACKED, AlarmState.RTNUN, AlarmState.NORM, AlarmState.SHLVD, AlarmState.DSUPR,
    AlarmState.OOSRV, AlarmState.LATCH_UNACK,
)  # fmt: skip
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("turn"), st.integers(0, 8), st.sampled_from(STATES)),
        st.tuples(st.just("doubt"), st.integers(0, 8), st.booleans()),
        st.tuples(st.just("flush"), st.none(), st.none()),
        st.tuples(st.just("snapshot"), st.none(), st.none()),
        st.tuples(st.just("drain"), st.none(), st.none()),
        st.tuples(st.just("work"), st.integers(1, 4), st.none()),
    ),
    max_size=60,
)


def change(number: int, state: AlarmState, at: int) -> AlarmChange:
    row = AlarmRow(
        f"a_{number}", f"o_{at}", f"t_{number}", f"tag{number % 3}", "High", "high",
        Priority(1 + number % 3), state, "north" if number % 2 else "south", 1.0, 0.5, "", at,
    )  # fmt: skip
    return AlarmChange(AlarmEvent.ALM, AlarmState.NORM, state, row, at, annunciate=state is AlarmState.UNACK)


class Chain:
    """Book of the runtime, mail of the station, store of its windows."""

    def __init__(self) -> None:
        self.book, self.mail, self.store = AlarmBook(), AlarmMail(), AlarmStore()
        self.at = 0

    def turn(self, number: int, state: AlarmState) -> None:
        self.at += 1
        self.book.take([change(number, state, self.at)], stored=True)

    def doubt(self, number: int, unknown: bool) -> None:
        self.book.doubt(f"a_{number}", unknown)

    def flush(self, *_: None) -> None:
        if (delta := self.book.take_delta()) is not None:
            self.mail.take(delta)

    def snapshot(self, *_: None) -> None:
        self.mail.take_list(self.book.listed("active"))
        self.mail.take(self.book.counts())

    def drain(self, *_: None) -> None:
        mail, self.mail = self.mail, AlarmMail()
        self.store.put(mail)

    def work(self, most: int, _: None) -> None:
        self.store.work(most)

    def end(self) -> None:
        self.flush()
        self.drain()
        while self.store.has_work:
            self.store.work(3)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_deltas_add_up_to_the_full_list(steps: list[tuple[str, int, object]]) -> None:
    chain = Chain()
    for name, first, second in steps:
        act: Callable[[int, object], None] = getattr(chain, name)
        act(first, second)
    chain.end()
    active = chain.book.listed("active")
    store = chain.store
    assert store.rows == {row.occurrence_id: row for row in active}
    assert set(store.tag_alarms) == {row.tag_name for row in active}
    for tag, worst in store.tag_alarms.items():
        assert worst.priority == min(row.priority for row in active if row.tag_name == tag)
        assert isinstance(worst, TagAlarm)
    if steps and any(name == "turn" for name, _, _ in steps):
        for name in store.counts:
            assert store.counts[name] == len(chain.book.listed(name))
    told = {(area, p, *pair) for area, own in store.areas.items() for p, pair in own.items()}
    expected: dict[tuple[str, str], list[int]] = {}
    for row in active:
        pair = expected.setdefault((row.area, str(row.priority)), [0, 0])
        pair[row.state not in {"UNACK", "RTNUN", "LATCH-UNACK"}] += 1
    assert told == {(area, p, *pair) for (area, p), pair in expected.items()}


def test_the_cost_of_a_delta_grows_with_what_turned() -> None:
    chain = Chain()
    for number in range(5_000):
        chain.turn(number, AlarmState.UNACK)
    chain.end()
    chain.turn(7, AlarmState.ACKED)
    delta = chain.book.take_delta()
    assert delta is not None
    assert [row.alarm_id for row in delta.rows] == ["a_7"]
    assert list(delta.areas) == ["north"]
    assert chain.book.take_delta() is None


def test_a_portion_holds_at_most_500_alarms_and_says_what_left_the_list() -> None:
    store, mail = AlarmStore(), AlarmMail()
    book = AlarmBook()
    book.take([change(n, AlarmState.UNACK, n + 1) for n in range(1_200)], stored=True)
    mail.take_list(book.listed("active"))
    store.put(mail)
    sizes: list[int] = []
    while store.has_work:
        sizes.append(len(store.work().rows))
    assert sizes == [500, 500, 200]
    mail = AlarmMail()
    mail.take(AlarmDelta(gone=["a_3"], sounds=[AlarmSound(1, "north", "o_9")]))
    store.put(mail)
    news = store.work()
    assert [row.alarm_id for row in news.gone] == ["a_3"]
    assert [sound.occurrence_id for sound in news.sounds] == ["o_9"]


def test_a_change_that_is_stored_late_only_loses_its_mark() -> None:
    book = AlarmBook()
    first, second = change(1, AlarmState.UNACK, 1), change(1, AlarmState.ACKED, 2)
    assert book.take([first], stored=False) == [first]
    assert not book.rows["a_1"].stored
    book.take([second], stored=False)
    assert book.take([first], stored=True) == []  # neither its older state nor its sound comes again
    assert (book.rows["a_1"].state, book.rows["a_1"].stored) == ("ACKED", False)
    book.take([second], stored=True)
    assert (book.rows["a_1"].state, book.rows["a_1"].stored) == ("ACKED", True)


def test_a_row_changed_without_an_event_waits_for_the_event_that_is_on_its_way() -> None:
    book = AlarmBook()
    one = change(1, AlarmState.UNACK, 1)
    assert not book.renew(one.row)
    book.take([one], stored=True)
    assert book.renew(replace(one.row, first_out=2))
    assert book.rows["a_1"].first_out == 2
    assert not book.renew(replace(one.row, state=AlarmState.ACKED))
    assert list_of(book.rows["a_1"]) == "active"
