"""An environment of its own for PyDM, which asks for another Qt than ours; made once, kept in the user's cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path

from hmi.core.errors import CommunicationError

PYDM = "1.29.0"
INSTALL_S = 900.0
_DONE = "installed"


def python() -> Path:
    """The interpreter that has PyDM and the Qt binding that we have; CommunicationError when neither can be had."""
    folder = _folder()
    if not (folder / _DONE).exists():
        _install(folder)
    return _interpreter(folder)


def environment() -> dict[str, str]:
    """For a process of that interpreter: offscreen, and its own tools found before others."""
    programs = str(_interpreter(_folder()).parent)
    return {
        **os.environ,
        "QT_API": "pyside6",
        "QT_QPA_PLATFORM": "offscreen",
        "PATH": programs + os.pathsep + os.environ.get("PATH", ""),
    }


def _folder() -> Path:
    name = f"pydm-{PYDM}-qt-{_qt()}-python-{sys.version_info.major}.{sys.version_info.minor}"
    return user_cache_path("watchkeeper", appauthor=False) / "bench" / name


def _qt() -> str:
    """The version of the binding under both sides; only its essentials, as ours."""
    return version("PySide6_Essentials")


def _interpreter(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _install(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    wanted = [f"pydm=={PYDM}", f"PySide6_Essentials=={_qt()}"]
    command = [str(_interpreter(folder)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        done = subprocess.run([*command, *wanted], capture_output=True, text=True, timeout=INSTALL_S)
    except subprocess.TimeoutExpired:
        raise _unreachable(f"no answer within {INSTALL_S:g} s") from None
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise _unreachable(errors[-1].removeprefix("ERROR: ") if errors else "pip failed")
    (folder / _DONE).write_text("\n".join(wanted) + "\n", encoding="ascii")


def _unreachable(why: str) -> CommunicationError:
    return CommunicationError(
        f"PyDM {PYDM}, which the mimic is measured against, cannot be installed from the package registry "
        f"({why}); connect to the registry once, the environment is then kept"
    )
