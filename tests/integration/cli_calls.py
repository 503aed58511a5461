"""The real command line in this process, or in one of its own where a process is what is tested."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from hmi.cli import main

PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Result:
    """Exit code and what was printed."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one line a person reads; fails when there is none, more than one, or a traceback."""
        lines = [line for line in (self.out + self.err).splitlines() if line.strip()]
        assert len(lines) == 1, lines
        assert "Traceback" not in lines[0]
        return lines[0]


class CommandLine:
    """``hmi …`` through its entry point, with everything it prints."""

    def __init__(self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capfd, self._monkeypatch = capfd, monkeypatch

    def __call__(self, *arguments: str | Path) -> Result:
        self._monkeypatch.setattr(sys, "argv", ["hmi", *map(str, arguments)])
        self._capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._capfd.readouterr()
        code = ended.value.code
        return Result(code if isinstance(code, int) else int(code is not None), out, err)

    def refused(self, *arguments: str | Path) -> str:
        """The one sentence of a call that ends with 1 or 2."""
        result = self(*arguments)
        assert result.code in (1, 2), result
        return result.sentence


def command(*arguments: str | Path) -> list[str]:
    """The command line of ``hmi …`` as a process."""
    return [sys.executable, "-m", "hmi", *map(str, arguments)]


def call(*arguments: str | Path, without: tuple[str, ...] = ()) -> Result:
    """``hmi …`` as a process of its own, without some variables of the environment."""
    environment = {name: value for name, value in os.environ.items() if name not in without}
    done = subprocess.run(
        command(*arguments), capture_output=True, encoding="utf-8", timeout=PATIENCE_S, env=environment
    )
    return Result(done.returncode, done.stdout, done.stderr)
