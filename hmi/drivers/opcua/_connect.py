"""Chooses how to talk to a server, checks its certificate and opens the session."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from asyncua import ua
from asyncua.crypto import security_policies, uacrypto
from cryptography import x509

from hmi.acquisition.tally import Tally
from hmi.core.clock import NS_PER_S
from hmi.core.errors import CommunicationError, ConfigurationError
from hmi.core.texts import tr
from hmi.drivers.opcua._address import Endpoint
from hmi.drivers.opcua._session import Link
from hmi.drivers.opcua._values import words
from hmi.drivers.opcua._within import within
from hmi.security import certificates
from hmi.security.sightings import Sighting, record
from hmi.security.trust import Fault, TrustList, Verdict, load_chain

log = logging.getLogger(__name__)
PREFIX = "http://opcfoundation.org/UA/SecurityPolicy#"
NONE_URI = PREFIX + "None"
POLICIES: dict[str, type[security_policies.SecurityPolicy]] = {
    "Aes256_Sha256_RsaPss": security_policies.SecurityPolicyAes256Sha256RsaPss,
    "Aes128_Sha256_RsaOaep": security_policies.SecurityPolicyAes128Sha256RsaOaep,
    "Basic256Sha256": security_policies.SecurityPolicyBasic256Sha256,
}
UNTRUSTED = (ua.StatusCodes.BadSecurityChecksFailed, ua.StatusCodes.BadCertificateUntrusted)
DEPRECATED = ("Basic128Rsa15", "Basic256")
MODES = {"SignAndEncrypt": ua.MessageSecurityMode.SignAndEncrypt, "Sign": ua.MessageSecurityMode.Sign}


def refusal(status: int) -> str:
    """Why the server lets nobody in; servers hide a certificate they do not know behind a general code."""
    hint = "; it may not trust our certificate yet: trust it in the server" if status in UNTRUSTED else ""
    return words(status) + hint


def policy_name(endpoint: ua.EndpointDescription) -> str:
    """Last part of the policy's URI."""
    return str(endpoint.SecurityPolicyUri or NONE_URI).rpartition("#")[2]


def has_login(settings: Mapping[str, Any]) -> bool:
    """Whether a secret has to be sent or a key has to sign."""
    return bool(settings.get("user") or settings.get("user_certificate"))


def new_link(endpoint: Endpoint, settings: Mapping[str, Any], tally: Tally | None = None) -> Link:
    """A client that has not connected yet; ``tally`` counts what passes."""
    return Link(
        endpoint.url,
        timeout_s=int(settings.get("timeout_ms", 4000)) / 1000,
        max_message=int(settings.get("max_message_kb", 4096)) * 1024,
        session_timeout_ms=int(settings.get("session_timeout_ms", 60_000)),
        tally=tally,
    )


async def connect(
    name: str, endpoint: Endpoint, settings: Mapping[str, Any], tally: Tally | None = None
) -> tuple[Link, list[str]]:
    """An open session and notes for the diagnostics; CommunicationError with one sentence."""
    link = new_link(endpoint, settings, tally)
    try:
        offered = await _offered(endpoint, settings)
        chosen = choose(offered, endpoint, settings)
        notes = _unsecured_note(chosen)
        link.security = _security_of(chosen, settings)
        if policy_name(chosen) != "None":
            notes += await _secure(name, link, chosen, endpoint, settings)
        await _login(link, chosen, settings)
        await link.client.connect()
        if policy_name(chosen) != "None":
            _check_offer(offered, await link.client.get_endpoints())
    except BaseException:  # cancelled too: no socket is left behind
        await link.close()
        raise
    for note in notes:
        log.warning("%s: %s", name, note)
    return link, notes


