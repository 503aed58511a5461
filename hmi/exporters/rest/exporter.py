"""Makes the exporter of one job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hmi.export.port import ExportContext, LiveExporter


def create(settings: Mapping[str, Any], context: ExportContext) -> LiveExporter:
    """The exporter of one job."""
    from hmi.exporters.rest._exporter import RestExporter

    return RestExporter(settings, context)
