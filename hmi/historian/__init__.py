"""History: for now the recent past in memory, behind the verbs that the archive will answer."""

from hmi.historian._recent import FeedRecord, History, RecentHistory

__all__ = ["FeedRecord", "History", "RecentHistory"]
