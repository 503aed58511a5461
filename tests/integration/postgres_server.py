"""A PostgreSQL server for tests of the exporter, and its settings as plant.toml would give them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from hmi.bench.peers.postgres_cluster import DATABASE, OWNER, PASSWORD, PostgresCluster, installed
from hmi.exporters.postgres.definition import DEFINITION

__all__ = ["OWNER", "PASSWORD", "PostgresCluster", "running", "settings_of"]


@contextmanager
def running(config: Sequence[str] = (), wrapped: Sequence[str] = ()) -> Iterator[PostgresCluster]:
    """Started, and removed behind it."""
    if not installed():
        pytest.skip("needs a PostgreSQL server: apt-get install postgresql-15 (.ci/setup does so under CI)")
    cluster = PostgresCluster(config, wrapped)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.remove()


def settings_of(cluster: PostgresCluster, schema: str, **more: Any) -> Mapping[str, Any]:
    """The secret is its own name, as ``export_stream.context`` reads it."""
    own = {
        "port": cluster.port, "database": DATABASE, "user": OWNER, "secret": PASSWORD, "schema": schema,
        "timeout_s": 20,
    }  # fmt: skip
    return {one.name: one.default for one in DEFINITION.settings} | own | more
