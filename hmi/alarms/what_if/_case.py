"""What is replayed: the alarm as it is and as proposed, in plants that hold nothing but what it reads; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from hmi.alarms._condition_state import BAD_DELAY_S
from hmi.alarms._tables import LIMITS
from hmi.core.clock import NS_PER_S
from hmi.core.errors import UsageError
from hmi.core.texts import tr
from hmi.expressions import compile_expression
from hmi.project.plant import AlarmDef, Plant, TagDef

_LEAD_LEAST_S, _LEAD_MOST_S = 3_600.0, 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Case:
    """``inputs``: every tag that either of the two reads, with the handles that both plants give them.

    ``lead_ns``: how long before the time asked for a replay begins, so that delays and slopes have their past.
    ``connection``: whose link decides whether the quality of the value is judged; empty for other alarms.
    ``notes``: what the replay cannot know. ``coarse``: the history does not hold enough to tell.
    """

    was: Plant
    proposed: Plant
    inputs: tuple[TagDef, ...]
    lead_ns: int
    notes: tuple[str, ...]
    coarse: bool
    connection: str = ""

    @property
    def definitions(self) -> tuple[AlarmDef, AlarmDef]:
        return self.was.alarms[0], self.proposed.alarms[0]


def case_of(plant: Plant, was: AlarmDef, proposed: AlarmDef) -> Case:
    """UsageError in one sentence when the alarm cannot be replayed at all."""
    own = plant.by_id.get(was.tag_id)
    if own is None:
        raise UsageError(
            tr("{name}: only alarms that judge values of tags can be replayed; this one watches a device or the "
               "product itself", name=was.message or was.name)
        )  # fmt: skip
    needed = _names_needed(plant, was) | _names_needed(plant, proposed)
    if missing := sorted(name for name in needed if not plant.by_name[name].history):
        raise UsageError(
            tr("{tag} is not recorded, so its past cannot be replayed; write history = true for it", tag=missing[0])
        )  # fmt: skip
    further = (_names_further(plant, was) | _names_further(plant, proposed)) - needed
    # in the order of the plant: of what comes in one instant the engine judges the tags one after the other
    names = sorted({own.name, *needed, *further}, key=lambda name: plant.by_name[name].handle)
    inputs = tuple(replace(plant.by_name[name], handle=handle) for handle, name in enumerate(names))
    coarse = tuple(_too_coarse(plant, own, was, proposed))
    return Case(
        was=_small(plant, inputs, was),
        proposed=_small(plant, inputs, proposed),
        inputs=inputs,
        lead_ns=int(max(_lead_s(was), _lead_s(proposed)) * NS_PER_S),
        notes=(
            *coarse,
            *_line(own, was),
            *_usual_delay(was, proposed),
            *_not_recorded(plant, sorted(further), was, proposed),
            _people(),
        ),
        coarse=bool(coarse),
        connection=own.connection if was.kind == "bad" else "",
    )


def resolution_of(tag: TagDef) -> float:
    """Changes up to this size may be missing in the history of a tag, in its unit; 0 = all are there."""
    held_back = tag.deadband if tag.is_analogue and tag.command is None else 0.0
    record = tag.record
    return max(held_back, record.exc_dev + (record.comp_dev if record.compression else 0.0))


def is_joined(tag: TagDef) -> bool:
    """Whether its history is a line through few points, which lie apart in time."""
    return tag.record.compression and not tag.record.is_stepped


# ------------------------------------------------------------------------------------------ what it reads


def _names_needed(plant: Plant, alarm: AlarmDef) -> set[str]:
    """Without these nothing can be judged."""
    if alarm.kind == "expression":
        return _read_by(plant, [alarm.expression], alarm)
    own = plant.by_id[alarm.tag_id].name
    return _known(plant, [own, *alarm.partners], alarm)


def _names_further(plant: Plant, alarm: AlarmDef) -> set[str]:
    """What decides which limit counts, and whether the alarm is shown."""
    texts = [text for text, _ in alarm.limits_when]
    return _read_by(plant, [*texts, *filter(None, [alarm.suppress_when])], alarm)


def _read_by(plant: Plant, texts: Iterable[str], alarm: AlarmDef) -> set[str]:
    source = alarm.source
    names = (
        name for text in texts for name in compile_expression(text, file=source.file, line=source.line).names
    )
    return _known(plant, names, alarm)


def _known(plant: Plant, names: Iterable[str], alarm: AlarmDef) -> set[str]:
    found = set(names)
    if unknown := sorted(name for name in found if name not in plant.by_name):
        raise UsageError(tr("{name} reads {tag}, which is not a tag", name=alarm.name, tag=unknown[0]))
    return found


def _small(plant: Plant, inputs: tuple[TagDef, ...], alarm: AlarmDef) -> Plant:
    return replace(
        plant,
        tags=inputs,
        by_name={tag.name: tag for tag in inputs},
        by_id={tag.id: tag for tag in inputs},
        alarms=(replace(alarm, first_out_group=""),),
        connections={name: one for name, one in plant.connections.items() if _speaks_for(name, plant, alarm)},
        notifications=(),
        instances={},
        displays={},
        taken=0,
    )


def _speaks_for(connection: str, plant: Plant, alarm: AlarmDef) -> bool:
    """The alarm of a link stands for the bad values behind it."""
    return alarm.kind == "bad" and connection == plant.by_id[alarm.tag_id].connection


def _lead_s(alarm: AlarmDef) -> float:
    longest = max(
        alarm.on_delay_s, alarm.off_delay_s, alarm.window_s, alarm.count_window_s, alarm.hold_s, 0.0
    )
    return min(max(2 * longest, _LEAD_LEAST_S), _LEAD_MOST_S)


# ------------------------------------------------------------------------------------------ what it cannot know


def _people() -> str:
    return tr(
        "Shelving, out of service and acknowledgements are not replayed: every alarm counts as if it was shown."
    )


def _line(tag: TagDef, alarm: AlarmDef) -> Iterator[str]:
    if alarm.kind in ("rate_up", "rate_down") and is_joined(tag):
        yield tr(
            "The history of {tag} is compressed to lines; how fast it changed is how steep they are.",
            tag=tag.name,
        )


def _usual_delay(was: AlarmDef, proposed: AlarmDef) -> Iterator[str]:
    if was.kind == "bad" and not (was.on_delay_s and proposed.on_delay_s):
        yield tr("Without an on-delay a bad value is an alarm after {seconds:g} s.", seconds=BAD_DELAY_S)


def _not_recorded(plant: Plant, names: Iterable[str], was: AlarmDef, proposed: AlarmDef) -> Iterator[str]:
    """Of the tags that choose a limit or suppress."""
    missing = [name for name in names if not plant.by_name[name].history]
    if not missing:
        return
    tags = ", ".join(missing)
    if was.limits_when or proposed.limits_when:
        yield tr("Not recorded: {tags}. Where a limit depends on them, the plain limit counts.", tags=tags)
    if was.suppress_when or proposed.suppress_when:
        yield tr("Not recorded: {tags}. A rule that reads them suppresses nothing here.", tags=tags)


def _too_coarse(plant: Plant, tag: TagDef, was: AlarmDef, proposed: AlarmDef) -> Iterator[str]:
    """Where the proposal turns on something that is finer than what is kept."""
    step = resolution_of(tag)
    if step > 0:
        yield from _too_fine_values(tag, step, was, proposed)
    scan = plant.scan_classes.get(tag.scan)
    period_s = scan.period_ms / 1_000 if scan and tag.address else 0.0
    for name, words in (("on_delay_s", tr("on-delay")), ("off_delay_s", tr("off-delay"))):
        seconds = getattr(proposed, name)
        if seconds != getattr(was, name) and 0 < seconds < period_s:
            yield tr(
                "{tag} is read every {period:g} s: an {what} of {seconds:g} s is too short to tell.",
                tag=tag.name, period=period_s, what=words, seconds=seconds,
            )  # fmt: skip


def _too_fine_values(tag: TagDef, step: float, was: AlarmDef, proposed: AlarmDef) -> Iterator[str]:
    said = {"tag": tag.name, "step": f"{step:.6g}", "unit": tag.unit}
    kept = tr("The history of {tag} holds changes of more than {step} {unit} only", **said)
    scale = proposed.limit * proposed.window_s
    fine_band = proposed.deadband != was.deadband and 0 < proposed.deadband <= step
    if fine_band and proposed.kind in (*LIMITS, "deviation", "stale"):
        yield tr("{kept}: a deadband of {band:g} is too small to tell.", kept=kept, band=proposed.deadband)
    moved = abs(proposed.limit - was.limit)
    if proposed.kind in (*LIMITS, "deviation") and 0 < moved <= step:
        yield tr("{kept}: a limit that moves by {moved:.6g} is too little to tell.", kept=kept, moved=moved)
    if proposed.kind in ("rate_up", "rate_down") and 2 * step >= scale:
        yield tr("{kept}: that is too coarse for this rate of change.", kept=kept)
