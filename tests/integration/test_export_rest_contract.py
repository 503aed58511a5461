"""IT-12: the REST server keeps to its OpenAPI document, asked by schemathesis over a real socket."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from rest_plant import RestPlant, serving

from hmi.exporters.rest import _access
from hmi.serving import Rate

FLOW, PUMP, TOTAL, NOTE = "intake/ft1.pv", "outlet/p1.running", "outlet/total.pv", "outlet/note.text"
EXAMPLES = 8
FIXED = '[parameters]\n"query.cursor" = ""\n"query.tags" = ["intake/*", "area:outlet is:recorded"]\n'
"""A cursor and a query have a meaning that a schema cannot tell: with these every request is to be taken."""


def asked(plant: RestPlant, folder: Path, *options: str) -> str:
    """What schemathesis reports, and that it found nothing."""
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{plant.url}/openapi.json", "--seed", "1",
        "--header", f"Authorization: Bearer {plant.token}", "--max-examples", str(EXAMPLES), "--no-color",
        "--phases", "examples,coverage,fuzzing", *options,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{done.stdout[-6_000:]}\n{done.stderr[-2_000:]}"
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("way", ["any cursor and query", "every request is to be taken"])
def test_it_12_every_answer_is_as_the_document_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(
        _access, "STRANGER", Rate(1e6, 1e6)
    )  # requests without a token are part of the contract
    options: tuple[str, ...] = ("--exclude-checks", "positive_data_acceptance")
    if way.startswith("every"):
        (tmp_path / "schemathesis.toml").write_text(FIXED, encoding="utf-8")
        options = ()
    with serving(tmp_path / "plant") as plant:
        for second in range(60):
            plant.write(second, {FLOW: 0.5 * second, PUMP: second % 2 == 0, TOTAL: 2**60 + second, NOTE: "é"})
        plant.write(60, {FLOW: None}, status=0x80310000)
        plant.events()
        plant.show({FLOW: 1.0})
        assert "Tested: 9" in asked(plant, tmp_path, *options)
