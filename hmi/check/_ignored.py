"""What a plant or a person leaves out of the findings."""

from __future__ import annotations

from collections.abc import Iterable

from hmi.check.codes import code_named, code_of
from hmi.project import Finding
from hmi.project.draft import Draft


def without_ignored(findings: Iterable[Finding], draft: Draft, more: Iterable[str] = ()) -> list[Finding]:
    """The findings without those of ``[check] ignore`` and of ``more``; errors are never left out.

    An entry of plant.toml that finds nothing to leave out is a finding itself.
    """
    own = {entry.partition(":")[0].strip(): entry for entry in draft.left_out}
    wanted = {text: code_named(text) for text in (*own, *more)}
    names = {code.name for code in wanted.values() if code is not None}
    kept, found = list[Finding](), set[str]()
    for finding in findings:
        name = code_of(finding).name
        if name in names and not finding.is_error:
            found.add(name)
        else:
            kept.append(finding)
    for text in own:
        code = wanted[text]
        if code is None or code.name not in found:
            what = (
                "is no code of docs/checks.md" if code is None else "finds nothing that may be left out here"
            )
            draft.findings.stage = "plant-file"
            draft.findings.warning(
                draft.head_file,
                draft.head_line(("check", "ignore")),
                f"[check] leaves out {text}, which {what}",
                "remove the entry; errors are never left out",
                rule="ignored-unneeded",
            )
            kept.append(draft.findings.items[-1])
    return kept
