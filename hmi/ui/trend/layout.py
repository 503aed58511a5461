"""Where everything of a chart stands: axes on the left, plot or strips, lanes below, time at the foot; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hmi.ui.trend.strokes import Frame
from hmi.ui.trend.views import View

HEAD: Final = 26.0
FOOT: Final = 42.0
FLAGS: Final = 104.0
LANE: Final = 24.0
LANE_GAP: Final = 5.0
STRIP_GAP: Final = 10.0
NAMES: Final = 116.0
"""Room for the names of lanes."""
AXES_SHARE: Final = 0.36
LANES_SHARE: Final = 0.45


@dataclass(frozen=True, slots=True)
class Box:
    """A place in pixels."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def foot(self) -> float:
        return self.top + self.height

    def holds(self, x: float, y: float) -> bool:
        return self.left <= x <= self.right and self.top <= y <= self.foot


@dataclass(frozen=True, slots=True)
class Layout:
    """``axes``: (index of the axis, its box); ``strips``: the plot of each axis by its index, all the same unless they
    are stacked.
    """

    plot: Box
    axes: tuple[tuple[int, Box], ...]
    strips: tuple[Box, ...]
    lanes: tuple[Box, ...]
    head: Box
    foot: Box

    def frame(self, view: View, axis: int) -> Frame:
        """The plot of an axis with the time in view."""
        strip = self.strips[axis] if axis < len(self.strips) else self.plot
        return Frame(view.start, view.end, strip.left, strip.top, strip.width, strip.height)

    def time_frame(self, view: View) -> Frame:
        return Frame(view.start, view.end, self.plot.left, self.plot.top, self.plot.width, self.plot.height)

    @property
    def all_foot(self) -> float:
        """Where curves and lanes end."""
        return self.lanes[-1].foot if self.lanes else self.plot.foot


def lay_out(
    size: tuple[float, float],
    scale: float,
    widths: Sequence[float],
    *,
    lanes: int,
    first: int,
    stacked: bool,
) -> Layout:
    """``widths``: of each axis; ``first``: the axis beside the plot; ``scale``: of the texts."""
    width, height = size
    gutter, shown = _gutter(widths, width, first, stacked=stacked)
    if lanes:
        gutter = max(gutter, NAMES * scale)
    flags = FLAGS * scale if widths or lanes else 16.0
    left, right = gutter + 4, max(width - flags, gutter + 60)
    top, foot = HEAD * scale, max(height - FOOT * scale, HEAD * scale + 40)
    lane, gap = _lane_height(foot - top, scale, lanes, only=not widths), LANE_GAP * scale
    lanes_top = foot - lanes * (lane + gap)
    plot = Box(left, top, right - left, max((lanes_top if lanes else foot) - top, 0.0))
    if not widths and lanes:
        lanes_top, plot = top, Box(left, top, right - left, 0.0)
    boxes = tuple(Box(left, lanes_top + gap + n * (lane + gap), right - left, lane) for n in range(lanes))
    strips = _strips(plot, len(widths), scale, stacked=stacked)
    return Layout(
        plot, _axes(shown, strips, left), strips, boxes, Box(left, 0.0, right - left, top),
        Box(left, foot, right - left, height - foot),
    )  # fmt: skip


def _gutter(
    widths: Sequence[float], width: float, first: int, *, stacked: bool
) -> tuple[float, list[tuple[int, float]]]:
    """Axes from the plot outwards, as many as there is room for; stacked ones stand below each other."""
    if stacked:
        return max(widths, default=16.0), [(n, one) for n, one in enumerate(widths)]
    order = [n for n in [first, *range(len(widths))] if n < len(widths)]
    shown: list[tuple[int, float]] = []
    used = 0.0
    for index in dict.fromkeys(order):
        if shown and used + widths[index] > width * AXES_SHARE:
            break
        shown.append((index, widths[index]))
        used += widths[index]
    return max(used, 16.0), shown


def _lane_height(room: float, scale: float, lanes: int, *, only: bool) -> float:
    if not lanes:
        return 0.0
    share = room * (1.0 if only else LANES_SHARE) / lanes - LANE_GAP * scale
    return max(min(share, LANE * scale * (1.6 if only else 1.0)), 8.0)


def _strips(plot: Box, count: int, scale: float, *, stacked: bool) -> tuple[Box, ...]:
    if not stacked or count < 2:
        return (plot,) * count
    gap = STRIP_GAP * scale
    height = (plot.height - gap * (count - 1)) / count
    return tuple(
        Box(plot.left, plot.top + n * (height + gap), plot.width, max(height, 8.0)) for n in range(count)
    )


def _axes(
    shown: Sequence[tuple[int, float]], strips: Sequence[Box], left: float
) -> tuple[tuple[int, Box], ...]:
    found: list[tuple[int, Box]] = []
    right = left
    for index, width in shown:
        strip = strips[index]
        is_stacked = any(strips[other].top != strip.top for other, _ in shown)
        edge = left if is_stacked else right
        found.append((index, Box(edge - width, strip.top, width, strip.height)))
        right -= width
    return tuple(found)


def spread(places: Sequence[float], height: float, top: float, foot: float) -> list[float]:
    """Middles of labels that want to stand at ``places`` and must not cover each other, in the same order."""
    order = sorted(range(len(places)), key=lambda n: places[n])
    found = [0.0] * len(places)
    last = top - height / 2
    for index in order:
        last = max(places[index], last + height)
        found[index] = last
    limit = foot - height / 2
    for index in reversed(order):
        found[index] = min(found[index], limit)
        limit = found[index] - height
    return found
