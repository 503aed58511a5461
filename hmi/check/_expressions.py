"""Checks every expression of a plant: it compiles, and the tags it names exist."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hmi.check._suggest import meant
from hmi.core.errors import ConfigurationError
from hmi.core.identity import TagRef
from hmi.expressions import expression_names
from hmi.project.draft import Draft
from hmi.project.plant import Source, TagDef


@dataclass(frozen=True, slots=True)
class Use:
    """One expression: what it belongs to, where it is written, where its instance stands."""

    text: str
    owner: str
    source: Source
    origin: Source


def check_expressions(draft: Draft) -> None:
    """Findings for expressions of tags, commands and alarms, and for derived tags that need themselves."""
    reported: set[tuple[Source, str]] = set()
    needs: dict[str, tuple[str, ...]] = {}
    for use in _uses(draft):
        names = _check(use, draft, reported)
        if use.owner in draft.by_name and use.text == draft.by_name[use.owner].expression:
            needs[use.owner] = names
    _check_cycles(needs, draft)


def _uses(draft: Draft) -> Iterator[Use]:
    for tag in draft.tags:
        origin = draft.origin_of(tag)
        if tag.expression:
            yield Use(tag.expression, tag.name, tag.source, origin)
        for text, what in _command_texts(tag):
            yield Use(text, f"{tag.name}, {what}", tag.source, origin)
    for alarm in draft.alarms:
        for text, what in alarm.expressions:
            owner = f"alarm {alarm.name}, {what}" if what else f"alarm {alarm.name}"
            yield Use(text, owner, alarm.source, alarm.source)


def _command_texts(tag: TagDef) -> Iterator[tuple[str, str]]:
    if tag.command is None:
        return
    yield from ((text, "permissive") for text, _ in tag.command.permissives)
    yield from ((text, "interlock") for text, _ in tag.command.interlocks)
    yield from ((state.when, "limits_when") for state in tag.command.limits_when)
    if tag.command.feedback:
        yield tag.command.feedback, "feedback"


def _check(use: Use, draft: Draft, reported: set[tuple[Source, str]]) -> tuple[str, ...]:
    try:
        names = expression_names(use.text)
    except ConfigurationError as error:
        if (use.origin, error.what) not in reported:
            reported.add((use.origin, error.what))
            what = f"{use.owner}: {error.what}"
            draft.findings.error(use.origin.file, use.origin.line, what, error.do, rule="expression")
        return ()
    for name in names:
        if not draft.is_known(name):
            what = f"{use.owner}: the expression names the tag {name!r}, which is not known"
            do = meant(name, draft.by_name, "name a tag of tags.csv")
            if TagRef.parse(name).runtime:
                what = f"{use.owner}: the expression names the tag {name!r} of another runtime"
                do = "read it over a connection of this plant; only displays reach further runtimes"
            draft.findings.error(use.source.file, use.source.line, what, do, rule="unknown-tag")
    return names


def _check_cycles(needs: dict[str, tuple[str, ...]], draft: Draft) -> None:
    done: set[str] = set()
    for start in needs:
        ring = _ring_from(start, needs, done)
        if ring:
            source = draft.by_name[ring[0]].source
            what = f"{ring[0]} is calculated from itself: {' <- '.join((*ring, ring[0]))}"
            draft.findings.error(source.file, source.line, what, "break the ring", rule="expression-cycle")


def _ring_from(start: str, needs: dict[str, tuple[str, ...]], done: set[str]) -> tuple[str, ...]:
    """The first ring that is met from ``start`` (iterative depth-first search)."""
    path: list[str] = []
    on_path: set[str] = set()
    stack: list[tuple[str, bool]] = [(start, False)]
    while stack:
        name, leaving = stack.pop()
        if leaving:
            path.pop()
            on_path.discard(name)
            done.add(name)
        elif name in on_path:
            done.update(path)
            return tuple(path[path.index(name) :])
        elif name not in done and name in needs:
            path.append(name)
            on_path.add(name)
            stack.append((name, True))
            stack.extend((need, False) for need in needs[name])
    return ()
