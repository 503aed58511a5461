"""Calculated history: totals, running hours, starts, time in state and KPIs of each period, from stored samples."""

from hmi.historian.calculated._desk import Calculations, Result
from hmi.historian.calculated._periods import Period, period_of, periods
from hmi.historian.calculated._results import calculated, combined

__all__ = ["Calculations", "Period", "Result", "calculated", "combined", "period_of", "periods"]
