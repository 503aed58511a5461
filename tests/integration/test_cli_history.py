"""``hmi history`` over an archive at rest and over a runtime that runs: what is read, and every file it writes."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from cli_calls import CommandLine, command

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.history import Modification
from hmi.core.values import DataValue, Value
from hmi.historian.port import Annotation, CommitKind, DuplicatePolicy
from hmi.historian.samples import Batch, Samples
from hmi.runtime import HistoryFolder
from hmi.testing.history import make_samples

TAG, VALVE, NAME = "t_aaaaaaaaaaa2", "t_aaaaaaaaaaa3", "t_aaaaaaaaaaa4"
BEGIN = int(datetime(2026, 10, 24, 22, tzinfo=UTC).timestamp()) * NS_PER_S
"""Midnight of 25 October 2026 in Berlin: the day has 25 hours."""
HOUR = 3_600 * NS_PER_S
PLANT = """\
schema = 1
id = "p_aaaaaaaaaaa2"
name = "cli"
title = "A plant for the command line"
zone = "Europe/Berlin"
"""
TAGS = f"""\
id,name,type,unit,connection,address,description
{TAG},a/level,float,m,plc1,HR0,Level
{VALVE},a/valve,int64,,plc1,HR2,Valve
{NAME},a/mode,string,,plc1,HR4/8,=1+1
"""


@pytest.fixture
def hmi(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(capfd, monkeypatch)


@pytest.fixture
def rest(tmp_path: Path) -> tuple[str, ...]:
    """Arguments that read an archive of 26 hours in steps of 10 minutes; no runtime runs."""
    data = tmp_path / "data"
    folder = HistoryFolder(data, simulated=False)
    archive = folder.open("run_1", stepped=lambda tag: tag == 2, fine=lambda tag: False).archive
    times = BEGIN + np.arange(26 * 6, dtype=np.int64) * (HOUR // 6)
    level = make_samples(times, np.arange(26 * 6) / 6)
    put(archive, TAG, level)
    put(archive, VALVE, Samples.of([row(0, 0), row(1, 100), row(2, None, quality.BAD_NO_COMMUNICATION), row(3, 50)]))
    put(archive, NAME, Samples.of([row(0, "=cmd()"), row(1, "Auto, \"fast\"")]))
    put_right(archive)
    archive.annotate(Annotation("an_1", TAG, BEGIN + HOUR, "Filter", "ada", BEGIN))
    archive.close()
    return (str(plant_at(tmp_path)), "--data", str(data))


def plant_at(tmp_path: Path) -> Path:
    from hmi.project import new_plant

    folder = tmp_path / "plant"
    new_plant(folder)
    return folder


def row(hours: float, value: Value, status: int = 0) -> DataValue:
    at = BEGIN + int(hours * HOUR)
    return DataValue(value, status, at, at)
