"""Which tone is due and when (standards 1.2, 1.9): repeats, silence, floods, mute, a lost runtime."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from hmi.client.alarms import AlarmDelta, AlarmFlood, AlarmInfo, AlarmSound
from hmi.core.clock import NS_PER_S
from hmi.sounder._desk import Due, Loudness, SoundDesk


def row(
    alarm_id: str, priority: int, state: str = "UNACK", *, area: str = "intake", at: int = 1
) -> AlarmInfo:
    return AlarmInfo(
        alarm_id=alarm_id, occurrence_id=f"{alarm_id}-{at}", tag_id="t", tag_name="t", name="High", message="",
        priority=priority, state=state, area=area, value=1, limit=1, unit="", alarm_time=at,
    )  # fmt: skip


def delta(*rows: AlarmInfo, heard: bool = True, floods: list[AlarmFlood] | None = None) -> AlarmDelta:
    sounds = [AlarmSound(r.priority, r.area, r.occurrence_id) for r in rows if heard and r.state == "UNACK"]
    return AlarmDelta(rows=list(rows), sounds=sounds, floods=floods)


@dataclass
class Room:
    """A desk over one runtime that is connected, and the tones as somebody in the room hears them."""

    desk: SoundDesk = field(default_factory=lambda: SoundDesk([""], 0))
    now_ns: int = 0

    def __post_init__(self) -> None:
        self.desk.link("", True, 0)
        self.desk.take_list("", [])

    def hear(self, seconds: float) -> list[str]:
        """What begins in so much time; each tone is over before the next look."""
        heard: list[str] = []
        end = self.now_ns + int(seconds * NS_PER_S)
        while self.now_ns < end:
            due = self.desk.next(self.now_ns, None)
            heard += [due.tone] if due else []
            self.now_ns += NS_PER_S // 2
        return heard


def test_an_alarm_repeats_until_it_is_acknowledged() -> None:
    room = Room()
    room.desk.take_delta("", delta(row("a", 1)))
    assert room.hear(8) == ["p1"] * 4
    room.desk.take_delta("", delta(row("a", 1, "ACKED")))
    assert room.hear(60) == []


@pytest.mark.parametrize("state", ["RTNUN", "SHLVD", "DSUPR", "OOSRV", "LATCH-UNACK", "NORM"])
def test_an_alarm_that_returned_or_was_hidden_is_silent(state: str) -> None:
    room = Room()
    room.desk.take_delta("", delta(row("a", 2)))
    room.desk.take_delta("", delta(row("a", 2, state)))
    assert room.hear(60) == []


def test_silence_is_not_acknowledge_and_a_new_alarm_sounds_again() -> None:
    room = Room()
    room.desk.take_delta("", delta(row("a", 1)))
    room.desk.take_event("", "silence", {"area": ""})
    assert room.hear(30) == []
    room.desk.take_delta("", delta(row("b", 2)))
    assert room.hear(1) == ["p2"]
    room.desk.take_delta("", delta(row("a", 1, at=2)))
    assert room.hear(1) == ["p1"], "a new occurrence of a silenced alarm sounds"


def test_silence_of_an_area_leaves_the_others() -> None:
    room = Room()
    room.desk.take_delta("", delta(row("a", 1, area="intake/raw"), row("b", 3, area="filters")))
    room.desk.take_event("", "silence", {"area": "intake"})
    assert set(room.hear(20)) == {"p3"}


def test_a_gap_in_the_connection_sounds_only_what_came_in_it() -> None:
    room = Room()
    room.desk.take_delta("", delta(row("a", 2)))
    room.desk.take_event("", "silence", {"area": ""})
    room.desk.take_list("", [row("a", 2)])
    assert room.hear(20) == [], "what was silenced before stays silent"
    room.desk.take_list("", [row("a", 2), row("b", 3)])
    assert room.hear(1) == ["p3"]


def test_the_most_urgent_is_first_and_tones_do_not_queue() -> None:
    room = Room()
    room.desk.take_delta("", delta(*(row(f"a{n}", 3) for n in range(1000)), row("b", 1)))
    assert room.hear(2) == ["p1", "p3"]


def test_p1_cuts_a_lower_tone_short() -> None:
    room = Room()
    room.desk.take_delta("", delta(row("a", 1)))
    assert room.desk.next(0, Due("p3", 3)) == Due("p1", 1)
    room.desk.take_delta("", delta(row("b", 2)))
    assert room.desk.next(0, Due("p1", 1)) is None


def test_in_a_flood_p1_always_sounds_and_the_rest_once_in_ten_seconds() -> None:
    room, heard = Room(), []
    room.desk.take_delta("", AlarmDelta(floods=[AlarmFlood("", 0, 11)]))
    for second in range(40):
        room.desk.take_delta("", delta(row(f"a{second}", 2 + second % 2)))
        heard += [tone for tone in room.hear(1) if tone != "p1"]
    assert len(heard) == 4
    room.desk.take_delta("", delta(row("b", 1)))
    assert room.hear(1)[0] == "p1"


def test_mute_leaves_p1_and_the_lost_runtime() -> None:
    room = Room()
    room.desk.loudness = Loudness(40, muted=True)
    room.desk.take_delta("", delta(row("a", 2), row("b", 4)))
    room.desk.take_event("", "journal", {"event": "prompt.shelf_ends"})
    assert room.hear(30) == []
    room.desk.take_delta("", delta(row("c", 1)))
    assert room.hear(1) == ["p1"]
    room.desk.take_delta("", AlarmDelta(gone=["c"]))
    room.desk.link("", False, room.now_ns)
    assert room.hear(10) == ["lost"]


def test_a_runtime_that_is_not_seen_is_told_until_somebody_silences_it() -> None:
    room = Room()
    room.desk.link("", False, 0)
    assert room.hear(2.5) == [], "a restart of the runtime makes no noise"
    assert room.hear(20) == ["lost", "lost"]
    room.desk.silence_lost()
    assert room.hear(60) == []
    room.desk.link("", True, room.now_ns)
    room.desk.link("", False, room.now_ns)
    assert room.hear(5) == ["lost"], "the next loss is told again"


def test_a_prompt_has_a_tone_of_its_own_once() -> None:
    room = Room()
    room.desk.take_event("", "journal", {"event": "prompt.shelf_ends"})
    assert room.hear(60) == ["prompt"]


def test_the_sound_test_plays_every_tone_once() -> None:
    room = Room()
    room.desk.test()
    assert room.hear(30) == ["p1", "p2", "p3", "p4", "prompt", "lost"]
