"""What the importer of SunSpec models is called and which settings it takes."""

from __future__ import annotations

import re

from hmi.plugins.definition import ImporterDefinition, Setting

SETTINGS = (
    Setting(
        "address", "integer", -1, "of a single model: register of its ID, from 0", minimum=-1, maximum=65_535
    ),
    Setting("counts", "string", "", "of a single model: lengths of its repeated groups: N=2,NPt=4"),
)
HEADER = re.compile(r"\s*model\s*[,;\t|]\s*address\b", re.IGNORECASE)


def recognises(start: str) -> float:
    """A list of models and addresses, or one model as SunSpec publishes them."""
    if HEADER.match(start):
        return 1.0
    if not start.lstrip().startswith("{"):
        return 0.0
    has_group = re.search(r'"group"\s*:\s*\{', start) is not None
    has_points = re.search(r'"points"\s*:\s*\[', start) is not None
    return 1.0 if has_group and has_points else 0.0


DEFINITION = ImporterDefinition(
    name="sunspec",
    title="SunSpec models of a device",
    suffixes=(".csv", ".txt", ".json"),
    recognises=recognises,
    settings=SETTINGS,
)
