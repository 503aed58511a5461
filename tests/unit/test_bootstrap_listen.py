"""A runtime that is started again serves this machine, whatever is wrong with the way to the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from hmi.bootstrap import RuntimeOptions, _listening_or_alone
from hmi.core.errors import UsageError
from hmi.testing.plant import make_plant, make_tag


def test_row_49_a_restart_goes_on_without_the_other_machines(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plant = make_plant([make_tag("a/b")])
    start = RuntimeOptions(plant=tmp_path, data=tmp_path / "data", listen="127.0.0.1:8443")
    with pytest.raises(UsageError, match="a TLS certificate"):
        _listening_or_alone(plant, start)
    again = RuntimeOptions(
        plant=tmp_path, data=tmp_path / "data", listen="127.0.0.1:8443", reason="it crashed"
    )
    assert _listening_or_alone(plant, again) is None
    assert "are not served until the next start" in caplog.text
