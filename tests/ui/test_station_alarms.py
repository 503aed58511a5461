"""Alarms on the Qt thread: a flood in portions, one change at a time, and what is not known any more."""

from __future__ import annotations

from shell_plant import open_station

from hmi.client.alarms import AlarmFlood, AlarmInfo, AlarmSound
from hmi.testing.client import make_alarm
from hmi.ui.alarm_store import ROWS_A_TURN, AlarmNews


def rows(count: int, **more: object) -> list[AlarmInfo]:
    return [make_alarm(f"intake/t{n}.pv", 100 + n, **more) for n in range(count)]


def test_a_flood_is_shown_in_portions_and_said_to_be_complete_once(qtbot) -> None:
    with open_station(qtbot) as desk:
        news: list[AlarmNews] = []
        complete: list[int] = []
        desk.station.alarmsTurned.connect(news.append)
        desk.station.alarmsChanged.connect(lambda: complete.append(len(desk.station.alarms)))
        desk.client.alarm_book.change(rows(1_800))
        qtbot.waitUntil(lambda: len(desk.station.alarms) == 1_802)
        portions = [len(one.rows) for one in news]
        assert sum(portions) == 1_800
        assert max(portions) <= ROWS_A_TURN
        assert [one.more for one in news] == [True] * 3 + [False]
        assert complete == [1_802]


def test_one_change_touches_one_tag(qtbot) -> None:
    with open_station(qtbot) as desk:
        desk.client.alarm_book.change(rows(300, priority=3))
        qtbot.waitUntil(lambda: len(desk.station.alarms) == 302)
        news: list[AlarmNews] = []
        desk.station.alarmsTurned.connect(news.append)
        (row,) = rows(1, priority=1)
        desk.client.alarm_book.change([row])
        qtbot.waitUntil(lambda: bool(news))
        assert [one.tags for one in news] == [frozenset({"intake/t0.pv"})]
        assert desk.station.tag_alarms["intake/t0.pv"].priority == 1
        desk.client.alarm_book.change(gone=[row.alarm_id])
        qtbot.waitUntil(lambda: "intake/t0.pv" not in desk.station.tag_alarms)
        assert len(desk.station.alarms) == 301


def test_hidden_alarms_leave_the_list_and_their_number_is_known(qtbot) -> None:
    with open_station(qtbot) as desk:
        news: list[AlarmNews] = []
        desk.station.alarmsTurned.connect(news.append)
        desk.client.alarm_book.change(
            [make_alarm("intake/fic1.pv", 1, state="SHLVD")],
            sounds=[AlarmSound(1, "intake", "o_2")], floods=[AlarmFlood("", 5, 40)],
        )  # fmt: skip
        qtbot.waitUntil(lambda: list(desk.station.alarms) == ["o_2"])
        store = desk.station.alarm_store
        assert (store.counts["active"], store.counts["shelved"]) == (1, 1)
        assert [flood.alarms for flood in store.floods] == [40]
        assert [row.state for row in news[0].rows] == ["SHLVD"]
        assert [row.occurrence_id for row in news[0].gone] == ["o_1"]
        assert [sound.occurrence_id for sound in news[0].sounds] == ["o_2"]


def test_a_lost_link_leaves_no_list_that_is_taken_for_live(qtbot) -> None:
    with open_station(qtbot) as desk:
        desk.client.tick()
        qtbot.waitUntil(lambda: desk.station.hears("intake"))
        desk.client.lose_link()
        qtbot.waitUntil(lambda: not desk.station.link_up)
        assert not desk.station.hears("intake")
        desk.client.alarm_book.active.pop("o_1")
        desk.client.return_link()
        desk.client.tick()
        qtbot.waitUntil(lambda: desk.station.hears("intake") and list(desk.station.alarms) == ["o_2"])


def test_who_silenced_what_is_told_to_the_windows(qtbot) -> None:
    with open_station(qtbot) as desk:
        said: list[dict[str, object]] = []
        desk.station.silenced.connect(said.append)
        desk.station.link.ask(
            lambda client: client.silence("intake"), owner=desk.station, done=lambda _: None, failed=print
        )
        qtbot.waitUntil(lambda: bool(said))
        assert (said[0]["area"], said[0]["user"]) == ("intake", "demo-operator")
