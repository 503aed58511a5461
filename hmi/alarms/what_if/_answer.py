"""What came of a replay, as the answer that a person reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hmi.alarms.what_if._case import Case
from hmi.alarms.what_if._compare import Comparison
from hmi.client.what_if import Setting, WhatIfResult
from hmi.core.clock import NS_PER_S
from hmi.core.texts import tr

_FEW, _SHARE = 2, 0.05
"""The replay may miss so many of the alarms of the journal, or such a share, before it is called too coarse."""

_COARSE = "what is recorded of the tag is too coarse to tell; switch its compression off and look again later"


def result_of(
    case: Case, compared: Comparison, settings: Sequence[Setting], *, left_out: int = 0, recorded: int = -1,
    changed_at: str = "", simulated: bool = False, revision: str = "",
) -> WhatIfResult:  # fmt: skip
    """``recorded``: how often the alarm came by the journal, -1 = not known. ``changed_at``: when in the time the
    settings of the alarm were changed, empty = they were not.
    """
    differs = recorded >= 0 and abs(compared.was.count - recorded) > max(_FEW, _SHARE * recorded)
    definition, tag = (
        case.definitions[0],
        next(one for one in case.inputs if one.id == case.definitions[0].tag_id),
    )
    removed, kept, new = compared.lists
    coarse = case.coarse or (differs and not changed_at)
    return WhatIfResult(
        alarm_id=definition.id, tag=tag.name, name=definition.name, message=definition.message, unit=tag.unit,
        start=compared.start, end=compared.end, simulated=simulated, revision=revision, settings=list(settings),
        was=compared.was.count, proposed=compared.proposed.count, kept=compared.kept, removed=compared.removed,
        merged=compared.merged, new=compared.new, later=compared.later,
        longest_removed_s=compared.longest_removed_s, latest_s=compared.latest_s, was_s=compared.was.seconds,
        proposed_s=compared.proposed.seconds, unknown_s=compared.unknown_s, recorded=recorded, coarse=coarse,
        sentence=_sentence(compared),
        notes=[*_notes(compared, left_out, recorded if differs else -1, changed_at), *case.notes],
        removed_list=removed, kept_list=kept, new_list=new, strip=compared.strip,
    )  # fmt: skip


def _sentence(found: Comparison) -> str:
    """What an engineer decides by."""
    if not found.was.count and not found.proposed.count:
        return tr("No alarm in this time, neither as it is nor as proposed.")
    gone = found.removed + found.merged
    parts = [
        tr("Would have removed {n} of {all} alarms", n=gone, all=found.was.count)
        if gone
        else tr("Would have removed none of {all} alarms", all=found.was.count)
    ]
    if found.removed:
        parts[0] += " " + tr("and hidden none that lasted over {time}", time=span(found.longest_removed_s))
    if found.merged:
        one = tr("1 of them is part of another that stays on")
        parts.append(
            one if found.merged == 1 else tr("{n} of them are part of others that stay on", n=found.merged)
        )
    if found.later:
        parts.append(tr("those that are left come up to {time} later", time=span(found.latest_s)))
    if found.new:
        words = (
            tr("1 new one would have come")
            if found.new == 1
            else tr("{n} new ones would have come", n=found.new)
        )
        parts.append(words)
    return "; ".join(parts) + "."


def _notes(found: Comparison, left_out: int, recorded: int, changed_at: str) -> Iterator[str]:
    if changed_at:
        yield tr("The settings were changed at {time}; both replays judge the whole time.", time=changed_at)
    if recorded >= 0:
        why = tr("it had other settings then") if changed_at else tr(_COARSE)
        yield tr(
            "The journal has {recorded} alarms of this time, the replay finds {was}: {why}.",
            recorded=recorded, was=found.was.count, why=why,
        )  # fmt: skip
    share = 100 * found.unknown_s * NS_PER_S / (found.end - found.start)
    if share < 100:
        share = min(share, 99.9)  # something is known: never rounded away
    if share >= 0.05:
        yield tr("Nothing is known of {share:.1f} % of the time; no alarm begins or ends in it.", share=share)
    if left_out:
        yield tr("Values that came in afterwards were never judged; left out: {n}.", n=left_out)


def span(seconds: float) -> str:
    """A length of time rounded up, so that "none over" stays true: ``0.4 s``, ``20 s``, ``12 min``, ``5 h``."""
    if seconds < 10:
        return f"{-(-seconds * 10 // 1) / 10:g} s"
    for length, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * length:
            return f"{-(-seconds // length):.0f} {unit}"
    return f"{-(-seconds // 1):.0f} s"
