"""The one clock of a station: live, or at an instant of the past, which every window then shows.

What is shown of the past is always of one position: values come as a replay of the runtime, alarms as a moment with the
changes that follow it, and the plant is the one that was valid then. The live alarms are followed all the while.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace
from PySide6.QtCore import QObject, QTimer, Signal

from hmi.client.alarms import AlarmInfo, list_of
from hmi.client.past import HoldChange, PastChange, PastMoment, counts_of
from hmi.client.port import PlantInfo, RuntimeClient
from hmi.core import heap
from hmi.core.clock import NS_PER_MS, NS_PER_S
from hmi.core.holds import Holds
from hmi.core.texts import tr
from hmi.mimics import Catalogue
from hmi.ui.alarm_store import AlarmMail
from hmi.ui.past.client import PAST, past_client

if TYPE_CHECKING:
    from hmi.ui.station import Station

RATES: Final = (1, 2, 5, 10, 30, 60, 100, 300, 1_000)
AHEAD_S: Final = 20.0
"""Changes of alarms are read so many seconds of playing ahead."""
SOON_S: Final = 8.0
"""With fewer of them left the next ones are asked for."""
LEAST_AHEAD_NS: Final = 10 * NS_PER_S
NEWEST_NS: Final = NS_PER_S // 2
"""So far before the present the past ends: what is on its way belongs to neither."""
EDGE_NS: Final = 2 * NS_PER_S
"""So near to the present playing has caught up."""
EARLIEST: Final = NS_PER_S
PATIENCE_NS: Final = NS_PER_S
"""Alarms of the instant before stand so long while those of another one are asked for."""
AGAIN_MS: Final = 500
SILENT_MS: Final = 2_000
"""So often a runtime that did not answer is asked again what stood then."""


class StationClock(QObject):
    """``turned``: between live and past, or another way of playing. ``moved``: another position, or its data came.

    ``landed``: everything of another time is there, values and alarms. ``said`` carries a sentence. All times are UTC
    in ns.
    """

    turned = Signal()
    moved = Signal()
    landed = Signal()
    said = Signal(str)

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self._station = station
        self.target = 0
        """The instant that was asked for last, 0 while the station is live."""
        self.rate = 1
        self.is_playing = False
        self.moment: PastMoment | None = None
        """What is known of the instant; None until the runtime has told it."""
        self._rows: dict[str, AlarmInfo] = {}
        self._coming: deque[PastChange] = deque()
        self._complete = self._turned_to = 0
        self._holds_coming: deque[HoldChange] = deque()
        self._asking = self._reading_ahead = False
        self._moment_waits = False
        """What is known of alarms belongs to another instant than the one asked for."""
        self._sought_ns = 0
        self._asked = 0
        self._on_the_way = False
        self._span: tuple[int, int, float] | None = None
        self._live: tuple[PlantInfo, Catalogue] | None = None
        self._told: tuple[int, int, float] = (0, 0, 1.0)
        station.link.lens = self._lens
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.timeout.connect(self._ask_once_more)

    # what is asked of it

    @property
    def is_past(self) -> bool:
        """Some instant of the past is shown, or is about to be."""
        return self.target > 0

    @property
    def why_nothing(self) -> str:
        """Why nothing can be done at the station; empty while it is live."""
        return tr(PAST) if self.is_past else ""

    @property
    def is_seeking(self) -> bool:
        """Something of the instant asked for is not there yet."""
        if not self.is_past:
            return False
        return self._moment_waits or self.moment is None or self._station.mailbox.ages.waits

    @property
    def jumps(self) -> bool:
        """Values of another instant than before are on their way."""
        return self.is_past and self._on_the_way

    @property
    def position(self) -> int:
        """The instant that is shown."""
        return self._station.now() if self.is_past else self.live_now()

    def live_now(self) -> int:
        """Session time of the present, also while the past is shown."""
        station = self._station
        if not self.is_past:
            return station.now()
        told, mono, rate = self._told
        return told + int((station.mailbox.clock() - mono) * rate) if told else 0

    def span(self) -> tuple[int, int, float] | None:
        """What to subscribe to: from, until, rate; None for live."""
        return self._span

    def alarms_known(self, runtime: str | None = None) -> bool:
        """Whether the alarms of a runtime ('': the home runtime, None: every one) are those of the position.

        Values that are on their way change nothing of that: playing begins where it stood.
        """
        if not self.is_past or self._moment_waits or self.moment is None or not self.moment.known:
            return False
        unheard = (*self.moment.silent, *self.moment.blank)
        return not unheard if runtime is None else runtime not in unheard

    def listed(self, name: str) -> list[AlarmInfo]:
        """The rows of one of ``ALARM_LISTS`` as they stand at the position."""
        return [row for row in self._rows.values() if list_of(row) == name]

    # what moves it

    def go_to(self, at: int) -> None:
        """Show an instant; one of the future is the present, and still of the past from then on."""
        present = self.live_now()
        if not present:
            self.said.emit(tr("The runtime has not told its time yet."))
            return
        at = max(EARLIEST, min(at, present - NEWEST_NS))
        entered = not self.is_past
        shown = at if entered else self.position
        if entered:
            self._enter(present)
        self._seek(at)
        self._on_the_way = True
        self._span = (at, at, 1.0)
        self._station.expect_past(at, at, shown)
        if entered:
            self._empty()
            self.turned.emit()
        self._station.subscribe_again()
        self._ask()
        self.moved.emit()

    def go_back(self, by_ns: int) -> None:
        """So far before what is shown."""
        self.go_to(self.position - by_ns)

    def play(self, rate: int | None = None) -> None:
        """Go on from the position at ``rate`` times the real speed; from live it begins 10 minutes ago."""
        if rate is not None:
            self.rate = rate
        if not self.is_past:
            self.go_back(600 * NS_PER_S)
        self.is_playing = self.is_past
        self._play_on()
        self.turned.emit()

    def pause(self) -> None:
        """Stay at the instant that is shown."""
        if self.is_past and self.is_playing:
            self.is_playing = False
            self.go_to(self.position)
            self.turned.emit()

    def set_rate(self, rate: int) -> None:
        """For playing, now or next."""
        if rate != self.rate:
            self.rate = rate
            if self.is_playing:
                self.rebase()
                self._station.subscribe_again()
            self.turned.emit()

    def go_live(self) -> None:
        """The present again: live values, live alarms, the plant as it is now."""
        if not self.is_past:
            return
        present = self.live_now()  # while it is still told apart from the position
        self.target, self.is_playing, self._span, self.moment = 0, False, None, None
        self._rows, self._asking, self._moment_waits, self._on_the_way = {}, False, False, True
        self._coming.clear()
        self._holds_coming.clear()
        self._asked += 1
        self._again.stop()
        live, self._live = self._live, None
        self._station.expect_live(live, present)
        self.turned.emit()
        self.moved.emit()

    # what the station tells it

    def know_live(self, session_time: int, rate: float) -> None:
        """What a status says of the present."""
        self._told = session_time, self._station.mailbox.clock(), rate

    def keeps(self, plant: PlantInfo, catalogue: Catalogue | None) -> bool:
        """True while the past is shown: the plant of the present waits until then."""
        if not self.is_past:
            return False
        if catalogue is not None:
            self._live = plant, catalogue
        return True

    def live_revision(self) -> str:
        """Of the plant that will be shown when the station is live again."""
        return self._live[0].revision if self._live is not None else ""

    def rebase(self) -> None:
        """Who subscribes anew while it plays goes on from here."""
        if self._span is None or not self.is_playing:
            return
        at = self.position
        until = self._span[1]
        self._span = (at, max(until, at), float(self.rate))
        self._station.expect_past(at, max(until, at), at)

    def follow(self) -> None:
        """With every tick: what turned by now, what comes next, and the end of what is played."""
        if self._on_the_way and not self.is_seeking and not self._station.mailbox.ages.waits:
            self._on_the_way = False
            self.landed.emit()
        if self._moment_waits and self._station.mailbox.clock() - self._sought_ns > PATIENCE_NS:
            self._forget_then()
        if not self.is_past or self.is_seeking:
            return
        if self.position < self._turned_to:
            self._ask_anew()  # rows that turned already cannot be turned back
            return
        self._turn_alarms(self.position)
        if not self.is_playing:
            return
        ages = self._station.mailbox.ages
        if self._span is not None and self._span[1] == self._span[0]:
            self._play_on()
        elif ages.ended:
            self._at_end(ages.session_time)
        else:
            self._read_ahead()
        self.moved.emit()

    # the way into the past

    def _lens(self, client: RuntimeClient) -> RuntimeClient:
        """How a question that is asked now may reach the runtime."""
        return past_client(client, self.position or self.target) if self.is_past else client

    def _enter(self, present: int) -> None:
        station = self._station
        status = station.status
        self.know_live(present, status.rate if status is not None else 1.0)
        self._live = (station.plant, station.catalogue) if station.plant is not None else None

    def _empty(self) -> None:
        """No live alarm stands in a past view until what stood then is known."""
        self.moment, self._rows, self._turned_to = None, {}, 0
        self._coming.clear()
        self._holds_coming.clear()
        self._station.show_past_alarms(AlarmMail(whole=[], floods={"": []}), anew=True)

    def _forget_then(self) -> None:
        """Nothing stands of an instant that is not the one asked for."""
        if self.moment is not None:
            self._empty()
            self._station.holds.take(Holds())

    def _ask(self) -> None:
        """One question at a time; who moves on meanwhile is answered with the last place alone."""
        if self._asking or not self.is_past:
            return
        self._asking = True
        self._asked += 1
        number, at, ahead = self._asked, self.target, self._ahead()
        shown = self._station.plant.revision if self._station.plant is not None else ""
        self._station.link.ask(
            lambda client: _read_moment(client, at, at + ahead, shown), owner=self,
            done=lambda found: self._take(number, at, *found),
            failed=lambda why: self._failed(number, at, why),
        )  # fmt: skip

    def _seek(self, at: int) -> None:
        if not self._moment_waits:
            self._sought_ns = self._station.mailbox.clock()
        self.target, self._moment_waits = at, True

    def _ask_anew(self) -> None:
        """The values stand before what the alarms were turned to: they are asked for at the position."""
        self._seek(self.position)
        self._ask()

    def _ask_once_more(self) -> None:
        """What was not answered; while it plays at the instant that is shown by now."""
        if self.is_past and not self._moment_waits and self.moment is not None and not self._asking:
            self.target = self.position
        self._ask()

    def _ahead(self) -> int:
        return max(LEAST_AHEAD_NS, int(AHEAD_S * self.rate * NS_PER_S)) if self.is_playing else 0

    def _take(
        self, number: int, at: int, moment: PastMoment, plant: PlantInfo | None, catalogue: Catalogue | None
    ) -> None:
        if number != self._asked or not self.is_past:
            return
        self._asking = False
        if at != self.target:
            self._ask()
            return
        self.know_live(moment.now, self._told[2])
        if moment.at < at:  # it was still in the future of the runtime
            self.go_to(moment.at)
            return
        if moment.silent:
            self._again.start(SILENT_MS)
        else:
            self._again.stop()
        if self.moment is not None and not self._moment_waits and self.moment.silent == moment.silent:
            return  # asked once more for those that were silent, and they still are
        self.moment, self._complete, self._moment_waits = moment, moment.until, False
        self._turned_to = at
        self._rows = {row.alarm_id: row for row in moment.rows}
        self._coming, self._holds_coming = deque(moment.changes), deque(moment.hold_changes)
        self._station.holds.take(moment.held)
        if plant is not None and catalogue is not None:
            self._station.show_plant(plant, catalogue)
        mail = AlarmMail(whole=self.listed("active"), floods={"": []})
        self._counted(mail)
        self._station.show_past_alarms(mail)
        self.follow()
        self.turned.emit()
        self.moved.emit()

    def _failed(self, number: int, at: int, why: str) -> None:
        """Nothing is shown of an instant that cannot be told; it is asked for again while it is wanted."""
        if number != self._asked or not self.is_past:
            return
        self._asking = False
        if at != self.target:
            self._ask()
            return
        if self.moment is not None and not self._moment_waits:  # asked once more for those that were silent
            self._again.start(SILENT_MS)
            return
        self._forget_then()
        self._moment_waits = False
        self.is_playing = False
        self.said.emit(tr("What was true then cannot be shown: {why}", why=why))
        self.turned.emit()
        if not self._station.mailbox.alive:
            self._again.start(AGAIN_MS)

    # playing

    def _play_on(self) -> None:
        """From the instant that is shown up to the present, or to the end of its plant revision."""
        if not self.is_playing or self.is_seeking or self.moment is None:
            return
        at, end = self.position, self.live_now() - NEWEST_NS
        if self.moment.revision_until:
            end = min(end, self.moment.revision_until)
        if end - at < (EDGE_NS if end != self.moment.revision_until else 0):
            self._caught_up()
            return
        self._span = (at, end, float(self.rate))
        self._station.expect_past(at, end, at)
        self._station.subscribe_again()

    def _at_end(self, at: int) -> None:
        moment = self.moment
        assert moment is not None
        if moment.revision_until and at >= moment.revision_until - NS_PER_MS:
            self.go_to(moment.revision_until + NS_PER_MS)  # with the next plant, and it plays on
        else:
            self.target = at
            self._span = (at, at, 1.0)
            self._play_on()

    def _caught_up(self) -> None:
        self.is_playing = False
        self.said.emit(tr("Playing has come up to the present. What is shown is still the past."))
        self.turned.emit()

    def _turn_alarms(self, now: int) -> None:
        """Every change up to the position, in order; of each alarm the last one is shown."""
        self._turned_to = now
        held = None
        while self._holds_coming and self._holds_coming[0].time <= now:
            held = self._holds_coming.popleft()
        if held is not None:
            self._station.holds.take(held.held)
        mail = AlarmMail()
        while self._coming and self._coming[0].time <= now:
            change = self._coming.popleft()
            mail.turned[change.alarm_id] = change.row
            if change.row is None:
                self._rows.pop(change.alarm_id, None)
            else:
                self._rows[change.alarm_id] = change.row
        if mail.turned:
            self._counted(mail)
            self._station.show_past_alarms(mail)

    def _counted(self, mail: AlarmMail) -> None:
        counts = counts_of(self._rows.values())
        mail.counts[""] = counts.counts
        before = self._station.alarm_store.areas
        mail.areas = {area: {} for area in before} | counts.areas if mail.whole is None else counts.areas

    def _read_ahead(self) -> None:
        """The next changes, before they are due."""
        left_s = (self._complete - self.position) / NS_PER_S / self.rate
        if self._reading_ahead or left_s > SOON_S or self.moment is None:
            return
        self._reading_ahead = True
        number, since, ahead = self._asked, self._complete, self._ahead()
        self._station.link.ask(
            lambda client: client.alarms_at(since, since + ahead), owner=self,
            done=lambda moment: self._take_ahead(number, since, moment),
            failed=lambda why: self._lost_ahead(number, why),
        )  # fmt: skip

    def _take_ahead(self, number: int, since: int, moment: PastMoment) -> None:
        self._reading_ahead = False
        if number == self._asked and self.is_past and since == self._complete:
            self._coming.extend(moment.changes)
            self._complete = max(moment.until, since)
            self._holds_coming.extend((HoldChange(moment.at, moment.holds), *moment.hold_changes))
            self.know_live(moment.now, self._told[2])
            self._miss(moment)

    def _miss(self, moment: PastMoment) -> None:
        """Of a runtime that did not answer at once what stood is not known any more, until it does."""
        assert self.moment is not None
        silent = [*dict.fromkeys((*self.moment.silent, *moment.silent))]
        if silent != self.moment.silent:
            self.moment = replace(self.moment, silent=silent)
            self._again.start(SILENT_MS)
            self.turned.emit()

    def _lost_ahead(self, number: int, why: str) -> None:
        """Values do not run on beside alarms that stand still."""
        self._reading_ahead = False
        if number == self._asked and self.is_playing:
            self.pause()
            self.said.emit(tr("Playing has stopped: {why}", why=why))


async def _read_moment(
    client: RuntimeClient, at: int, until: int, shown: str
) -> tuple[PastMoment, PlantInfo | None, Catalogue | None]:
    """The moment, and the plant of then with its tables where it is another one than the one shown."""
    moment = await client.alarms_at(at, until)
    if moment.revision == shown:
        return moment, None, None
    with heap.at_rest():
        plant = await client.plant_at(moment.at)
        return moment, plant, await asyncio.to_thread(Catalogue.of, plant)
