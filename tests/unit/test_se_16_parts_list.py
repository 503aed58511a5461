"""SE-16: the parts list names every shipped package with version, licence and hashes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.markers import Marker
from typer.testing import CliRunner

from hmi.cli import _app
from hmi.core.errors import ConfigurationError
from hmi.project.parts_list import parts_list, read_lock
from hmi.project.shipped import lock_file, shipped_path


def libraries(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {part["name"]: part for part in document["components"] if part["type"] == "library"}


@pytest.mark.qt  # without Qt only a part of what is locked is installed
def test_se_16_the_components_are_those_of_the_lock_file_for_this_platform() -> None:
    entries = read_lock(lock_file().read_text(encoding="utf-8"))
    wanted = {
        entry.name: (entry.version, set(entry.hashes))
        for entry in entries
        if not entry.marker or Marker(entry.marker).evaluate()
    }
    found = {
        name: (part["version"], {one["content"] for one in part["hashes"]})
        for name, part in libraries(parts_list()).items()
    }
    assert found == wanted
    assert all(hashes for _, hashes in found.values())


def test_se_16_each_part_has_version_licence_and_hash() -> None:
    for part in parts_list()["components"]:
        assert part["version"], part["name"]
        (licence,) = part["licenses"]
        assert licence.get("expression") or licence["license"].get("id") or licence["license"]["name"]
        assert all(re.fullmatch("[0-9a-f]{64}", one["content"]) for one in part["hashes"]), part["name"]


def test_se_16_fonts_and_sounds_are_parts() -> None:
    resources = shipped_path("resources")
    wanted = {
        f"resources/{file.relative_to(resources).as_posix()}"
        for pattern in ("fonts/*.otf", "sounds/*.wav")
        for file in resources.glob(pattern)
    }
    assert {part["name"] for part in parts_list()["components"] if part["type"] == "file"} == wanted


def test_se_16_the_document_has_what_cyclonedx_1_6_requires() -> None:
    document = parts_list()
    assert (document["bomFormat"], document["specVersion"], document["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", document["serialNumber"])
    refs = [part["bom-ref"] for part in document["components"]]
    assert len(set(refs)) == len(refs)
    assert all(part["type"] in {"library", "file"} and part["name"] for part in document["components"])
    assert {one["alg"] for part in document["components"] for one in part["hashes"]} == {"SHA-256"}
    own = document["metadata"]["component"]
    assert set(document["dependencies"][0]["dependsOn"]) == set(refs)
    assert document["dependencies"][0]["ref"] == own["bom-ref"]
    assert document == parts_list()


def test_se_16_the_document_is_valid_by_the_schema_of_cyclonedx() -> None:
    text = json.dumps(parts_list())
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert fault is None, fault
    broken = text.replace('"library"', '"libary"', 1)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(broken) is not None


def test_se_16_another_version_than_the_locked_one_is_no_parts_list(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"httpx==0.0.1 \\\n    --hash=sha256:{'0' * 64}\n")
    with pytest.raises(ConfigurationError, match=r"httpx .* is installed, the lock file says 0\.0\.1"):
        parts_list(lock)


def test_se_16_the_verb_writes_the_file(tmp_path: Path) -> None:
    out = tmp_path / "sbom.cdx.json"
    done = CliRunner().invoke(_app(), ["sbom", "-o", str(out)])
    assert done.exit_code == 0, done.output
    assert json.loads(out.read_text(encoding="utf-8")) == parts_list()
