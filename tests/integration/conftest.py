"""What the tests with real servers share."""

from __future__ import annotations

import os

import pytest
from foreign_server import Installed, Missing, install


@pytest.fixture(scope="session")
def node_opcua() -> Installed:
    """The installed node-opcua server; without Node.js or network a skip, but a failure where CI=true."""
    try:
        return install()
    except Missing as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
