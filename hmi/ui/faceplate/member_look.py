"""How equipment inside of other equipment looks in one line, decided from its readings. No Qt."""

from __future__ import annotations

from typing import Final, NamedTuple

from hmi.mimics import Reading, Shown, TagAlarm, doubt_of, is_number, is_pulse, show
from hmi.ui.commands.reasons import label_of
from hmi.ui.faceplate.source import ObjectSource
from hmi.ui.mimic.words import quality_words

_WORDS: Final = {"pump": ("RUN", "STOP"), "valve": ("OPEN", "CLSD")}


class MemberLook(NamedTuple):
    """``word`` is the state of a drive or valve, ``value`` its main value; None for one that has no signals.

    ``doubt`` is the mark of its worst signal where that is another one than the main value, ``doubtful`` its name
    and quality in words. ``alarm`` is the worst one of it and of all that is inside of it.
    """

    word: str
    value: Shown | None
    doubt: str = ""
    doubtful: str = ""
    alarm: TagAlarm | None = None

    @property
    def words(self) -> str:
        figure = f"{self.value.text} {self.value.unit}".strip() if self.value is not None else ""
        return f"{self.word} {figure}".strip()


def member_look(source: ObjectSource, alarm: TagAlarm | None) -> MemberLook:
    """``alarm``: the worst one of the member, for which the list of alarms is searched once for all members."""
    content = source.content
    word = source.state(*_WORDS[content.kind]).word if content.kind in _WORDS and source.signals else ""
    main = source.tag(content.main) if content.main else None
    value = _main(main, word) if main is not None else None
    worst = _worst(source)
    doubt = doubtful = ""
    if worst is not None and (value is None or worst.tag != content.main):
        doubt = doubt_of(worst)
        name = label_of(worst.info) if worst.info is not None else worst.tag
        doubtful = f"{name}: {quality_words(worst)}"
    return MemberLook(word, value, doubt, doubtful, alarm)


def _main(reading: Reading, word: str) -> Shown | None:
    """The main value; a state without texts of its own has its name before it, none beside the word of a drive."""
    shown = show(reading, role="value" if reading.info and is_number(reading.info) else "text")
    if reading.info is None or is_number(reading.info):
        return shown
    if word:
        return None
    if reading.info.states or reading.is_bad:
        return shown
    return shown._replace(text=f"{label_of(reading.info)} {shown.text}")


def _worst(source: ObjectSource) -> Reading | None:
    """The signal that is least to be relied on, the main value first among equals; None where all are Good."""
    content, known = source.content, source.station.catalogue.tags
    tags = dict.fromkeys((content.main, *content.signals.values()))
    readings = [source.tag(tag) for tag in tags if tag in known and not is_pulse(known[tag])]
    doubtful = [reading for reading in readings if doubt_of(reading)]
    return max(doubtful, key=lambda reading: (reading.is_bad, reading.stale), default=None)
