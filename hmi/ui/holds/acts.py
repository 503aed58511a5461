"""Everything that can be put on an object or taken away, asked for in one place: from a faceplate, a display, a
page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from PySide6.QtCore import QRect, QTimer, Signal
from PySide6.QtWidgets import QWidget

from hmi.client.people import HoldRequest, SessionInfo
from hmi.client.port import TagInfo
from hmi.core.commands import CommandResult, CommandState
from hmi.core.holds import Bypass, ControlTag, Override
from hmi.core.identity import new_id
from hmi.core.texts import tr
from hmi.ui.closing import OneQuestion
from hmi.ui.holds.cards import (
    MOST_ENGINEER_H,
    MOST_H,
    BypassCard,
    Bypassing,
    EndCard,
    Manual,
    TagCard,
    Tagging,
    ValueCard,
)
from hmi.ui.holds.rights import HoldRights
from hmi.ui.holds.words import kind_words, person
from hmi.ui.mimic.words import quality_words, value_words
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import clock_text, zone_of

_SOURCE_MS: Final = 250


class HoldActs(OneQuestion):
    """Asks the runtime, which decides; its event shows what holds, never a click. A request is sent once.

    ``said``: one sentence about what was done or why not.
    """

    said = Signal(str)

    def __init__(self, theme: Theme, station: Station, window: QWidget, area: Callable[[], QRect]) -> None:
        """``area`` is the room of the window that a question may cover."""
        super().__init__(window)
        self._theme, self._station, self._window, self._area = theme, station, window, area
        self.rights = HoldRights(station)

    # control tags

    def place_tag(self, name: str) -> None:
        """On an instance, or on a tag that belongs to none."""
        found = self.rights.find(name)
        if found is None or self._refused(self.rights.why_no_tag(name)):
            return
        title = getattr(found, "title", "") or getattr(found, "description", "")
        card = TagCard(self._theme, self._window, self._area, f"{name}  {title}".strip())

        def settle(given: Tagging) -> None:
            self._send("place_tag", object_id=found.id, kind=given.kind.value, reason=given.reason,
                       work_order=given.work_order, seconds=given.seconds)  # fmt: skip

        self.open_question(card, settle)

    def remove_tag(self, tag: ControlTag, name: str) -> None:
        found = self.rights.find(name)
        if self._refused(self.rights.why_no_removal(tag, name, found.area if found else "")):
            return
        about = f"{kind_words(tag.kind)}: {tag.reason} ({person(tag)})"
        card = EndCard(self._theme, self._window, self._area, tr("Remove the tag"), about, tr("Remove tag"))
        self.open_question(card, lambda reason: self._send("remove_tag", hold_id=tag.id, reason=reason))

    # manual values

    def override(self, info: TagInfo) -> None:
        """A manual value; the own value of the source stands beside it."""
        if self._refused(self.rights.why_no_override(info)):
            return
        station = self._station
        engineer = station.rights.may("engineer", info.area)
        card = ValueCard(
            self._theme, self._window, self._area, info, most_h=MOST_ENGINEER_H if engineer else MOST_H
        )
        if not info.manual:
            self._follow_source(card, info)

        def settle(given: Manual) -> None:
            self._send(
                "override", object_id=info.id, value=given.value, reason=given.reason, seconds=given.seconds,
                heartbeat=station.heartbeat(info.name),
            )  # fmt: skip

        self.open_question(card, settle)

    def _follow_source(self, card: ValueCard, info: TagInfo) -> None:
        """Before the first manual value it is what is shown; afterwards what lies beneath."""
        station, name = self._station, info.name
        is_held = station.holds.override_of(info.id) is not None
        (station.beneath if is_held else station).want(card, (name,))

        def show() -> None:
            reading = station.reading(name)
            own = f"{value_words(reading)}, {quality_words(reading)}"
            card.show_source(station.beneath.words(name) if is_held else own)

        def let_go() -> None:
            station.want(card, ())
            station.beneath.want(card, ())

        beat = QTimer(card)
        beat.timeout.connect(show)
        beat.start(_SOURCE_MS)
        card.finished.connect(let_go)
        show()

    def end_override(self, own: Override) -> None:
        info = self._tag_of(own.tag_id)
        if info is None or self._refused(self.rights.why_no_change("operate", info)):
            return
        title, agree = tr("End the manual value"), tr("End manual value")
        told = tr("The tag shows what its source says again, at once.")
        if own.manual:
            told = tr("The tag has no other source: it has no value until somebody enters one.")
        card = EndCard(self._theme, self._window, self._area, title, info.name, agree, told)
        self.open_question(
            card, lambda reason: self._send("end_override", object_id=own.tag_id, reason=reason)
        )

    # bypasses

    def bypass(self, infos: Sequence[TagInfo], condition: str) -> None:
        """Of one of the commands that the condition guards and that it is not left out for already."""
        holds = self._station.holds
        free = [info for info in infos if condition not in holds.bypasses_of(info.id)]
        if not free or self._refused(self.rights.why_no_bypass(free[0])):
            return
        session = self._session(free[0])
        card = BypassCard(self._theme, self._window, self._area, free, condition, session)
        card.signAsked.connect(lambda *who: self._sign(card, *who))

        def settle(given: Bypassing) -> None:
            self._send(
                "bypass", id=given.request_id, object_id=given.info.id, condition=condition, reason=given.reason,
                seconds=given.seconds, signatures=[given.signature],
                heartbeat=self._station.heartbeat(given.info.name),
            )  # fmt: skip

        self.open_question(card, settle)

    def _sign(self, card: BypassCard, user: str, password: str, meaning: str) -> None:
        what = {"command_id": card.request_id, "object_id": card.info.id, "value": card.condition}
        session = self._session(card.info)
        name = session.name if user == session.user and session.name else user
        zone = zone_of(self._station.plant.zone if self._station.plant else "UTC")
        self._station.link.ask(
            lambda client: client.sign(user, password, meaning, **what), owner=card,
            done=lambda found: card.signed(found, name, clock_text(self._station.now(), zone)),
            failed=card.not_signed,
        )  # fmt: skip

    def end_bypass(self, own: Bypass) -> None:
        info = self._tag_of(own.tag_id)
        if info is None or self._refused(self.rights.why_not("operate", info.name, info.area)):
            return
        title, agree = tr("End the bypass"), tr("End bypass")
        card = EndCard(self._theme, self._window, self._area, title, own.condition, agree)
        self.open_question(card, lambda reason: self._send("end_bypass", hold_id=own.id, reason=reason))

    # control of areas

    def claim(self, area: str) -> None:
        """Free: at once; else its holder is asked."""
        if not self._refused(self.rights.why_no_claim(area)):
            self._send("claim_area", area=area)

    def force(self, area: str, holder: str) -> None:
        """A supervisor takes it without the holder's answer."""
        if self._refused(self.rights.why_no_claim(area, force=True)):
            return
        title = self._station.rights.title_of(area)
        told = tr("{holder} loses control at once.", holder=holder)
        card = EndCard(
            self._theme, self._window, self._area, tr("Take control without an answer"), title,
            tr("Take control"), told,
        )  # fmt: skip
        self.open_question(
            card, lambda reason: self._send("claim_area", area=area, force=True, reason=reason)
        )

    def answer_claim(self, area: str, *, accept: bool) -> None:
        if not self._refused(self.rights.why_no_claim(area)):
            self._send("answer_claim", area=area, accept=accept)

    def release(self, area: str) -> None:
        if not self._refused(self.rights.why_not("operate", "", area)):
            self._send("release_area", area=area)

    # asking

    def _send(self, act: str, **fields: Any) -> None:
        """One request, named and sent once; ``fields`` are those of ``HoldRequest``."""
        request = HoldRequest(**{"id": new_id("hr"), "act": act, **fields})
        self._station.link.ask(
            lambda client: client.hold(request), owner=self, done=self._done, failed=self._failed
        )

    def _done(self, result: CommandResult) -> None:
        words = result.text or "; ".join(refusal.text for refusal in result.refusals)
        done = result.state is CommandState.CONFIRMED
        self.said.emit(words if done else tr("Not done: {why}", why=words))

    def _failed(self, sentence: str) -> None:
        self.said.emit(tr("Not known whether it was done: {why}", why=sentence))

    def _refused(self, why: str) -> bool:
        if why:
            self.said.emit(why)
        return bool(why)

    def _tag_of(self, tag_id: str) -> TagInfo | None:
        catalogue = self._station.catalogue
        return catalogue.tags.get(catalogue.names.get(tag_id, ""))

    def _session(self, info: TagInfo) -> SessionInfo:
        status = self._station.status_of(info.name)
        return status.session if status is not None else SessionInfo()
