"""The log of a process goes to standard error: as lines for people, or one JSON object a line for a collector."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Final

LOG_FORMAT: Final = "WATCHKEEPER_LOG_FORMAT"
"""Environment variable, ``text`` or ``json``; the processes that this one starts take it over."""
TEXT, JSON = "text", "json"
FORMATS: Final = (TEXT, JSON)
_LINE: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_OWN: Final = frozenset((*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class JsonFormatter(logging.Formatter):
    """``time`` (UTC with microseconds), ``level``, ``logger``, ``message``, ``process`` (its number) and, where there
    is one, ``exception`` and ``extra``: what the call gave beside the message.
    """

    def format(self, record: logging.LogRecord) -> str:
        at = _EPOCH + timedelta(microseconds=round(record.created * 1_000_000))
        content: dict[str, Any] = {
            "time": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
        }
        if record.exc_info:
            content["exception"] = self.formatException(record.exc_info)
        extra = {name: value for name, value in vars(record).items() if name not in _OWN}
        if extra:
            content["extra"] = extra
        return json.dumps(content, default=str)


class _Handler(logging.StreamHandler[Any]):
    """Our own on standard error, so that it is found again."""


def is_json() -> bool:
    """Whether this process and those it starts log as JSON."""
    return os.environ.get(LOG_FORMAT, "").strip().lower() == JSON


def set_up(line: str = _LINE) -> None:
    """The log by the environment; may be called again. ``line``: form of a line for people."""
    root = logging.getLogger()
    for old in [one for one in root.handlers if isinstance(one, _Handler)]:
        root.removeHandler(old)
    if root.handlers:  # whoever embeds the product has a log already
        return
    handler = _Handler()
    handler.setFormatter(JsonFormatter() if is_json() else logging.Formatter(line))
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    if is_json():
        logging.captureWarnings(True)
        sys.excepthook, threading.excepthook = _log_end, _log_thread_end


def _log_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return sys.__excepthook__(kind, error, trace)
    return logging.getLogger("hmi").critical("The process ends: %s", error, exc_info=(kind, error, trace))


def _log_thread_end(ended: threading.ExceptHookArgs) -> None:
    error = ended.exc_value or ended.exc_type()
    name = ended.thread.name if ended.thread else ""
    where = (ended.exc_type, error, ended.exc_traceback)
    logging.getLogger("hmi").critical("The thread %s ends: %s", name, error, exc_info=where)
