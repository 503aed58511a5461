"""The historian: records what the plant says, and reads it as one with what is on its way to the archive."""

from hmi.historian._history import History
from hmi.historian._intake import Counts
from hmi.historian._recorder import COLLECTOR
from hmi.historian._run import Opened

__all__ = ["COLLECTOR", "Counts", "History", "Opened"]
