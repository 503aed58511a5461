"""Where the station's themes, fonts and icons lie, in a checkout and in an installed wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from hmi.core.errors import ConfigurationError

_PACKAGE = Path(__file__).resolve().parents[1]
_PLACES = (_PACKAGE / "_shipped" / "resources", _PACKAGE.parent / "resources")


@cache
def resource(*parts: str) -> Path:
    """Path of one shipped resource; ConfigurationError when the installation lacks it."""
    for place in _PLACES:
        if (path := place.joinpath(*parts)).exists():
            return path
    raise ConfigurationError(f"the resource {'/'.join(parts)} is missing", do="install Watchkeeper again")
