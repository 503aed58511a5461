"""The linter of a plant folder: everything that loading finds, and everything that names do not lead to."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from hmi.check._alarms import check_alarms
from hmi.check._commands import check_commands
from hmi.check._deadbands import check_deadbands
from hmi.check._displays import check_displays
from hmi.check._export_tags import check_export_tags
from hmi.check._expressions import check_expressions
from hmi.check._ranges import check_ranges
from hmi.check._server_alarms import check_server_alarms
from hmi.check._unused import check_unused
from hmi.project import Finding
from hmi.project.draft import read_draft


def check_plant(folder: Path | str, *, looks: bool = True) -> tuple[Finding, ...]:
    """All findings in the order of files and lines; never raises for what is in the folder.

    ``looks`` False leaves out the lint rules of displays: they find what is hard to read or to hit, which keeps no
    plant from running.
    """
    draft = read_draft(Path(folder))
    if draft.head:
        check_expressions(draft)
        check_alarms(draft)
        check_commands(draft)
        check_ranges(draft)
        check_deadbands(draft)
        check_displays(draft, looks=looks)
        check_server_alarms(draft)
        check_export_tags(draft)
        check_unused(draft)
    return tuple(sorted(dict.fromkeys(draft.findings.items), key=lambda f: (f.file, f.line)))


def findings_as_json(findings: Iterable[Finding]) -> str:
    """A JSON list of objects with severity, rule, file, line, text, do and the sentence."""
    rows = [
        {
            "severity": f.severity,
            "rule": f.rule,
            "file": f.file,
            "line": f.line,
            "text": f.text,
            "do": f.do,
            "sentence": f.sentence,
        }
        for f in findings
    ]
    return json.dumps(rows, ensure_ascii=False, indent=1)


def exit_code(findings: Iterable[Finding]) -> int:
    """1 when there is an error, 0 when there are only warnings or nothing."""
    return 1 if any(f.is_error for f in findings) else 0
