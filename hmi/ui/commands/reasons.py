"""Why a command cannot be given now, and what it is called; worked out from readings alone. The gate judges again."""

from __future__ import annotations

from collections.abc import Iterable

from hmi.client.port import RuntimeStatus, TagInfo
from hmi.core import quality
from hmi.core.texts import tr
from hmi.mimics import Catalogue, Reading, choices, is_pulse
from hmi.ui.commands.conditions import LAST_KNOWN, names_of
from hmi.ui.mimic.words import quality_words

_DECIDING = ("remote", "oos", "running", "fault")
_NO_LINK = frozenset(
    (
        quality.BAD_NO_COMMUNICATION,
        quality.BAD_TIMEOUT,
        quality.BAD_NOT_CONNECTED,
        quality.BAD_WAITING_FOR_INITIAL_DATA,
    )
)


def label_of(info: TagInfo) -> str:
    """What a command is called."""
    known = {
        "sp": "Set point", "op": "Output", "mode": "Mode", "auto_cmd": "Mode", "oos": "Service", "speed_sp": "Speed",
        "position_sp": "Position",
    }  # fmt: skip
    if info.signal in known:
        return tr(known[info.signal])
    return info.signal.replace("_", " ").capitalize() or tr("Value")


def name_of(info: TagInfo) -> str:
    """A command in a list of commands: its one button, else its label."""
    found = choices(info)
    return found[0].text if len(found) == 1 else label_of(info)


def deciding_tags(info: TagInfo, catalogue: Catalogue) -> tuple[str, ...]:
    """Every tag that can block a command: its own, the switches of its equipment, those of its conditions."""
    instance = catalogue.instances.get(info.instance) or catalogue.instances.get(info.name.rpartition(".")[0])
    signals = instance.signals if instance else {}
    switches = [signals[signal] for signal in _DECIDING if signals.get(signal) in catalogue.tags]
    return tuple(dict.fromkeys((info.name, *switches, *names_of([info]))))


def blocked(
    info: TagInfo, status: RuntimeStatus | None, alive: bool, readings: Iterable[Reading], *, no_right: str
) -> str:
    """Why a command cannot be asked for now; empty when it can. ``no_right``: what ``Rights.why_not`` says."""
    if not alive or status is None:
        return tr("The runtime does not answer.")
    if status.commands_blocked:
        return status.commands_blocked
    if not info.writable:
        return tr("This tag takes no commands.")
    if info.command_class == "X":
        return tr("This command is forbidden from here.")
    if no_right:
        return no_right
    for reading in readings:
        if reading.tag == info.name and (problem := _not_live(info, reading)):
            return problem
        if problem := _switched(info, reading):
            return problem
    return ""


def _not_live(info: TagInfo, reading: Reading) -> str:
    """A command is decided on a live value; a pulse needs a living link only."""
    code = reading.data.status & quality.CODE_MASK
    if reading.is_bad and (not is_pulse(info) or code in _NO_LINK):
        return quality_words(reading)
    if reading.stale or code in LAST_KNOWN:
        return tr("Stale: nothing is sent on an old value.")
    return ""


def _switched(info: TagInfo, reading: Reading) -> str:
    """What a switch or state of the equipment says."""
    signal = reading.info.signal if reading.info else ""
    if signal == "remote" and reading.truth is False:
        return tr("The local/remote switch is in local.")
    if signal == "oos" and reading.truth and info.signal != "oos":
        return tr("The equipment is out of service.")
    if (info.signal, signal) == ("start", "running") and reading.truth:
        return tr("It is running already.")
    if (info.signal, signal) == ("stop", "running") and reading.truth is False:
        return tr("It stands still already.")
    if (info.signal, signal) == ("reset", "fault") and reading.truth is False:
        return tr("There is nothing to reset.")
    return ""
