"""Tags that show figures of an export: is there such a job?"""

from __future__ import annotations

from typing import Final

from hmi.check._suggest import meant
from hmi.project.draft import Draft

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
            draft.findings.error(tag.source.file, tag.source.line, what, do)
