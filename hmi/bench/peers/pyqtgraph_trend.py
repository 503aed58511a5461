"""A trend as pyqtgraph draws it when it keeps peaks; prints one JSON line.

``python -m hmi.bench.peers.pyqtgraph_trend``:
16 curves of 24 h of 1 s data with its own axes, ``setDownsampling(auto=True, mode="peak")`` and ``setClipToView``.
"""

from __future__ import annotations

import json
import os
import sys

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QApplication

from hmi.bench._trend_frames import HEIGHT, PENS, SECONDS, WIDTH, frames_ms, values_of


def main() -> None:
    application = QApplication.instance() or QApplication(["peer", "-platform", "offscreen"])
    plot = pg.PlotWidget()
    plot.resize(WIDTH, HEIGHT)
    plot.setDownsampling(auto=True, mode="peak")
    plot.setClipToView(True)
    seconds = np.arange(SECONDS, dtype=np.float64)
    for pen in range(PENS):
        plot.plot(seconds, values_of(pen), pen=pg.mkPen(pg.intColor(pen, PENS), width=1))
    plot.setYRange(0, PENS)
    plot.show()

    def frame(moved_s: float) -> object:
        plot.setXRange(moved_s, SECONDS + moved_s, padding=0)  # pyright: ignore[reportCallIssue]
        return plot.grab()

    sys.stdout.write(json.dumps({"ms": frames_ms(frame)}) + "\n")
    sys.stdout.flush()
    application.processEvents()
    os._exit(0)  # the interpreter is not always able to end it in order


if __name__ == "__main__":
    main()
