"""A status in words, as the station says it; needs no Qt."""

from __future__ import annotations

from hmi.core.quality import BAD_NO_DATA, CODE_MASK, Mark, quality_of
from hmi.core.texts import tr

_CAUSES = {
    Mark.COMMS: "no communication with the device",
    Mark.SENSOR: "the sensor reports a fault",
    Mark.DEVICE: "the device reports a fault",
    Mark.CONFIG: "the configuration is wrong",
    Mark.OUT_OF_SERVICE: "out of service",
    Mark.WAITING: "waiting for the first value",
    Mark.FORCED: "forced",
    Mark.SIMULATED: "simulated",
    Mark.MANUAL: "entered by hand",
    Mark.OUT_OF_RANGE: "outside its range",
    Mark.STALE: "last usable value",
    Mark.UNCERTAIN: "uncertain",
}
_CAUSES_OF_CODES = {BAD_NO_DATA: "no value is known for this time"}


def status_words(status: int) -> str:
    """One short clause: good, or what is wrong."""
    return bad_words(status) if quality_of(status).is_bad else usable_words(status)


def bad_words(status: int) -> str:
    """Of a status that is Bad, or stands for no value."""
    cause = _CAUSES_OF_CODES.get(status & CODE_MASK) or _CAUSES.get(quality_of(status).mark, "no value")
    return tr("Bad: {cause}", cause=tr(cause))


def usable_words(status: int) -> str:
    """Of a status that is Good or Uncertain."""
    found = quality_of(status)
    words = tr("Good") if found.is_good else tr("Uncertain")
    if found.mark is not Mark.NONE:
        words = tr("{quality}: {cause}", quality=words, cause=tr(_CAUSES[found.mark]))
    if found.limit in {"low", "high"}:
        words = tr("{quality}, at its {limit} limit", quality=words, limit=tr(found.limit))
    return words
