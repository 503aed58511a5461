"""Connections, scan classes, request blocks and reconnect; the Driver port stands in ``port``.

What is named here is imported when it is asked for: a worker process is a driver and a pipe, and starts at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hmi.acquisition._acquisition import Acquisition, NextLinks, create_driver, create_driver_with
    from hmi.acquisition._following import FollowingDriver
    from hmi.acquisition._identity import SIMULATOR_VENDOR, identity_problem
    from hmi.acquisition._isolated import IsolatedDriver
    from hmi.acquisition._link import Link, LinkEvents
    from hmi.acquisition._points import endpoints_of, is_loopback, points_of
    from hmi.acquisition._queue import PollLoop, Schedule

_MODULES = {
    "SIMULATOR_VENDOR": "_identity",
    "Acquisition": "_acquisition",
    "FollowingDriver": "_following",
    "IsolatedDriver": "_isolated",
    "Link": "_link",
    "LinkEvents": "_link",
    "NextLinks": "_acquisition",
    "PollLoop": "_queue",
    "Schedule": "_queue",
    "create_driver": "_acquisition",
    "create_driver_with": "_acquisition",
    "endpoints_of": "_points",
    "identity_problem": "_identity",
    "is_loopback": "_points",
    "points_of": "_points",
}
__all__ = [
    "SIMULATOR_VENDOR",
    "Acquisition",
    "FollowingDriver",
    "IsolatedDriver",
    "Link",
    "LinkEvents",
    "NextLinks",
    "PollLoop",
    "Schedule",
    "create_driver",
    "create_driver_with",
    "endpoints_of",
    "identity_problem",
    "is_loopback",
    "points_of",
]


def __getattr__(name: str) -> Any:
    """PEP 562."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
