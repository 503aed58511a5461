"""Whether the files of the installed program are those that were shipped (CR 3.4): each against its wheel's RECORD."""

from __future__ import annotations

import base64
import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from hmi.project.packages import PRODUCT, needed_by

PACKAGE: Final = "hmi"
_CODE = frozenset({".py", ".so", ".pyd", ".dll"})
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class ProgramFiles:
    """How many files were compared, one sentence for each that is not as shipped, or why nothing can be compared."""

    compared: int
    findings: tuple[str, ...]
    why_not: str = ""


def check_program_files(product: Distribution | None = None) -> ProgramFiles:
    """Compare the product and every package it needs; blocking, reads all of their files.

    Never raises for a file: one that cannot be read is a finding. A source checkout has nothing to compare with.
    """
    try:
        product = product or distribution(PRODUCT)
    except PackageNotFoundError:
        return ProgramFiles(
            0, (), "The program is not installed: there is nothing to compare its files with."
        )
    record = _record(product)
    if all(name != f"{PACKAGE}/__init__.py" for name, _ in record):
        text = "The program runs from a source checkout: there is nothing to compare its files with."
        return ProgramFiles(0, (), text)
    compared, findings = 0, list[str]()
    for package in (product, *needed_by(product)):
        try:
            count, found = _compare(package)
        except (OSError, ValueError, csv.Error) as error:
            count, found = 0, [f"the list of files of {package.name} cannot be read ({error})."]
        compared += count
        findings += found
    return ProgramFiles(compared, (*findings, *_strangers(product, {name for name, _ in record})))


def _compare(package: Distribution) -> tuple[int, list[str]]:
    compared, findings = 0, list[str]()
    for name, digest in _record(package):
        if not digest or "__pycache__" in name:
            continue  # RECORD itself, and what Python compiles anew whenever it likes
        file = Path(str(package.locate_file(name)))
        if name.startswith(".."):
            continue  # a launch script, which no runtime runs; moved installations have others
        compared += 1
        if fault := _fault(file, digest):
            findings.append(f"{name} of {package.name} {package.version} {fault}. Install the program again.")
    return compared, findings


def _record(package: Distribution) -> list[tuple[str, str]]:
    """Name and digest (``sha256=…``, empty for some) of each file."""
    rows = csv.reader((package.read_text("RECORD") or "").splitlines())
    return [(row[0], row[1]) for row in rows if len(row) >= 2]


def _fault(file: Path, digest: str) -> str:
    kind, _, expected = digest.partition("=")
    if kind not in {"sha256", "sha384", "sha512"}:
        return f"has a digest of a kind that is not taken ({kind})"
    found = hashlib.new(kind)
    try:
        with file.open("rb") as content:
            while block := content.read(_BLOCK):
                found.update(block)
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"
    base = base64.urlsafe_b64encode(found.digest()).rstrip(b"=").decode()
    is_same = (
        expected.rstrip("=") == base or expected == found.hexdigest()
    )  # some build tools write it in hex
    return "" if is_same else "was changed after it was installed"


def _strangers(product: Distribution, known: set[str]) -> Iterator[str]:
    """Code in the folder of the product that came with no installation."""
    root = Path(str(product.locate_file("")))
    for file in sorted((root / PACKAGE).rglob("*")):
        name = file.relative_to(root).as_posix()
        if file.suffix in _CODE and name not in known:
            yield f"{name} does not belong to {PRODUCT} {product.version}. Find out whose it is, then remove it."
