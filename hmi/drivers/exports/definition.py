"""The driver that shows how the export jobs do; it reaches no device."""

from __future__ import annotations

from hmi.core.errors import ConfigurationError
from hmi.drivers.exports._address import check_address
from hmi.plugins.definition import DriverDefinition, Setting


def check_endpoint(endpoint: str) -> None:
    """There is none."""
    raise ConfigurationError(
        f"{endpoint!r}: the figures of the exports have no endpoint", do="remove endpoints"
    )


DEFINITION = DriverDefinition(
    name="exports",
    title="Figures of the export jobs",
    style="poll",
    settings=(
        Setting(
            "data_dir",
            "string",
            "",
            "data folder; by default that of the runtime",
            path_from="data",
            is_folder=True,
        ),
    ),
    tag_options=(),
    check_address=check_address,
    check_endpoint=check_endpoint,
    reaches_device=False,
)
