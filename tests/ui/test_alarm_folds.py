"""Groups of a flood that are kept up to date alarm by alarm say the same as if they were worked out from the list."""

from __future__ import annotations

from random import Random

import pytest

pytest.importorskip("PySide6")

from hmi.client.alarms import AlarmDelta
from hmi.client.port import AlarmInfo
from hmi.testing.client import START_NS, make_alarm
from hmi.ui.alarm_store import AlarmMail, AlarmStore
from hmi.ui.alarms import folds
from hmi.ui.alarms.folds import Folding, group_of
from hmi.ui.alarms.model import AlarmModel
from hmi.ui.alarms.rules import LEAST_FOLDED, Fold, Line, key_of, order

pytestmark = pytest.mark.qt
STATES = ("UNACK", "ACKED", "RTNUN", "LATCH-ACKED")


def some_row(random: Random, number: int) -> AlarmInfo:
    return make_alarm(
        f"area{random.randrange(4)}/ft{number}.pv", number,
        state=random.choice(STATES), priority=random.choice((1, 2, 3, 3, 3)), group=random.choice(("", "", "pumps")),
        first_out=random.choice((0, 0, 0, 1, 2)), alarm_time=START_NS + random.randrange(5),
    )  # fmt: skip


def worked_out(rows: list[AlarmInfo], opened: set[str]) -> list[Line]:
    """From the whole list, the plain way."""
    rows = sorted(rows, key=order)
    members = {name: [row for row in rows if group_of(row) == name] for name in map(group_of, rows) if name}
    lines: list[Line] = []
    done: set[str] = set()
    for row in rows:
        name = group_of(row)
        inside = members.get(name, [])
        if len(inside) < LEAST_FOLDED:
            lines.append(row)
        elif name not in done:
            done.add(name)
            unacked = sum(one.state in {"UNACK", "RTNUN"} for one in inside)
            lines.append(
                Fold(
                    name, inside[0].area, inside[0].group, len(inside), unacked,
                    min(one.priority for one in inside), max(one.alarm_time for one in inside), name in opened,
                )
            )  # fmt: skip
            lines += inside if name in opened else []
    return lines


@pytest.mark.parametrize("seed", range(12))
def test_changes_in_any_order_end_in_the_groups_of_the_whole_list(seed: int) -> None:
    random, known, folding = Random(seed), dict[str, AlarmInfo](), Folding()
    opened = {"group pumps", "area area1"} if seed % 2 else set[str]()
    for _ in range(300):
        number = random.randrange(40)
        name = key_of(some_row(random, number))
        if name in known and random.random() < 0.4:
            del known[name]
            folding.drop(name)
        else:
            row = known[name] = some_row(random, number)
            folding.put(order(row), row)
        expected = worked_out(list(known.values()), opened)
        assert folding.lines(known, opened) == expected
        shown = {key_of(line) for line in expected if isinstance(line, AlarmInfo)}
        assert folding.hidden(opened) == known.keys() - shown


def test_begun_anew_it_says_the_same_as_alarm_by_alarm() -> None:
    rows = [some_row(Random(5), n) for n in range(60)]
    known, one_by_one, at_once = {key_of(row): row for row in rows}, Folding(), Folding()
    for row in rows:
        one_by_one.put(order(row), row)
    at_once.begin(sorted((order(row), row) for row in rows))
    assert at_once.lines(known, set()) == one_by_one.lines(known, set())


def test_one_alarm_in_a_long_flood_looks_at_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    made = AlarmModel(str, lambda _: None)
    made.set_folds(True)
    made.apply([make_alarm(f"area{n % 3}/ft{n}.pv", n, priority=3) for n in range(3_000)], ())
    looked_at: list[AlarmInfo] = []
    monkeypatch.setattr(folds, "group_of", lambda row: (looked_at.append(row), group_of(row))[1])
    fresh = make_alarm("area1/new.pv", 4_000, priority=3)
    made.apply([fresh], ())
    assert looked_at == [fresh]
    assert sum(line.count for line in made.lines if isinstance(line, Fold)) == 3_001


def test_the_count_of_what_is_not_stored_follows_every_change() -> None:
    store = AlarmStore()

    def turn(*rows: AlarmInfo, gone: tuple[str, ...] = ()) -> int:
        mail = AlarmMail()
        mail.take(AlarmDelta(rows=list(rows), gone=list(gone)))
        store.put(mail)
        store.work()
        assert store.unstored == sum(not row.stored for row in store.rows.values())
        return store.unstored

    first, second = (make_alarm(f"area/ft{n}.pv", n, stored=False) for n in (1, 2))
    assert turn(first, second) == 2
    assert turn(make_alarm("area/ft1.pv", 1, stored=True)) == 1
    assert turn(make_alarm("area/ft2.pv", 2, stored=False, state="SHLVD")) == 0
    assert turn(second) == 1
    assert turn(gone=(second.alarm_id,)) == 0
    mail = AlarmMail()
    mail.take_list([first])
    store.put(mail)
    store.work()
    assert store.unstored == 1
