"""Why something cannot be put on an object now, or taken away: what a button that may not be pressed says. No Qt.

The runtime decides again at every request.
"""

from __future__ import annotations

from hmi.client.port import InstanceInfo, TagInfo
from hmi.core.holds import ControlTag
from hmi.core.texts import tr
from hmi.mimics import is_pulse
from hmi.ui.holds.control import why_not_here
from hmi.ui.station import Station


class HoldRights:
    """Each answer is one sentence, empty when it can be asked for."""

    def __init__(self, station: Station) -> None:
        self._station = station

    def why_not(self, deed: str, name: str, area: str) -> str:
        """Why the person may not do it now to something called ``name``; ``deed`` as of ``Rights``."""
        station = self._station
        mailbox = station.mailbox_of(name)
        if station.status_of(name) is None or not mailbox.alive:
            return tr("The runtime does not answer.")
        if mailbox.is_history:
            return tr("The past is shown: nothing can be changed in it.")
        return station.rights.why_not(deed, area)

    def why_no_tag(self, name: str) -> str:
        """Why no control tag can be placed on a tag or instance of this name."""
        found = self.find(name)
        if found is None:
            return tr("The plant does not know this object.")
        return self.why_not("operate", name, found.area)

    def why_no_removal(self, tag: ControlTag, name: str, area: str) -> str:
        """Its owner takes it away, or a supervisor."""
        own = tag.owner == self._station.rights.session.user
        return self.why_not("operate", name, area) or ("" if own else self.why_not("tune", name, area))

    def why_no_override(self, info: TagInfo) -> str:
        if is_pulse(info):
            return tr("A pulse has no value.")
        return self.why_no_change("operate", info)

    def why_no_bypass(self, info: TagInfo) -> str:
        return self.why_no_change("operate", info) or self.why_not("tune", info.name, info.area)

    def why_no_change(self, deed: str, info: TagInfo) -> str:
        station = self._station
        return self.why_not(deed, info.name, info.area) or why_not_here(station, info.name, info.area)

    def why_no_claim(self, area: str, *, force: bool = False) -> str:
        return self.why_not("operate", "", area) or (self.why_not("tune", "", area) if force else "")

    def find(self, name: str) -> InstanceInfo | TagInfo | None:
        catalogue = self._station.catalogue
        return catalogue.instances.get(name) or catalogue.tags.get(name)
