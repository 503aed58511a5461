"""Our chart for ``hmi bench history``: ``python -m hmi.bench._trend_side`` prints one JSON line.

A frame is all of it, on one thread: from all samples in memory, as the peer has them, over the columns of 16 pens to
scales, axes and the picture. In the product the columns are made elsewhere: ``paint`` is what the Qt thread does of it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication

from hmi.bench._history_signals import columns
from hmi.bench._trend_frames import HEIGHT, PENS, SECONDS, SPIKE, SPIKE_S, WIDTH, frames_ms, values_of
from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.historian.rollups import Rollups
from hmi.historian.samples import Samples
from hmi.historian.trend import series_of, trend
from hmi.mimics import Catalogue
from hmi.testing.client import make_tag
from hmi.ui.station import Station
from hmi.ui.theme import Theme, apply_theme
from hmi.ui.trend.chart import Chart
from hmi.ui.trend.curve import curve_of
from hmi.ui.trend.model import TrendModel

BEGIN = 20_454 * SECONDS * NS_PER_S
NOW = BEGIN + SECONDS * NS_PER_S


class InMemory:
    """Samples of each pen as a reader without rollups gives them."""

    def __init__(self) -> None:
        times = BEGIN + np.arange(SECONDS, dtype=np.int64) * NS_PER_S
        self._pens = [columns(times, values_of(pen)) for pen in range(PENS)]

    def blocks(self, tag: int, start: int, end: int) -> Iterator[Samples]:
        yield self._pens[tag].between(start, end)

    def before(self, tag: int, at: int) -> Samples:
        return self._pens[tag].between(at - NS_PER_S, at - 1)

    def after(self, tag: int, at: int) -> Samples:
        return self._pens[tag].between(at + 1, at + NS_PER_S)

    def rollups(self, tag: int, start: int, end: int, level_ns: int) -> Rollups:
        raise NotImplementedError("there are no levels")

    def levels(self, tag: int) -> tuple[int, ...]:
        return ()


class _Station(QObject):
    """What a chart asks of a station that shows the past only."""

    valuesChanged, judged = Signal(dict), Signal()

    def __init__(self, catalogue: Catalogue) -> None:
        super().__init__()
        self.catalogue, self.plant, self.values = catalogue, SimpleNamespace(zone="UTC"), {}
        self.mailbox, self.link = SimpleNamespace(is_history=True, clock=monotonic_ns), _Nothing()

    def now(self) -> int:
        return NOW

    def want(self, *_: Any) -> None:
        """Nothing is live."""

    def fresh(self, tag: str) -> bool:
        return False


class _Nothing:
    """A link that never answers: the frames get what they show from the archive at once."""

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments, **more: None


class Frames:
    """One chart of 16 pens."""

    def __init__(self, theme: Theme) -> None:
        names = [f"pen/{pen}" for pen in range(PENS)]
        tags = [make_tag(name, unit="bar", low=0.0, high=float(PENS), format=".2f") for name in names]
        self._owner, self._samples = QObject(), InMemory()
        station = cast(Station, _Station(Catalogue(tags)))
        self.model = TrendModel(theme, station, names, SECONDS * NS_PER_S, self._owner)
        self.chart = Chart(theme, self.model)
        self.chart.resize(WIDTH, HEIGHT)
        self.chart.show()

    def frame(self, moved_s: float) -> QPixmap:
        """The window moved to the left: everything in it is reduced, scaled and painted."""
        start = BEGIN - round(moved_s * NS_PER_S)
        end = start + SECONDS * NS_PER_S
        for number, pen in enumerate(self.model.pens):
            found = trend(self._samples, number, start, end, WIDTH, stepped=False)
            pen.curve = curve_of(series_of(found, pen.info.id))
        self.model.views.show(start, end, NOW)
        return self.paint(moved_s)

    def paint(self, moved_s: float) -> QPixmap:
        """The same from the columns that are there."""
        self.model.rescale()
        self.model.changed.emit()
        return self.chart.grab()

    def spikes(self) -> int:
        """Pens whose one sample of its own height is in the columns that are drawn, exactly."""
        at = BEGIN + SPIKE_S * NS_PER_S
        tops = [pen.curve.extent(at - 60 * NS_PER_S, at + 60 * NS_PER_S) for pen in self.model.pens]
        return sum(top is not None and top[1] == pen + SPIKE for pen, top in enumerate(tops))

    def spikes_painted(self) -> int:
        """Pens whose spike stands in the picture: at its height another colour than a few pixels beside it."""
        picture, layout, view = self.frame(0.0).toImage(), self.chart.layout_now, self.model.view
        frame = layout.frame(view, 0)
        x = round(frame.x_at(BEGIN + SPIKE_S * NS_PER_S))
        scale = self.model.axes[0].scale
        found = 0
        for pen in range(PENS):
            y = round(frame.foot - scale.place_one(pen + SPIKE - 0.1) * frame.height)
            ground = picture.pixelColor(x - 12, y)
            found += any(picture.pixelColor(x + by, y) != ground for by in (-2, -1, 0, 1, 2))
        return found


def main() -> None:
    application = QApplication(["side", "-platform", "offscreen"])
    theme = Theme.load("light")
    apply_theme(application, theme)
    frames = Frames(theme)
    took, painted = frames_ms(frames.frame), frames_ms(frames.paint)
    spikes = min(frames.spikes_painted(), frames.spikes())
    sys.stdout.write(json.dumps({"ms": took, "paint": painted, "spikes": spikes}) + "\n")
    sys.stdout.flush()
    os._exit(0)  # the interpreter is not always able to end a picture in order


if __name__ == "__main__":
    main()
