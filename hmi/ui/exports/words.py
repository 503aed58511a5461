"""What the page says of an export job; pure. Nothing that was told too long ago is shown as how it is now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from typing import Final

from hmi.client.exports import HIGH_WATER, RESTING, ExportInfo, Exports
from hmi.core.clock import NS_PER_S
from hmi.core.texts import tr
from hmi.ui.times import clock_text, duration

WORDS: Final = {
    "running": "Delivers",
    "catching up": "Catches up",
    "unavailable": "Target does not answer",
    "refused": "Target refuses",
    "paused": "Paused",
    "stopped": "Stopped",
    "not allowed": "Not allowed here",
    "never": "Never ran",
    "silent": "No sign of life",
}
"""By what is shown of a job (``state_of``)."""
WELL: Final = frozenset(("running", "catching up"))
AS_WANTED: Final = WELL | {"stopped", "not allowed"}
"""Delivers, or is not meant to."""
WHATS: Final = {
    "samples": "samples", "aggregates": "aggregates", "alarms": "alarms", "audit": "audit records",
    "security": "security events",
}  # fmt: skip
ACTS: Final = {"pause": "Pause", "resume": "Resume", "replay": "Send again"}
DASH: Final = "–"
Facts = Iterator[tuple[str, str]]


def state_of(one: ExportInfo, *, alive: bool) -> str:
    """One of ``WORDS``. What a job said last counts no more when it has fallen silent."""
    if not one.enabled:
        return "stopped"
    if not one.condition:
        return "never"
    return one.condition if alive and one.is_fresh else "silent"


def is_known(one: ExportInfo, *, alive: bool) -> bool:
    """Whether its figures say how it is now."""
    return alive and one.is_fresh and one.is_measured and one.condition not in RESTING


def target_words(one: ExportInfo) -> str:
    """Where to, and what."""
    return f"{one.to}, {tr(WHATS.get(one.what, one.what))}"


def behind_words(one: ExportInfo, *, alive: bool) -> str:
    return duration(one.lag_s) if is_known(one, alive=alive) else DASH


def backlog_words(one: ExportInfo, *, alive: bool) -> str:
    if not is_known(one, alive=alive):
        return DASH
    return duration(one.backlog_s) if one.backlog_commits or one.backlog_s >= 1 else tr("none")


def rate_words(one: ExportInfo, *, alive: bool) -> str:
    return f"{one.rate:,.0f}" if is_known(one, alive=alive) else DASH


def quota_words(one: ExportInfo, *, alive: bool) -> str:
    return f"{100 * one.quota_used:.0f} %" if is_known(one, alive=alive) else DASH


def until_words(one: ExportInfo, zone: tzinfo) -> str:
    """Stays true when nothing more is told: the target has it."""
    return clock_text(one.complete_until, zone) if one.complete_until else DASH


def count_words(count: int) -> str:
    return f"{count:,}" if count else "0"


def error_words(one: ExportInfo) -> str:
    return one.text or one.last_error


def is_full(one: ExportInfo, *, alive: bool) -> bool:
    """So much waits that an alarm stands."""
    return is_known(one, alive=alive) and one.quota_used >= HIGH_WATER


def count_line(found: Exports) -> str:
    """Beside the title of the page."""
    states = [state_of(one, alive=found.alive) for one in found.jobs]
    return tr("{well} of {n} deliver", well=sum(state in WELL for state in states), n=len(states))


def silent_words(found: Exports) -> str:
    """Why nothing is known of any job now; empty while the process lives or there is no job."""
    if found.alive or not found.jobs:
        return ""
    if not found.life:
        return tr("The process that delivers is not running.")
    ago = duration(max(0.0, (found.at - found.life) / NS_PER_S))
    return tr("The process that delivers gave no sign of life for {ago}.", ago=ago)


def state_words(one: ExportInfo, at: int, *, alive: bool) -> str:
    """State, and since when."""
    state = state_of(one, alive=alive)
    words = tr(WORDS[state])
    began = one.told if state == "silent" else one.since
    if not began or state in {"never", "stopped"}:
        return words
    return tr("{state} for {time}", state=words, time=duration(max(0.0, (at - began) / NS_PER_S)))


def facts_of(one: ExportInfo, zone: tzinfo, *, alive: bool) -> Facts:
    """Label and value."""
    yield tr("Delivers"), target_words(one)
    if one.what in {"samples", "aggregates"}:
        yield tr("Series"), f"{one.series:,}"
        yield tr("Chosen by"), ", ".join(one.tags) or tr("every recorded tag")
    if one.aggregates:
        yield tr("Aggregates"), ", ".join(one.aggregates)
    yield tr("Period"), duration(one.every_s)
    yield tr("Complete until"), until_words(one, zone)
    yield tr("Behind"), behind_words(one, alive=alive)
    yield tr("Backlog"), _backlog_fact(one, alive=alive)
    quota = duration(one.quota_s)
    yield tr("Quota"), tr("{used} of {quota}", used=quota_words(one, alive=alive), quota=quota)
    yield tr("Delivered"), tr("{rows} rows in {n} packages", rows=f"{one.rows:,}", n=f"{one.packages:,}")
    yield tr("Left out"), tr("{n} commits that were older than the quota", n=count_words(one.dropped))
    yield tr("Tried again"), count_words(one.retries)
    if one.last_error:
        yield tr("Last error"), f"{clock_text(one.last_error_time, zone)}\n{one.last_error}"
    if one.digest:
        yield tr("Last digest"), " ".join(one.digest[at : at + 8] for at in range(0, len(one.digest), 8))


def _backlog_fact(one: ExportInfo, *, alive: bool) -> str:
    words = backlog_words(one, alive=alive)
    if not is_known(one, alive=alive) or not one.backlog_commits:
        return words
    return tr("{time}, {n} commits", time=words, n=f"{one.backlog_commits:,}")


def why_pointless(act: str, one: ExportInfo, *, alive: bool) -> str:
    """Why an act would do nothing now; empty where it would."""
    state = state_of(one, alive=alive)
    if state == "silent":
        return tr("The process that delivers gives no sign of life.")
    if state in {"never", "stopped", "not allowed"}:
        return tr("The job does not run.")
    if act == "pause" and state == "paused":
        return tr("It is paused already.")
    if act == "resume" and state != "paused":
        return tr("It is not paused.")
    return ""


def question_of(act: str, one: ExportInfo) -> tuple[str, str]:
    """What the confirm step asks, and what it says will follow."""
    if act == "pause":
        return tr("Pause {job}?", job=one.name), tr(
            "Nothing is delivered until somebody resumes it, also after a restart. What is recorded meanwhile waits in "
            "the history here, up to a quota of {quota}; what is older is left out then.",
            quota=duration(one.quota_s),
        )
    if act == "resume":
        return tr("Resume {job}?", job=one.name), tr(
            "It goes on with live data at once; what waited is sent beside it."
        )
    return tr("Send a range of {job} again?", job=one.name), tr(
        "Everything recorded in it is sent once more beside the live data. The target keeps each sample once: the "
        "newest revision counts."
    )
