"""Checks where points lie in their devices: points that lie on each other, and numbers that no raw value can give."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from hmi.core.errors import AddressError, ConfigurationError
from hmi.plugins.definition import Footprint, Points
from hmi.project.draft import Draft
from hmi.project.plant import ConnectionDef, Source, TagDef

MOST_TOLD: Final = 50  # findings of one kind for one connection
_WIDEST: Final = 64  # neighbours that one point is held against


class Point(NamedTuple):
    """A tag and what it takes up."""

    tag: TagDef
    place: Footprint


def check_addresses(draft: Draft) -> None:
    """Findings for each connection whose driver says what its points take up."""
    by_connection: defaultdict[str, list[Point]] = defaultdict(list)
    points = {name: _points_of(connection, draft) for name, connection in draft.connections.items()}
    for tag in draft.tags:
        if (place := _place_of(tag, points.get(tag.connection))) is not None:
            by_connection[tag.connection].append(Point(tag, place))
    for own in by_connection.values():
        _check_overlaps(own, draft)
        _check_raw_ends(own, draft)


def _points_of(connection: ConnectionDef, draft: Draft) -> Points | None:
    driver = draft.drivers.get(connection.driver)
    return driver.points_of(connection.settings) if driver else None


def _place_of(tag: TagDef, points: Points | None) -> Footprint | None:
    if points is None or not tag.address:
        return None
    try:
        return points.footprint(tag.address, tag.type, tag.options)
    except (AddressError, ConfigurationError):
        return None  # said where the row was read


# points that lie on each other


class _Clash(NamedTuple):
    rule: str
    first: TagDef
    second: TagDef


def _check_overlaps(points: Iterable[Point], draft: Draft) -> None:
    """One finding for two rows, however many of their points meet."""
    met: dict[tuple[str, Source, Source], list[_Clash]] = {}
    for clash in _clashes(points):
        one, other = sorted((clash.first.source, clash.second.source), key=lambda s: (s.file, s.line))
        met.setdefault((clash.rule, one, other), []).append(clash)
    told: defaultdict[str, int] = defaultdict(int)
    for (rule, _, later), clashes in met.items():
        told[rule] += 1
        if told[rule] <= MOST_TOLD:
            _tell(rule, clashes, later, draft)
    for rule, count in told.items():
        if count > MOST_TOLD:
            first = next(iter(met.values()))[0].first
            what = f"{count - MOST_TOLD} more findings of {rule} on the connection {first.connection} are not listed"
            draft.findings.note(
                _SEVERITY[rule], first.source.file, 0, what, "correct the listed ones first", rule
            )


_SEVERITY: Final = {"address-overlap": "warning", "address-written-twice": "warning", "address-twice": "info"}
_WORDS: Final = {
    "address-overlap": (
        "lie on each other and are read in different ways",
        "correct the address, the type or the length of one of them",
    ),
    "address-written-twice": (
        "are one place in the device, and both are written",
        "keep the command at one of them",
    ),
    "address-twice": ("are one place in the device", "make one of them a derived tag, or leave it as it is"),
}


def _tell(rule: str, clashes: list[_Clash], source: Source, draft: Draft) -> None:
    one, other = clashes[0].first, clashes[0].second
    more = f", and {len(clashes) - 1} more of these rows" if len(clashes) > 1 else ""
    words, do = _WORDS[rule]
    what = f"{one.name} ({one.address}) and {other.name} ({other.address}){more} {words}"
    draft.findings.note(_SEVERITY[rule], source.file, source.line, what, do, rule)


def _clashes(points: Iterable[Point]) -> Iterator[_Clash]:
    """Neighbours in the order of their places: a point is held against those that begin before it ends."""
    ordered = sorted(points, key=lambda point: (point.place.space, point.place.first, -point.place.end))
    open_points: list[Point] = []
    space = ""
    for point in ordered:
        if point.place.space != space:
            space, open_points = point.place.space, []
        elif open_points:
            first = point.place.first
            open_points = [one for one in open_points if one.place.end > first][-_WIDEST:]
            for other in open_points:
                if rule := _rule_of(other, point):
                    yield _Clash(rule, other.tag, point.tag)
        open_points.append(point)


def _rule_of(one: Point, other: Point) -> str:
    """What is wrong with two points that meet; empty for a register and the bits in it."""
    a, b = one.place, other.place
    if a.part != b.part:
        return ""
    same = (a.first, a.end) == (b.first, b.end)
    if not same or a.kind != b.kind:
        return "" if a.part and b.part and not same else "address-overlap"
    written = one.tag.command is not None and other.tag.command is not None
    return "address-written-twice" if written else "address-twice"


# numbers that the device cannot give


def _check_raw_ends(points: Iterable[Point], draft: Draft) -> None:
    """What is scaled from, or shown as the range, lies beyond what the type in the device can hold."""
    said: set[Source] = set()
    for tag, place in points:
        if place.low == place.high or (tag.scaling is None and (tag.range is None or not tag.is_analogue)):
            continue
        ends = tag.scaling.raw if tag.scaling is not None else tag.range
        if ends is None or (place.low <= ends.low and ends.high <= place.high):
            continue
        source = draft.origin_of(tag)
        if source in said:
            continue
        said.add(source)
        rule, words = ("raw-beyond-type", "raw values") if tag.scaling else ("range-beyond-type", "range")
        kind = place.kind.partition(" ")[0]
        what = f"{tag.name}: the {words} {ends.low:g} to {ends.high:g} go beyond {kind}"
        do = f"{kind} holds {place.low:.10g} to {place.high:.10g}; correct the type, or the numbers"
        draft.findings.warning(source.file, source.line, what, do, rule=rule)
