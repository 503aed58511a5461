"""Random requests to every verb of the API: strange paths, queries, headers and bodies."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 2**64, 10**40, 0.0, 1e308, -1.5, "", "a", "a/t.pv", "..",
    "a\x00b", "😀", "x" * 5_000, "%s%n", "' or 1=1 --", "<script>", [], {}, [[]], {"a": {}}, [None] * 50,
    "2026-01-01", "nan", "active", "all", "acknowledge", "shelve", "operate",
)  # fmt: skip


class Fuzzer:
    """``ask`` sends one request; ``answers`` counts the status codes."""

    def __init__(self, client: httpx.AsyncClient, seed: int) -> None:
        self._client, self._random = client, random.Random(seed)
        self._operations: list[tuple[str, str, list[str]]] = []
        self.answers: Counter[int] = Counter()
        self.faults: list[str] = []

    async def learn(self) -> None:
        """The verbs of this runtime, from its own description."""
        for path, methods in (await self._client.get("/v1/openapi.json")).json()["paths"].items():
            for method, operation in methods.items():
                self._operations.append((method.upper(), path, _names(operation)))

    async def ask(self) -> None:
        """One request that may be anything."""
        pick = self._random
        method, path, names = pick.choice(self._operations)
        for part in [word for word in path.split("/") if word.startswith("{")]:
            path = path.replace(part, quote(str(pick.choice(ODD))[:200]))
        if pick.random() < 0.05:
            method = pick.choice(("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "X"))
        query = {name: str(pick.choice(ODD))[:500] for name in names if pick.random() < 0.7}
        content = b"" if method == "GET" else self._body(names)
        answer = await self._client.request(
            method, path, params=query if method == "GET" else None, content=content, headers=self._headers()
        )
        self.answers[answer.status_code] += 1
        if answer.status_code >= 500 and answer.status_code not in (502, 503):
            self.faults.append(f"{method} {path} {query} {content[:300]!r}: {answer.text[:300]}")

    def _body(self, names: list[str]) -> bytes:
        pick = self._random
        kind = pick.random()
        if kind < 0.15:
            return pick.randbytes(pick.randrange(200))
        if kind < 0.2:
            return pick.choice((b"[" * pick.randrange(1, 3_000), b'{"id": "\\ud83d", "tag": "\xff"}'))
        value = {name: pick.choice(ODD) for name in names if pick.random() < 0.9}
        body = msgspec.json.encode(value if kind < 0.9 else pick.choice(ODD))
        return body[: pick.randrange(len(body) + 1)] if kind > 0.85 else body

    def _headers(self) -> dict[str, str]:
        pick = self._random
        odd = {
            "watchkeeper-session": "x" * pick.randrange(300),
            "content-type": pick.choice(("", "text/x", "*")),
        }
        return odd if pick.random() < 0.2 else {}


def _names(operation: dict[str, Any]) -> list[str]:
    query = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    return [*query, *body.get("properties", {})]
