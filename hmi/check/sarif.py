"""Findings in the form that code hosts read: SARIF 2.1.0 (OASIS), rule ids and places relative to the plant."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from hmi.check.codes import CODES, Code, code_of
from hmi.project import Finding

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
PLANT_ROOT: Final = "PLANT"
_LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}


def findings_as_sarif(findings: Iterable[Finding], folder: Path) -> str:
    """One run with every rule of the linter and a result for each finding."""
    places = {code.id: index for index, code in enumerate(CODES)}
    run = {
        "tool": {
            "driver": {
                "name": "Watchkeeper",
                "version": _version(),
                "rules": [_rule(code) for code in CODES],
            }
        },
        "originalUriBaseIds": {PLANT_ROOT: {"description": {"text": "the plant folder"}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, places, folder) for finding in findings],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=1)


def findings_as_github(findings: Iterable[Finding], folder: Path) -> str:
    """A workflow command of GitHub for each finding, with paths as they are given to ``hmi check``."""
    levels = {"error": "error", "warning": "warning", "info": "notice"}
    lines = []
    for finding in findings:
        code = code_of(finding)
        place = f"file={_escaped(finding.file or str(folder), properties=True)},line={max(finding.line, 1)}"
        title = _escaped(f"{code.id} {code.name}", properties=True)
        lines.append(f"::{levels[finding.severity]} {place},title={title}::{_escaped(_message(finding))}")
    return "\n".join(lines)


def _version() -> str:
    try:
        return importlib.metadata.version("watchkeeper")
    except importlib.metadata.PackageNotFoundError:
        return "0"


def _rule(code: Code) -> dict[str, Any]:
    return {
        "id": code.id,
        "name": "".join(part.capitalize() for part in code.name.split("-")),
        "shortDescription": {"text": code.what},
        "help": {"text": code.do},
        "defaultConfiguration": {"level": _LEVELS[code.severity]},
        "properties": {"tags": [code.name]},
    }


def _result(finding: Finding, places: dict[str, int], folder: Path) -> dict[str, Any]:
    code = code_of(finding)
    place: dict[str, Any] = {"artifactLocation": _artifact(finding.file, folder)}
    if finding.line > 0:
        place["region"] = {"startLine": finding.line}
    return {
        "ruleId": code.id,
        "ruleIndex": places[code.id],
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [{"physicalLocation": place}],
    }


def _message(finding: Finding) -> str:
    return f"{finding.text}; {finding.do}" if finding.do else finding.text


def _artifact(file: str, folder: Path) -> dict[str, str]:
    """A file of the plant by its way from the plant folder; what lies elsewhere by its name alone."""
    path = Path(file or ".")
    inside = path.relative_to(folder) if path.is_relative_to(folder) else Path(path.name)
    return {"uri": quote(inside.as_posix()), "uriBaseId": PLANT_ROOT}


def _escaped(text: str, *, properties: bool = False) -> str:
    """As the workflow commands want it: line ends and, in a property, its separators."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if properties else text
