"""Handles from one revision of a plant to the next (design 2b.2)."""

from __future__ import annotations

from dataclasses import replace

from hmi.project.plant import Plant, TagDef


def keep_handles(plant: Plant, previous: Plant) -> Plant:
    """``plant`` with the handles of ``previous``: a tag keeps its number by id, a new one gets a fresh one.

    A number is never given twice, so nothing that still travels under it can reach another tag.
    """
    known, free = previous.by_id, previous.slots
    tags: list[TagDef] = []
    for tag in plant.tags:
        before = known.get(tag.id)
        handle = free if before is None else before.handle
        free += before is None
        tags.append(tag if tag.handle == handle else replace(tag, handle=handle))
    return replace(
        plant,
        tags=tuple(tags),
        by_name={tag.name: tag for tag in tags},
        by_id={tag.id: tag for tag in tags},
        taken=free,
    )