def _security_of(chosen: ua.EndpointDescription, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What is known before the certificates are looked at; who logs in, never with what."""
    user = str(settings.get("user") or "")
    return {
        "policy": policy_name(chosen),
        "mode": ua.MessageSecurityMode(chosen.SecurityMode).name.rstrip("_"),
        "login": "certificate" if settings.get("user_certificate") else "user name" if user else "anonymous",
        "user": user,
    }


def _certificate_facts(certificate: x509.Certificate, before: str) -> dict[str, Any]:
    """Until when a certificate is valid (UTC ns) and how many days are left."""
    until = int(certificate.not_valid_after_utc.timestamp()) * NS_PER_S
    return {f"{before}_valid_to": until, f"{before}_days_left": certificates.days_left(certificate)}


def _unsecured_note(chosen: ua.EndpointDescription) -> list[str]:
    return [tr("messages are neither signed nor encrypted")] if policy_name(chosen) == "None" else []


async def _offered(endpoint: Endpoint, settings: Mapping[str, Any]) -> list[ua.EndpointDescription]:
    """What the server offers, asked on a connection of its own."""
    link = new_link(endpoint, settings)
    try:
        await link.client.connect_sessionless()
        found = await link.client.get_endpoints()
        with contextlib.suppress(OSError, TimeoutError, ua.UaError):
            async with within(link.timeout_s):
                await link.client.disconnect_sessionless()
    finally:
        await link.close()
    return [one for one in found if str(one.EndpointUrl or "").startswith("opc.tcp")]


def choose(
    offered: Sequence[ua.EndpointDescription], endpoint: Endpoint, settings: Mapping[str, Any]
) -> ua.EndpointDescription:
    """The endpoint that the settings ask for; by default the best secured one (UA-11)."""
    wanted = str(settings.get("security", "auto"))
    secured = [one for one in offered if _is_wanted(one, wanted, settings)]
    if secured:
        return max(secured, key=lambda one: (-list(POLICIES).index(policy_name(one)), one.SecurityLevel))
    plain = [one for one in offered if policy_name(one) == "None"]
    if wanted in ("auto", "none") and plain:
        _allow_unsecured(endpoint, settings)
        return plain[0]
    raise CommunicationError(
        _nothing_fits(offered, endpoint, wanted, str(settings.get("mode", "SignAndEncrypt")))
    )


def _is_wanted(offered: ua.EndpointDescription, wanted: str, settings: Mapping[str, Any]) -> bool:
    mode = MODES[str(settings.get("mode", "SignAndEncrypt"))]
    name = policy_name(offered)
    return name in POLICIES and offered.SecurityMode == mode and wanted in ("auto", name)


def _allow_unsecured(endpoint: Endpoint, settings: Mapping[str, Any]) -> None:
    if has_login(settings):
        raise CommunicationError(
            f"{endpoint.url} offers no encryption, so the login would travel in the clear and is not sent; "
            "switch encryption on in the server or remove the user"
        )
    if not endpoint.is_loopback and not settings.get("allow_unsecured", False):
        raise CommunicationError(
            f"{endpoint.url} offers no encryption and is not on this machine; "
            "switch encryption on in the server, or set allow_unsecured for a laboratory"
        )


def _nothing_fits(
    offered: Sequence[ua.EndpointDescription], endpoint: Endpoint, wanted: str, mode: str
) -> str:
    names = sorted({f"{policy_name(one)}/{ua.MessageSecurityMode(one.SecurityMode).name}" for one in offered})
    if offered and all(policy_name(one) in DEPRECATED for one in offered):
        return (
            f"{endpoint.url} offers only {', '.join(names)}, which is deprecated and refused; "
            "switch Basic256Sha256 or better on in the server"
        )
    return f"{endpoint.url} does not offer {wanted} with {mode}; it offers {', '.join(names) or 'nothing'}"


def _check_offer(before: Sequence[ua.EndpointDescription], after: Sequence[ua.EndpointDescription]) -> None:
    """Downgrade check: the list read in the clear must be the one read through the channel."""
    one, other = (
        {(policy_name(item), int(item.SecurityMode)) for item in found} for found in (before, after)
    )
    if hidden := sorted(name for name, _mode in other - one):
        raise CommunicationError(
            f"the list of endpoints was changed on its way: {', '.join(hidden)} was hidden; look at the network"
        )


# --- certificates and users ---------------------------------------------------------------------------


async def _secure(
    name: str, link: Link, chosen: ua.EndpointDescription, endpoint: Endpoint, settings: Mapping[str, Any]
) -> list[str]:
    """Check the server's certificate, then take our own; the notes name the faults accepted by setting."""
    if not settings.get("pki_dir"):
        raise CommunicationError(f"{endpoint.url} wants a certificate; set pki_dir to a folder for it")
    folder = Path(str(settings["pki_dir"]))
    der = bytes(chosen.ServerCertificate or b"")
    accepted = [_override(word) for word in settings.get("overrides", [])]
    uri = str(chosen.Server.ApplicationUri or "")
    seen = Sighting(name, endpoint.url, endpoint.host, uri, der, policy_name(chosen))
    own, verdict = await asyncio.to_thread(_look, folder, seen, accepted)
    if not verdict.is_trusted:
        raise CommunicationError(f"{endpoint.url}: {verdict.text}")
    peer = load_chain(der)[0]
    policy = POLICIES[policy_name(chosen)](
        peer, own.certificate, own.key, chosen.SecurityMode, host_cert_chain=[]
    )
    link.client.application_uri = certificates.san_uri(own.certificate)
    link.client.security_policy = policy
    link.transport.set_security(policy)
    link.security |= {
        "server_certificate": peer.subject.rfc4514_string(),
        **_certificate_facts(peer, "server"),
        **_certificate_facts(own.certificate, "own"),
    }
    notes = [tr("accepted by setting: {fault}", fault=found.text) for found in verdict.overridden]
    if step := certificates.expiry_step(own.certificate):
        left = certificates.days_left(own.certificate)
        notes.append(tr("the own certificate expires in {days} days (step {step})", days=left, step=step))
    return notes


def _look(folder: Path, seen: Sighting, accepted: list[Fault]) -> tuple[certificates.OwnCertificate, Verdict]:
    """Files and keys, off the loop: a new RSA key takes a moment."""
    own = certificates.load_or_create(folder / "own")
    store = TrustList(folder)
    store.prepare()
    verdict = store.check(seen.der, host=seen.host, application_uri=seen.application_uri, overrides=accepted)
    record(folder, seen)
    return own, verdict


def _override(word: object) -> Fault:
    try:
        return Fault(str(word))
    except ValueError as error:
        raise ConfigurationError(
            f"{word!r} is no certificate fault", do="use expired, host or revocation-unknown"
        ) from error


async def _login(link: Link, chosen: ua.EndpointDescription, settings: Mapping[str, Any]) -> None:
    """Give the client the user; a password never leaves in the clear."""
    if not has_login(settings):
        return
    if file := settings.get("user_certificate"):
        try:
            link.client.user_certificate = await uacrypto.load_certificate(str(file))
            link.client.user_private_key = await uacrypto.load_private_key(str(settings.get("user_key", "")))
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"the user's certificate cannot be read: {error}", file=str(file)
            ) from error
        return
    encrypted = chosen.SecurityMode == ua.MessageSecurityMode.SignAndEncrypt
    tokens = [one for one in chosen.UserIdentityTokens or [] if one.TokenType == ua.UserTokenType.UserName]
    if not encrypted and any(token.SecurityPolicyUri == NONE_URI for token in tokens):
        raise CommunicationError("the server wants the password in the clear; it is not sent")
    link.client.set_user(str(settings["user"]))
    link.client.set_password(await asyncio.to_thread(_password, settings))


def _password(settings: Mapping[str, Any]) -> str:
    file = str(settings.get("password_file", ""))
    if not file:
        return str(settings.get("password", ""))
    try:
        return Path(file).read_text(encoding="utf-8").splitlines()[0]
    except (OSError, IndexError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            "the password cannot be read", file=file, do="write it in the first line"
        ) from error
