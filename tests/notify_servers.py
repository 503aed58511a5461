"""Mail servers and webhooks on this machine, with certificates of a test authority."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import trustme
import uvicorn
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from quiet_port import quiet_port
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SECRET = "canary-7f3a-do-not-show"


class TestAuthority:
    """A certificate authority; ``ca`` is its file in a folder, and it signs for 127.0.0.1."""

    __test__ = False

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca = folder / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca))
        self._certificate = authority.issue_cert("127.0.0.1", "localhost")
        self.files = folder / "server.pem", folder / "server.key"
        self._certificate.cert_chain_pems[0].write_to_path(str(self.files[0]))
        self._certificate.private_key_pem.write_to_path(str(self.files[1]))

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._certificate.configure_cert(context)
        return context


@dataclass
class MailBox:
    """``answer(recipient, number)`` is the server's answer to the number-th time that somebody is named."""

    answer: Callable[[str, int], str] = lambda to, number: "250 OK"
    mails: list[EmailMessage] = field(default_factory=list)
    reached: list[list[str]] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    logins: list[str] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.asked[address] = self.asked.get(address, 0) + 1
        told = self.answer(address, self.asked[address])
        if told.startswith("250"):
            envelope.rcpt_tos.append(address)
        return told

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        found = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        self.mails.append(found)
        self.reached.append(list(envelope.rcpt_tos))
        return "250 taken"


@asynccontextmanager
async def mail_server(
    box: MailBox, authority: TestAuthority | None = None, *, port: int = 0
) -> AsyncIterator[MailBox]:
    """With an authority it demands STARTTLS and then a login."""

    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        box.logins.append(mechanism)
        right = data.login == b"plant" and data.password == SECRET.encode()
        return AuthResult(success=right, handled=right)

    options: dict[str, Any] = {}
    if authority is not None:
        options = {
            "tls_context": authority.context(), "require_starttls": True, "auth_required": True,
            "authenticator": check,
        }  # fmt: skip
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(box, hostname="127.0.0.1", **options), "127.0.0.1", port or box.port or quiet_port()
    )
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()


@dataclass
class Hook:
    """``answers`` in turn, the last one for good; ``wait`` holds an answer back."""

    answers: list[int] = field(default_factory=lambda: [200])
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    wait: asyncio.Event | None = None
    url: str = ""

    async def take(self, request: Request) -> Response:
        self.bodies.append(await request.json())
        self.headers.append(dict(request.headers))
        self.paths.append(request.url.path)
        if self.wait is not None:
            await self.wait.wait()
        code = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Response(status_code=code, headers={"location": "/elsewhere"} if 300 <= code < 400 else {})


@asynccontextmanager
async def webhook(hook: Hook, authority: TestAuthority) -> AsyncIterator[Hook]:
    app = Starlette(routes=[Route("/{path:path}", hook.take, methods=["POST"])])
    certificate, key = map(str, authority.files)
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, ssl_certfile=certificate, ssl_keyfile=key, log_level="error", ws="none",
        lifespan="off",
    )  # fmt: skip
    server = uvicorn.Server(config)
    server.capture_signals = _no_signals  # type: ignore[method-assign]
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    hook.url = f"https://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/alarms"
    try:
        yield hook
    finally:
        server.should_exit = True
        await asyncio.wait([task], timeout=10)


def _no_signals() -> Any:
    import contextlib

    return contextlib.nullcontext()
