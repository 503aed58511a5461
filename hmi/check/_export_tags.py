"""Tags of exports: those that a job is to deliver, and those that show its figures."""

from __future__ import annotations

from typing import Final

from hmi.check._suggest import meant
from hmi.core.errors import ConfigurationError
from hmi.core.query import problem_of_names, query
from hmi.project.draft import Draft
from hmi.project.exports import ExportDef
from hmi.project.query import Chooser

DRIVER: Final = "exports"


def check_export_tags(draft: Draft) -> None:
    """An error for a figure of a job that the plant does not have: it would have no value for ever."""
    jobs = [job.name for job in draft.head.get("exports", ())]
    own = {one.name for one in draft.connections.values() if one.driver == DRIVER}
    for tag in draft.tags:
        job = tag.address.partition("/")[0]
        if tag.connection in own and job not in jobs:
            what = f"{tag.name}: the address {tag.address!r} is of no export of this plant"
            do = meant(job, jobs, "name a job of [[exports]]")
            draft.findings.error(tag.source.file, tag.source.line, what, do, rule="dead-link")
    chooser = Chooser(draft, draft.areas.values())
    for job in draft.head.get("exports", ()):
        _check_queries(job, chooser, draft)


def _check_queries(job: ExportDef, chooser: Chooser, draft: Draft) -> None:
    """A query of a job that names an unknown type, or no recorded tag at all."""
    line = draft.export_lines.get(job.name, 0)
    for text in job.tags:
        try:
            asked = query(text)
        except ConfigurationError:
            continue  # said where plant.toml was read
        problem = problem_of_names(asked, "type", draft.types)
        if problem and not draft.broken_types:
            draft.findings.error(
                draft.head_file, line, f"export {job.name}: {problem[0]}", problem[1], rule="dead-link"
            )
        elif not any(tag.history and asked.takes(chooser.of_tag(tag)) for tag in draft.tags):
            what = f"export {job.name}: {text!r} names no recorded tag"
            draft.findings.warning(
                draft.head_file, line, what, "check the spelling, or record them", rule="export-empty"
            )
