"""docs/api.md says what the code does: its table is generated, and its examples run."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fake_runtime import fake_runtime

from hmi.core.principal import Mode
from hmi.project.plant import CommandRule, ConnectionDef, Plant
from hmi.runtime import Api, verbs_table
from hmi.testing.driver import FakePlc
from hmi.testing.plant import make_plant, make_tag

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"
START, END = "<!-- verbs -->\n", "<!-- end -->\n"


def small_plant() -> Plant:
    plc1 = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=True)
    valve = make_tag("distribution/prv531.sp", address="1", history=True, command=CommandRule())
    tags = [make_tag("site/plc1.life", address="0"), replace(valve, id="t_tpptjjpqaqr5")]
    return make_plant(tags, connections={"plc1": plc1})


def test_the_table_of_verbs_is_the_one_of_the_code() -> None:
    """When this fails: WATCHKEEPER_WRITE_DOCS=1 writes the table anew."""
    runtime: Any = SimpleNamespace(plant=small_plant(), services=SimpleNamespace(mode=Mode.SIMULATOR))
    table = verbs_table(Api(runtime, cast("Any", None)).verbs)
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(START)
    after = rest.split(END)[1]
    expected = before + START + table + END + after
    if os.environ.get("WATCHKEEPER_WRITE_DOCS"):
        DOCUMENT.write_text(expected, encoding="utf-8")
    assert text == expected


def examples(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)


async def run(*command: str, data: Path) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "DATA": str(data)},
    )  # fmt: skip
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, out.decode()


@pytest.mark.asyncio
@pytest.mark.skipif(
    sys.platform == "win32" or shutil.which("curl") is None, reason="needs curl and a Unix socket"
)
async def test_the_examples_run(tmp_path: Path) -> None:
    plc = FakePlc()
    plc.values = {0: 7.0, 1: 3.0}
    shell = [text for text in examples("sh") if "curl" in text]
    assert len(shell) >= 5
    async with fake_runtime(small_plant(), plc, tmp_path) as runtime:
        async with asyncio.timeout(10):
            while runtime.services.tags.latest[1].value is None:
                await asyncio.sleep(0.02)
        outputs: list[str] = []
        for text in shell:
            code, out = await run("sh", "-e", "-c", text, data=tmp_path)
            assert code == 0, out
            outputs.append(out)
        code, live = await run(sys.executable, "-c", examples("python")[0], data=tmp_path)
        assert code == 0, live
    assert '"site/plc1.life":[7.0,0,' in outputs[0]
    assert '"state":"confirmed"' in outputs[1]
    assert ("write", 3.5) in plc.log
    assert "site/plc1.life 7.0 Good" in live
