"""Delivers one message over one channel: SMTP or a webhook. Certificates are always checked.

What speaks to mail servers and webhooks is imported with the first message: most runtimes send none.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from hmi.core.aside import Aside
from hmi.core.errors import UsageError
from hmi.core.texts import tr
from hmi.notify._message import Message, harmless
from hmi.project.notifications import NotificationDef
from hmi.security.secrets import Secrets

if TYPE_CHECKING:
    from email.message import EmailMessage

ATTEMPT_S, KEY_STORE_S = 30.0, 10.0
_AGAIN = frozenset((408, 425, 429))
_SAID_LIMIT = 300
_aside = Aside("secrets of notifications")


class DeliveryError(Exception):
    """Nothing was delivered; ``again``: another attempt makes sense. The text is one harmless sentence."""

    def __init__(self, text: str, *, again: bool) -> None:
        super().__init__(harmless(text, _SAID_LIMIT))
        self.again = again


@dataclass(frozen=True, slots=True)
class Sent:
    """``refused``: recipients that will never be reached with the reason; ``later``: those to try again."""

    refused: dict[str, str]
    later: dict[str, str]


async def deliver(channel: NotificationDef, message: Message, to: tuple[str, ...], secrets: Secrets) -> Sent:
    """One attempt of at most 30 s; DeliveryError when the server took it for nobody."""
    try:
        async with asyncio.timeout(ATTEMPT_S):
            if channel.kind == "smtp":
                return await _mail(channel, message, to, secrets)
            return await _request(channel, message, secrets)
    except TimeoutError:
        raise DeliveryError(f"no answer within {ATTEMPT_S:g} s", again=True) from None
    except UsageError as error:
        raise DeliveryError(str(error), again=True) from None
    except (OSError, ssl.SSLError) as error:
        raise DeliveryError(f"not reached: {error}", again=True) from None


async def _secret(channel: NotificationDef, secrets: Secrets) -> str:
    """A key store that asks a person may not answer: it must not take the threads that all of a runtime shares."""
    try:
        return await _aside.ask(partial(secrets.get, channel.secret), KEY_STORE_S)
    except TimeoutError:
        sentence = tr("the key store of the system does not answer; unlock it")
        raise DeliveryError(sentence, again=True) from None


def _trusted(channel: NotificationDef) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=channel.ca or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


# ------------------------------------------------------------------------------------------ mail


async def _mail(channel: NotificationDef, message: Message, to: tuple[str, ...], secrets: Secrets) -> Sent:
    import aiosmtplib

    secret = await _secret(channel, secrets) if channel.secret else ""
    client = aiosmtplib.SMTP(
        hostname=channel.server,
        port=channel.port,
        timeout=ATTEMPT_S,
        use_tls=channel.security == "tls",
        start_tls=channel.security == "starttls",
        tls_context=_trusted(channel) if channel.security != "none" else None,
    )
    try:
        async with client:
            if secret:
                await client.login(channel.user, secret)
            answers, _ = await client.send_message(
                _envelope(channel, message), sender=channel.sender, recipients=list(to)
            )
    except aiosmtplib.SMTPRecipientsRefused as error:
        answers = {one.recipient: (one.code, one.message) for one in error.recipients}
    except aiosmtplib.SMTPAuthenticationError as error:
        raise DeliveryError(f"the mail server refuses user and password ({error.code})", again=True) from None
    except aiosmtplib.SMTPResponseException as error:
        raise DeliveryError(
            f"the mail server says {error.code} {error.message}", again=error.code < 500
        ) from None
    except aiosmtplib.SMTPException as error:
        raise DeliveryError(f"the mail server is not reached: {error}", again=True) from None
    told = {one: (int(code), _said(code, text)) for one, (code, text) in answers.items()}
    refused = {one: text for one, (code, text) in told.items() if code >= 500}
    later = {one: text for one, (code, text) in told.items() if code < 500}
    return Sent(refused, later)


def _said(code: int | str, text: int | str) -> str:
    return harmless(f"{code} {text}", _SAID_LIMIT)


def _envelope(channel: NotificationDef, message: Message) -> EmailMessage:
    from email.headerregistry import Address
    from email.message import EmailMessage
    from email.utils import formatdate

    mail = EmailMessage()
    mail["From"] = Address(addr_spec=channel.sender)
    mail["To"] = [Address(addr_spec=one) for one in channel.to]
    mail["Subject"] = message.subject
    mail["Date"] = formatdate(usegmt=True)
    mail["Message-ID"] = f"<{message.id}@{channel.sender.rpartition('@')[2]}>"
    mail["X-Watchkeeper-Id"] = message.id
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    return mail


# ------------------------------------------------------------------------------------------ webhook


async def _request(channel: NotificationDef, message: Message, secrets: Secrets) -> Sent:
    import httpx

    headers = {"Idempotency-Key": message.id, "X-Watchkeeper-Id": message.id}
    if channel.secret:
        headers["Authorization"] = f"Bearer {await _secret(channel, secrets)}"
    body = {"id": message.id, "subject": message.subject, "text": message.text, "alarm": dict(message.fields)}
    verify = _trusted(channel) if channel.url.startswith("https") else True
    try:
        async with (
            httpx.AsyncClient(
                verify=verify, follow_redirects=False, trust_env=False, timeout=ATTEMPT_S
            ) as client,
            client.stream("POST", channel.url, json=body, headers=headers) as answer,
        ):
            code = answer.status_code  # the body is not read: it may be of any size
    except httpx.HTTPError as error:
        raise DeliveryError(f"not reached: {error or type(error).__name__}", again=True) from None
    if 200 <= code < 300:
        return Sent({}, {})
    if 300 <= code < 400:
        raise DeliveryError(
            f"the server answers {code} and points elsewhere, which is not followed", again=False
        )
    raise DeliveryError(f"the server answers {code}", again=code >= 500 or code in _AGAIN)
