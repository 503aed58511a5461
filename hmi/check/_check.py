"""The linter of a plant folder: everything that loading finds, and everything that names do not lead to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from hmi.check._addresses import check_addresses
from hmi.check._alarm_sense import check_alarm_sense
from hmi.check._alarms import check_alarms
from hmi.check._commands import check_commands
from hmi.check._deadbands import check_deadbands
from hmi.check._displays import check_displays
from hmi.check._export_tags import check_export_tags
from hmi.check._expressions import check_expressions
from hmi.check._files import check_files
from hmi.check._ignored import without_ignored
from hmi.check._ranges import check_ranges
from hmi.check._rights import check_rights
from hmi.check._scaling import check_scaling
from hmi.check._secrets import check_secrets
from hmi.check._server_alarms import check_server_alarms
from hmi.check._similar import check_similar
from hmi.check._training import check_training
from hmi.check._units import check_units
from hmi.check._unused import check_unused, note_unused
from hmi.check.codes import code_of
from hmi.core.collector import without_collector
from hmi.project import Finding
from hmi.project.draft import Draft, as_plant, read_draft
from hmi.project.plant import Plant

# (what findings without a rule of their own are about, the check)
_CHECKS: tuple[tuple[str, Callable[[Draft], None]], ...] = (
    ("tag-row", check_expressions),
    ("alarm-row", check_alarms),
    ("alarm-row", check_alarm_sense),
    ("tag-row", check_commands),
    ("tag-row", check_rights),
    ("tag-row", check_ranges),
    ("tag-row", check_scaling),
    ("tag-row", check_deadbands),
    ("tag-row", check_addresses),
    ("tag-row", check_units),
    ("tag-row", check_similar),
    ("plant-file", check_server_alarms),
    ("plant-file", check_export_tags),
    ("plant-file", check_files),
    ("training-file", check_training),
    ("plant-file", check_unused),
)


def check_plant(
    folder: Path | str,
    *,
    looks: bool = True,
    notes: bool = False,
    ignore: Iterable[str] = (),
    data_of: Callable[[str], Path] | None = None,
) -> tuple[Finding, ...]:
    """All findings in the order of files and lines; never raises for what is in the folder.

    ``looks`` False leaves out the lint rules of displays: they find what is hard to read or to hit, which keeps no
    plant from running. ``notes`` adds what is no fault, such as tags that nothing uses. ``ignore``: codes or names
    whose warnings and notes are left out. ``data_of``: the data folder of a plant by its id; without it no secret is
    missed.
    """
    return _checked(Path(folder), looks=looks, notes=notes, ignore=ignore, data_of=data_of)[1]


def checked_plant(folder: Path | str) -> tuple[Plant | None, tuple[Finding, ...]]:
    """The plant, read once, with what ``check_plant`` finds in it but for looks; None where loading finds an error that
    keeps it from opening.
    """
    draft, findings = _checked(Path(folder), looks=False)
    opens = bool(draft.head) and not any(finding.blocks for finding in findings)
    return (as_plant(draft) if opens else None), findings


def _checked(
    folder: Path,
    *,
    looks: bool,
    notes: bool = False,
    ignore: Iterable[str] = (),
    data_of: Callable[[str], Path] | None = None,
) -> tuple[Draft, tuple[Finding, ...]]:
    further = (
        ("plant-file", partial(check_secrets, data_of=data_of)),
        ("display-file", partial(check_displays, looks=looks)),
    )
    with without_collector():
        draft = read_draft(folder)
        for stage, check in (*_CHECKS, *further) if draft.head else ():
            draft.findings.stage = stage
            check(draft)
        if draft.head and notes:
            note_unused(draft)
        found = [finding for finding in draft.findings.items if notes or finding.severity != "info"]
        kept = without_ignored(dict.fromkeys(found), draft, ignore)
    return draft, tuple(sorted(kept, key=lambda f: (f.file, f.line)))


def told(finding: Finding) -> str:
    """One line for people: severity, file and line, what is wrong, what to do, and the code."""
    code = code_of(finding)
    sentence = finding.sentence.removesuffix(f" [{finding.rule}]") if finding.rule else finding.sentence
    return f"{finding.severity}: {sentence} [{code.id} {code.name}]"


def findings_as_json(findings: Iterable[Finding]) -> str:
    """A JSON list of objects with severity, code, rule, file, line, text, do and the sentence."""
    rows = [
        {
            "severity": f.severity,
            "code": code_of(f).id,
            "rule": code_of(f).name,
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
