"""How large the texts of an element may be: as large as the user wants, no larger than the element has room for.

Positions on a display are its designer's, so a text grows inside the box of its own element only, and only while
it runs into no other text and no symbol of that element and loses no letter. A dry run of the element's own
painter at each size finds out; no element has to know of it.

Dry runs take time, so none is made while a display is opened or painted, but for a few: the display is seen at
once as its designer made it, and its texts grow when the slices that follow have tried every element.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Final

from PySide6.QtCore import QRectF

from hmi.core.clock import NS_PER_MS, monotonic_ns
from hmi.mimics import Display, Scene
from hmi.ui.mimic.hits import Hits
from hmi.ui.mimic.probe import APART, Probe, fits, probed
from hmi.ui.theme import Theme

STEPS: Final = (160, 150, 140, 130, 120, 110)
"""Sizes that are tried, in per cent, from the largest; more would take the figure of a display apart."""
SLICE_NS: Final = 8 * NS_PER_MS
"""Elements are tried for so long in one turn of the event loop, and at least one of them."""
FEW: Final = 4
"""Elements that are tried as soon as they look as never before; more of them wait for a slice."""
MOST: Final = 3_000
"""Elements; trying out more takes seconds of the processor, their texts stay as designed."""
_CROWD: Final = (
    12  # neighbours; an element with more of them waits for a slice, whose time counts each of them
)
_LOOKS: Final = 32  # looks of one element that are remembered
_DISPLAYS: Final = 64  # displays that are remembered
_ENOUGH: Final = 0.75  # of the elements of a display known from before: its texts are large at once

Lengths = tuple[int, ...]
Tried = dict[int, dict[Lengths, int]]
"""By element, and by how long its texts are: the largest size that fits, 0 for an element without texts."""

_remembered: OrderedDict[tuple[int, int], tuple[Display, Tried]] = OrderedDict()


def _tried(display: Display, largest: int) -> Tried:
    """What was found for a display up to a size, for every window, theme and call-up; colours change no width."""
    key = id(display), largest
    if key not in _remembered:
        _remembered[key] = display, {}  # that the display is kept is what keeps its id its own
    _remembered.move_to_end(key)
    while len(_remembered) > _DISPLAYS:
        _remembered.popitem(last=False)
    return _remembered[key][1]


class Growth:
    """The size of every element of a scene, in per cent; a text never grows again once it had to be smaller.

    Elements of one kind and size look alike: they take the size that most of them have room for, or a smaller one
    of their own. What was found for a look holds for every look with texts as long: figures that change do not
    change size. A look that was not tried yet is painted as designed.
    """

    def __init__(self, scene: Scene, hits: Hits, theme: Theme, wanted: int) -> None:
        self._scene, self._hits, self._theme = scene, hits, theme
        self._steps = tuple(step for step in STEPS if step <= wanted)
        self._found: dict[int, int] = {}
        self._alike: dict[tuple[object, ...], int] | None = None
        self._plain: dict[int, Probe] = {}  # only while elements are tried
        self._pending: dict[int, None] = {}
        if not self._steps or len(scene.elements) > MOST:
            self._alike, self._steps = {}, ()
            return
        self._known = _tried(scene.display, self._steps[0])
        self._recall()

    def _recall(self) -> None:
        """Take what is known of the display; what is not has to be tried."""
        count = len(self._scene.elements)
        for index in range(count):
            size = self._known.get(index, {}).get(_lengths(self._scene.looks[index])) if self._known else None
            if size is None:
                self._pending[index] = None
            else:
                self._found[index] = size
        if len(self._found) >= _ENOUGH * count:
            self._compare()

    @property
    def is_settled(self) -> bool:
        """True when nothing is left to be tried."""
        return not self._pending

    def percent(self, index: int, look: tuple[Any, ...]) -> int:
        """For an element with a look; 100 where there is no room for more, and until the look was tried."""
        if self._alike is None or not self._steps:
            return 100
        found = self._found.get(index)
        if found is None or found in {0, 100}:
            return 100
        size = self._known[index].get(_lengths(look))
        if size is None:
            self._pending[index] = None
            return 100
        kind = self._kind(index)
        return min(found, size or 100, self._alike.get(kind, found))

    def meet(self, indices: Iterable[int]) -> None:
        """Elements have other looks, and are about to be painted: the first ``FEW`` that are new are tried."""
        tried = 0
        for index in indices:
            found = self._found.get(index)
            if found is None or found in {0, 100} or index in self._pending:
                continue
            size = self._known[index].get(_lengths(self._scene.looks[index]))
            if size is not None:
                self._found[index] = min(found, size or 100)
            elif tried < FEW and len(self._hits.near(index)) <= _CROWD:
                tried += 1
                self._try(index)
            else:
                self._pending[index] = None
        if not self._pending:
            self._plain.clear()

    def go_on(self, until_ns: int) -> list[int]:
        """Try elements until a monotonic time, one at least; those to be painted larger now."""
        done: list[int] = []
        while self._pending:
            index = next(iter(self._pending))
            if not self._knows_neighbours(index, until_ns):
                break
            self._try(index)
            del self._pending[index]
            done.append(index)
            if monotonic_ns() >= until_ns:
                break
        if not self._pending:
            self._plain.clear()
        if self._alike is None:
            if self._pending:
                return []
            self._compare()
            done = list(range(len(self._scene.elements)))
        looks = self._scene.looks
        return [index for index in done if self.percent(index, looks[index]) > 100]

    def _compare(self) -> None:
        """What size each kind of element takes."""
        groups: dict[tuple[object, ...], list[int]] = {}
        for index, size in self._found.items():
            if size > 0:
                groups.setdefault(self._kind(index), []).append(size)
        self._alike = {kind: sorted(sizes)[len(sizes) // 4] for kind, sizes in groups.items()}

    def _kind(self, index: int) -> tuple[object, ...]:
        element = self._scene.elements[index]
        return element.type, element.h, element.get("style") if element.type == "text" else None

    def _knows_neighbours(self, index: int, until_ns: int) -> bool:
        """Look where the texts of the elements beside one are; False when the time is over before all are known."""
        for other in self._hits.near(index):
            if other not in self._plain:
                self._plain_of(other)
                if monotonic_ns() >= until_ns:
                    return False
        return True

    def _try(self, index: int) -> None:
        """Find the size of an element with its present look, and remember it."""
        known = self._known.setdefault(index, {})
        key = _lengths(self._scene.looks[index])
        size = known.get(key)
        if size is None:
            if len(known) >= _LOOKS:
                del known[next(iter(known))]
            size = known[key] = self._largest(index)
        found = self._found.get(index)
        self._found[index] = size if found is None else min(found, size or 100)

    def _largest(self, index: int) -> int:
        """0 for an element without texts."""
        plain = self._plain[index] = self._probed(index, 100)
        if not plain.texts:
            return 0
        bounds = QRectF(*self._scene.elements[index].bounds)
        others = self._others(index, bounds)
        low, high = 0, len(self._steps)  # the first step that fits lies in low..high
        while low < high:
            middle = (low + high) // 2
            if fits(plain, self._probed(index, self._steps[middle]), bounds, others):
                high = middle
            else:
                low = middle + 1
        return self._steps[low] if low < len(self._steps) else 100

    def _others(self, index: int, bounds: QRectF) -> list[QRectF]:
        """Texts and symbols of the elements beside this one, or the box of one that has neither."""
        found: list[QRectF] = []
        for other in self._hits.near(index):
            if other == index:
                continue
            element, probe = self._scene.elements[other], self._plain_of(other)
            box = QRectF(element.x, element.y, element.w, element.h)
            bare = not probe.texts and not probe.bodies and not box.contains(bounds)
            found += [box] if bare else [*probe.texts, *probe.bodies]
        return [box.adjusted(-APART, -APART, APART, APART) for box in found if box.intersects(bounds)]

    def _plain_of(self, index: int) -> Probe:
        if (probe := self._plain.get(index)) is None:
            probe = self._plain[index] = self._probed(index, 100)
        return probe

    def _probed(self, index: int, percent: int) -> Probe:
        theme = self._theme.grown(percent)
        try:
            return probed(self._scene.elements[index], self._scene.looks[index], theme)
        except Exception:  # it fails again, and is reported, where it is painted: its texts stay as designed
            return Probe(theme)


def _lengths(look: tuple[Any, ...]) -> Lengths:
    """How long each text of a look is, and which parts of it there are."""
    found: list[int] = []
    for part in look:
        if isinstance(part, str):
            found.append(len(part))
        elif isinstance(part, tuple):
            found += (-1, *_lengths(part))
        else:
            found.append(-2 if part else -3)
    return tuple(found)
