"""The log as JSON: one object a line whatever is logged, in every process, and nothing but it."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hmi.core.logs import LOG_FORMAT, JsonFormatter


def lines_of(code: str, form: str = "json") -> list[str]:
    """Standard error of a process that sets its log up and runs ``code``."""
    whole = f"import logging, threading, warnings\nfrom hmi.core.logs import set_up\nset_up()\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", whole], capture_output=True, text=True, env={**os.environ, LOG_FORMAT: form}, check=False
    )  # fmt: skip
    return done.stderr.splitlines()


def objects_of(code: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines_of(code)]


def test_each_line_is_an_object_with_time_level_logger_message_and_extra() -> None:
    (found,) = objects_of(
        "logging.getLogger('hmi.x').warning('a %s\\nb', 'ü', extra={'job': 'lake', 'path': object})"
    )
    assert (found["level"], found["logger"], found["message"]) == ("warning", "hmi.x", "a ü\nb")
    assert found["time"].endswith("Z")
    assert len(found["time"]) == len("2026-11-28T15:00:00.000000Z")
    assert found["extra"] == {"job": "lake", "path": "<class 'object'>"}


def test_faults_threads_and_warnings_are_objects_too() -> None:
    code = """
warnings.warn("old")
thread = threading.Thread(target=lambda: 1 / 0, name="worker")
thread.start()
thread.join()
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("a").exception("caught")
raise ValueError("the end")
"""
    warned, thread, caught, end = objects_of(code)
    assert "old" in warned["message"]
    assert "The thread worker ends: division by zero" in thread["message"]
    assert caught["exception"].endswith("ZeroDivisionError: division by zero")
    assert (end["level"], end["message"]) == ("critical", "The process ends: the end")


def test_as_text_it_is_a_line_for_people() -> None:
    (line,) = lines_of("logging.getLogger('hmi.x').warning('all is %s', 'well')", "text")
    assert line.endswith("WARNING hmi.x: all is well")


@pytest.mark.parametrize("message", ["\ud800", "\x00\x1b[31m", '"}\n{"', "\u2028"])
def test_no_message_breaks_its_line(message: str) -> None:
    text = JsonFormatter().format(logging.makeLogRecord({"msg": message, "levelname": "INFO"}))
    assert len(text.splitlines()) == 1
    assert text.isascii()
    assert json.loads(text)["message"] == message


def hmi(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hmi", *words]
    return subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )


def test_the_option_and_the_environment_choose_the_form_of_each_verb(tmp_path: Path) -> None:
    there = str(tmp_path / "nothing")
    for given in (
        hmi("serve", there, "--log-format", "json"),
        hmi("run", there, "--log-format", "json"),
        hmi("export", there, "run", "--log-format", "json"),
        hmi("secret", there, "list", WATCHKEEPER_LOG_FORMAT="json"),
        hmi("serve", there, WATCHKEEPER_LOG_FORMAT="json"),
    ):
        assert given.returncode == 2, given.stderr
        assert [json.loads(line)["level"] for line in given.stderr.splitlines()] == ["error"], given.stderr
    plain = hmi("serve", there)
    assert plain.returncode == 2
    assert not plain.stderr.startswith("{")
    wrong = hmi("serve", there, "--log-format", "xml")
    assert wrong.returncode == 2
    assert "is no form of a log" in wrong.stderr.replace("\n", " ")
