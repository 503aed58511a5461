"""What the installed program says of itself: whether it is whole, and what it is made of."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from hmi.cli._options import AsJson, DataDir, data_for
from hmi.core.errors import UsageError


def selftest(
    plant: Annotated[
        Path | None, typer.Argument(help="Plant folder; with it the files of its runtime are looked at too.")
    ] = None,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Test program files and security functions; exit 1 when something is wrong, one sentence each."""
    from hmi.project import open_plant
    from hmi.runtime.self_test import self_test

    if data is not None and plant is None:
        raise UsageError("--data needs the plant folder: hmi selftest PLANT --data FOLDER")
    tested = self_test(data_for(open_plant(plant).id, data) if plant is not None else None)
    findings = [finding for one in tested for finding in one.findings]
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in tested], ensure_ascii=False))
    else:
        for one in tested:
            verdict = "FAILED" if one.findings else "ok"
            typer.echo(f"{one.name}: {verdict}" + (f" ({one.note})" if one.note and not one.findings else ""))
        for finding in findings:
            typer.echo(finding, err=True)
    if findings:
        raise typer.Exit(1)


def sbom(
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; standard output when left out.")
    ] = None,
) -> None:
    """The parts list of the installed product as CycloneDX 1.6: packages with version, licence and hashes."""
    from hmi.project.parts_list import parts_list

    text = json.dumps(parts_list(), indent=2, ensure_ascii=False) + "\n"
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{out}: cannot be written ({error.strerror or error})") from error
    typer.echo(f"{out}: written")
