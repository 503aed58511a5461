"""Who may command an area from this position, as the station was told; the runtime decides again (CM-16). No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hmi.client.people import area_lineage
from hmi.core.holds import AreaControl
from hmi.core.texts import tr
from hmi.ui.holds.words import position_words

if TYPE_CHECKING:
    from hmi.ui.station import Station


def control_over(station: Station, area: str) -> AreaControl | None:
    """Who controls an area, or the nearest one around it that somebody controls."""
    return station.holds.control_of(area_lineage(station.plant.areas if station.plant else [], area))


def is_ours(station: Station, control: AreaControl | None) -> bool:
    status = station.status
    return control is not None and status is not None and control.station == status.session.station


def is_used(station: Station) -> bool:
    """Whether the plant asks for it, or somebody controls an area."""
    required = station.plant is not None and station.plant.area_control
    return required or bool(station.holds.holds.areas)


def why_not_here(station: Station, tag: str, area: str) -> str:
    """Why nothing of an area can be commanded from this position; empty when it can. ``tag``: a name of it."""
    control, status = control_over(station, area), station.status_of(tag)
    if control is None:
        plant = station.plant
        needed = plant is not None and plant.area_control and any(one["path"] == area for one in plant.areas)
        return tr("Take control of the area first.") if needed else ""
    if status is None or control.station == status.session.station:
        return ""
    return tr("Controlled by {position}.", position=position_words(control))
