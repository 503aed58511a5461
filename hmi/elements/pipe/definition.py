"""A routed pipe with flow arrows that tell, where a flow signal is given, whether it flows."""

from __future__ import annotations

import itertools
import math

from hmi.mimics import Element, ElementDefinition, Inputs, Property, mark_of

FLOWING, STILL, UNKNOWN = "full", "hollow", "dashed"


def look(inputs: Inputs) -> tuple[object, ...]:
    """(arrow style, quality mark); empty without a flow signal: the arrows are then part of the fixed picture."""
    if not inputs.bound("flow"):
        return ()
    flow = inputs.reading("flow")
    if flow.number is None or flow.stale:
        return UNKNOWN, mark_of(flow) or "?"
    above = 0.5 if isinstance(flow.data.value, bool) else inputs.element.get("flow_above")
    return FLOWING if flow.number > above else STILL, mark_of(flow)


def arrows_of(element: Element) -> list[tuple[float, float, float]]:
    """(x, y, degrees) of each arrow; one in the middle of the longest run when a flow is given and no arrow is."""
    given = [(arrow[0], arrow[1], arrow[2]) for arrow in element.get("arrows") or () if len(arrow) > 2]
    points = element.get("points") or ()
    if given or len(points) < 2 or not ("flow" in element.bindings or element.get("flow")):
        return given
    runs = list(itertools.pairwise(points))
    (x1, y1), (x2, y2) = (end[:2] for end in max(runs, key=lambda run: math.dist(run[0][:2], run[1][:2])))
    return [((x1 + x2) / 2, (y1 + y2) / 2, math.degrees(math.atan2(y2 - y1, x2 - x1)))]


def place(element: Element) -> tuple[float, float, float, float]:
    """The box around points and arrows."""
    spots = [(point[0], point[1]) for point in element.get("points") or ()]
    spots += [(x, y) for x, y, _ in arrows_of(element)]
    if not spots:
        return element.x, element.y, element.w, element.h
    xs, ys = [x for x, _ in spots], [y for _, y in spots]
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


DEFINITION = ElementDefinition(
    name="pipe",
    title="Pipe",
    properties=(
        Property("points", "points", [], "corners as [x, y] in display pixels"),
        Property("size", "choice", "main", "main 4 px, minor 2 px", ("main", "minor")),
        Property("radius", "number", 0, "of the corners in pixels", low=0, high=200),
        Property("gaps", "points", [], "where it passes behind another pipe, as [x, y] on its line"),
        Property("arrows", "points", [], "flow arrows as [x, y, direction in degrees: 0 right, 90 down]"),
        Property(
            "flow",
            "tag",
            "",
            "a flow or a yes/no: arrows full while it flows, hollow while not, dashed unknown",
        ),
        Property("flow_above", "number", 0, "it flows above this value"),
    ),
    look=look,
    size=(0, 0),
    margin=(26, 26, 26, 26),
    place=place,
    group="process",
)
