"""No command into the dark: is the device live, and can be seen what the process does? (standards 5.2)"""

from __future__ import annotations

from collections.abc import Iterator

from hmi.commands._situation import Situation, is_dark, is_known
from hmi.core import quality
from hmi.core.commands import CommandClass, Reason, Refusal
from hmi.core.texts import tr
from hmi.core.values import DataValue

_SEEN = frozenset((CommandClass.SIGNIFICANT, CommandClass.CRITICAL))


def communication(s: Situation) -> Iterator[Refusal]:
    """The link of the tag is up; a routine command needs its value as well. Nobody may leave this out."""
    value = s.values[s.tag.name]
    unread = value.is_bad and not s.rule.pulse and s.rule.klass not in _SEEN
    if unread or is_dark(value.status) or not s.is_live(s.tag.name):
        text = tr("{name} is not live", name=s.tag.name)
        yield Refusal(Reason.NO_COMMUNICATION, text, value.value)


def feedback(s: Situation) -> Iterator[Refusal]:
    """What a significant or critical command does has to be visible, unless its giver goes without on purpose."""
    if s.rule.klass not in _SEEN or s.command.without_feedback:
        return
    if not feedback_status(s)[0]:
        text = tr("the feedback of {name} cannot be seen", name=s.tag.name)
        yield Refusal(Reason.BAD_FEEDBACK, text, s.values[s.tag.name].value)


def feedback_status(s: Situation) -> tuple[bool, int]:
    """Whether the feedback is known, and its OPC UA status: of what the plant names, else of the tag's own value.

    A pulse without one has none to miss.
    """
    expression = s.conditions.feedback
    if expression is None:
        own = s.values[s.tag.name]
        return s.rule.pulse or _is_seen(own), own.status
    seen = expression.evaluate(s.values, s.now_ns)
    return _is_seen(seen), seen.status


def _is_seen(value: DataValue) -> bool:
    """What a person entered in the place of the process shows nothing of it."""
    return is_known(value) and value.status & quality.CODE_MASK != quality.UNCERTAIN_SUBSTITUTE
