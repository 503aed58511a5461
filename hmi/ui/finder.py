"""Which element of a display stands for a tag or a piece of equipment. No Qt."""

from __future__ import annotations

from hmi.mimics import Scene


def element_for(scene: Scene, target: str) -> int:
    """The element to point at; -1 when the display shows nothing of it.

    First what stands for the object itself, then for its equipment, then for a signal of it, then whatever
    reads it.
    """
    targets = [scene.target(index) for index in range(len(scene.elements))]
    for wanted in (target, target.rpartition(".")[0]):
        if wanted and wanted in targets:
            return targets.index(wanted)
    signal = f"{target}."
    found = (index for index, own in enumerate(targets) if own.startswith(signal))
    reading = (i for i, inputs in enumerate(scene.inputs) if target in inputs.tags and targets[i])
    return next(found, next(reading, -1))
