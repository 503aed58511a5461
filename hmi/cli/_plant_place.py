"""The data folder of a plant folder, also of one that does not open: what is to be mended has to be found."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from hmi.cli._options import data_for
from hmi.core.errors import UsageError
from hmi.core.texts import tr


def data_of(plant: Path, chosen: Path | None) -> Path:
    """Where its run-time data lie; UsageError when the folder does not say which plant it is."""
    if chosen is not None:
        return chosen
    found = plant_head(plant)
    plant_id = found.get("id")
    if not isinstance(plant_id, str) or not plant_id:
        from hmi.project import open_plant

        plant_id = open_plant(plant).id
    return data_for(plant_id, None)


def plant_head(plant: Path) -> dict[str, Any]:
    """plant.toml as it stands, unchecked; UsageError when it cannot be read."""
    file = plant / "plant.toml"
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UsageError(tr("{plant} is not a plant folder: it has no plant.toml", plant=plant)) from None
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            tr("{file} cannot be read ({error}); name the data folder with --data", file=file, error=error)
        ) from None


def zone_of(plant: Path) -> str:
    """The time zone that it names, UTC where it cannot be read."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        name = str(plant_head(plant).get("zone") or "UTC")
        ZoneInfo(name)
    except (UsageError, ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"
    return name
