"""PyDM shows a screen of ``PyDMLabel``: its side of ``hmi bench mimic``, run in an environment of its own.

``python pydm_screen.py SCREEN.ui COUNT`` prints one JSON line. Values come from a data plugin in this process, so
that no control system is needed; each label has its unit, its tooltip, its alarm border and its severity.
"""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false
# PyDM is installed in another environment, on purpose
from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import screen_cost
from pydm import PyDMApplication, data_plugins
from pydm.data_plugins.plugin import PyDMConnection, PyDMPlugin
from pydm.display import load_file
from qtpy.QtCore import QCoreApplication

QUIET_TURNS = 4  # values are queued, then texts set, then painted
_DEFERRED_DELETE = 52  # QEvent.DeferredDelete; each binding spells it otherwise


class Connection(PyDMConnection):
    """One value; it tells everything about itself when a widget connects."""

    def __init__(self, channel: Any, address: str, protocol: str | None = None, parent: Any = None) -> None:
        super().__init__(channel, address, protocol, parent)
        self.number = int(address)
        self.add_listener(channel)

    def add_listener(self, channel: Any) -> None:
        super().add_listener(channel)
        self.connection_state_signal.emit(True)
        self.unit_signal.emit("m3/h")
        self.prec_signal.emit(1)
        self.new_severity_signal.emit(screen_severity(self.number))
        self.new_value_signal[float].emit(screen_cost.value_of(self.number, 0))


class Plugin(PyDMPlugin):
    protocol = "bench"
    connection_class = Connection


def screen_severity(number: int) -> int:
    """Every tenth value is in alarm, every twentieth not to be relied on, as on the other side."""
    if number % 10 == 3:
        return 2
    return 3 if number % 20 == 7 else 0


class PyDMScreen:
    """Obeys ``screen_cost.Side``."""

    def __init__(self, file: str, plugin: PyDMPlugin) -> None:
        self.file, self.plugin = file, plugin
        self.display: Any = None

    def open(self) -> None:
        self.display = load_file(self.file, target=None)
        self.display.show()
        self._settle()

    def update(self, values: dict[int, float]) -> None:
        connections = self.plugin.connections
        for number, value in values.items():
            connections[str(number)].new_value_signal[float].emit(value)
        self._settle()

    def shown(self, number: int) -> str:
        return getattr(self.display, f"v{number}").text()

    def close(self) -> None:
        display, self.display = self.display, None
        display.close()
        display.deleteLater()
        QCoreApplication.sendPostedEvents(None, _DEFERRED_DELETE)
        self._settle()

    def _settle(self) -> None:
        for _ in range(QUIET_TURNS):
            QCoreApplication.processEvents()


def main(file: str, count: int) -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = PyDMApplication(use_main_window=False)
    plugin = data_plugins.add_plugin(Plugin)
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "warm.ui"
        small.write_text(_WARM, encoding="utf-8")
        warm = PyDMScreen(str(small), plugin)
        warm.open()
        warm.close()
    print(json.dumps(screen_cost.measured(PyDMScreen(file, plugin), count)), flush=True)
    del application
    os._exit(0)  # its threads outlive the application


_WARM = """<?xml version="1.0" encoding="UTF-8"?>
<ui version="4.0"><class>Form</class><widget class="QWidget" name="Form">
<property name="geometry"><rect><x>0</x><y>0</y><width>200</width><height>50</height></rect></property>
<widget class="PyDMLabel" name="v0"><property name="channel" stdset="0"><string>bench://0</string></property></widget>
</widget><customwidgets><customwidget><class>PyDMLabel</class><extends>QLabel</extends>
<header>pydm.widgets.label</header></customwidget></customwidgets></ui>
"""

if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
