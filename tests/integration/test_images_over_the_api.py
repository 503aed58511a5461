"""Pictures reach a station over the API, and nothing but the pictures of the plant folder does."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fake_runtime import fake_runtime

from hmi.client.local import find_endpoint
from hmi.client.port import Event, LiveUpdate
from hmi.client.socket import SocketClient
from hmi.mimics import MOST_IMAGE_BYTES
from hmi.project.plant import ConnectionDef
from hmi.testing.driver import FakePlc
from hmi.testing.plant import make_plant, make_tag

pytestmark = pytest.mark.asyncio


def png(width: int = 8, height: int = 8) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * (width + 1) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


class Deaf:
    def on_live(self, update: LiveUpdate) -> None: ...

    def on_event(self, event: Event) -> None: ...

    def on_link(self, up: bool, text: str) -> None: ...


@dataclasses.dataclass
class Site:
    client: SocketClient
    http: httpx.AsyncClient
    folder: Path

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(path)


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    folder, data = tmp_path / "plant", tmp_path / "data"
    (folder / "images" / "site").mkdir(parents=True)
    (folder / "images" / "plan.png").write_bytes(png())
    (folder / "images" / "site" / "über sicht.png").write_bytes(png(16, 9))
    (folder / "plant.toml").write_text("secret = 1\n", encoding="utf-8")
    (folder / "secret.png").write_bytes(png(4, 4))
    connection = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=True)
    plant = make_plant([make_tag("a/t.pv", address="0")], connections={"plc1": connection})
    async with fake_runtime(dataclasses.replace(plant, folder=str(folder)), FakePlc(), data):
        endpoint = find_endpoint(data)
        transport = httpx.AsyncHTTPTransport(uds=endpoint.path or None)
        base = "http://runtime" if endpoint.path else f"http://127.0.0.1:{endpoint.port}"
        headers = {"authorization": f"Bearer {endpoint.token}"} if endpoint.token else {}
        client = SocketClient(data, Deaf())
        async with httpx.AsyncClient(transport=transport, base_url=base, headers=headers) as http:
            yield Site(client, http, folder)
        await client.close()


async def test_a_picture_comes_once_and_is_known_by_its_content(site: Site) -> None:
    content = png()
    first = await site.client.image("plan.png")
    assert first.content == content
    assert first.digest == hashlib.sha256(content).hexdigest()
    again = await site.client.image("plan.png", first.digest)
    assert (again.digest, again.content, again.problem) == (first.digest, b"", "")
    (site.folder / "images" / "plan.png").write_bytes(png(9, 9))
    changed = await site.client.image("plan.png", first.digest)
    assert changed.content == png(9, 9)
    assert (await site.client.image("site/über sicht.png")).content == png(16, 9)


@pytest.mark.parametrize(
    "path",
    [
        "../secret.png", "..%2Fsecret.png", "%2e%2e/secret.png", "site/../../secret.png", "%2Fetc%2Fpasswd",
        "../plant.toml", "plan.png%00.png", "..\\secret.png", "C:%5Csecret.png", "site", "", "none.png", "./plan.png",
    ],
)  # fmt: skip
async def test_no_path_leads_out_of_the_folder(site: Site, path: str) -> None:
    response = await site.get(f"/v1/images/{path}")
    assert response.status_code == 404 or response.content == png()  # "./plan.png" is plan.png


async def test_a_link_out_of_the_folder_is_not_followed(site: Site) -> None:
    (site.folder / "images" / "out.png").symlink_to(site.folder / "secret.png")
    assert (await site.client.image("out.png")).problem == "there is no picture images/out.png"


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("plan.svg", b"<svg/>", "an SVG is not shown; import it, or save it as PNG"),
        ("text.png", b"no picture at all, only words", "is not a PNG"),
        ("large.png", png() + b"\0" * MOST_IMAGE_BYTES, "is larger than 4 MiB"),
        ("wide.png", png(5_000, 2), "has 5000 × 2 pixels"),
    ],
)
async def test_what_is_no_picture_of_a_bounded_size_is_one_sentence(
    site: Site, name: str, content: bytes, problem: str
) -> None:
    (site.folder / "images" / name).write_bytes(content)
    answer = await site.client.image(name)
    assert problem in answer.problem
    assert answer.content == b""


async def test_the_runtime_goes_on_while_pictures_are_read(site: Site) -> None:
    answers = await asyncio.gather(*(site.client.image("plan.png") for _ in range(30)), site.client.status())
    assert all(answer.digest == answers[0].digest for answer in answers[:30])
