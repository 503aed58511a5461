"""Checks the normal bands of tags: inside the range, so that every scale has room for them."""

from __future__ import annotations

from hmi.project.draft import Draft
from hmi.project.plant import Source


def check_ranges(draft: Draft) -> None:
    """A warning for every tag whose band reaches beyond its range; those of a type are said once, at the type."""
    said: set[Source] = set()
    for tag in draft.tags:
        band, limits = tag.normal, tag.range
        if band is None or limits is None or (limits.contains(band.low) and limits.contains(band.high)):
            continue
        source = draft.origin_of(tag)
        if source not in said:
            said.add(source)
            what = f"{tag.name}: the normal band {band.low:g} to {band.high:g} reaches beyond the range"
            draft.findings.warning(
                source.file,
                source.line,
                what,
                f"the range is {limits.low:g} to {limits.high:g}",
                rule="normal-band",
            )
