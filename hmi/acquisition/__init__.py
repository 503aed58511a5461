"""Connections, scan classes, request blocks and reconnect; the Driver port stands in ``port``."""

from hmi.acquisition._acquisition import Acquisition, NextLinks, create_driver, create_driver_with
from hmi.acquisition._identity import SIMULATOR_VENDOR, identity_problem
from hmi.acquisition._isolated import IsolatedDriver
from hmi.acquisition._link import Link, LinkEvents
from hmi.acquisition._points import endpoints_of, is_loopback, points_of
from hmi.acquisition._queue import PollLoop, Schedule

__all__ = [
    "SIMULATOR_VENDOR",
    "Acquisition",
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
