"""Who the server is and whom it believes: its certificate, its trust list, the passwords of its accounts."""

from __future__ import annotations

import logging
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from hmi.core.errors import ConfigurationError, WatchkeeperError
from hmi.core.texts import tr
from hmi.export.port import ExportContext, TargetRefused
from hmi.exporters.opcua_server.definition import address
from hmi.security import certificates
from hmi.security.trust import TrustList

log = logging.getLogger(__name__)
OWN: Final = "own"
PRODUCT: Final = "opcua-server"
RENEW_DAYS: Final = 7
"""Clients have to trust the new one: people are told 30 days before the end, and may choose the day themselves."""
_EVERYWHERE: Final = frozenset({"0.0.0.0", "::"})


def own_certificate(settings: Mapping[str, Any]) -> certificates.OwnCertificate:
    """The certificate of this server, made when there is none and renewed ``RENEW_DAYS`` before it ends.

    TargetRefused where the folder cannot be used.
    """
    folder = Path(settings["pki"]) / OWN
    where, _port = address(settings)
    named = socket.gethostname() if where in _EVERYWHERE else where
    uri = certificates.application_uri(product=PRODUCT)
    try:
        own = certificates.load_or_create(folder, uri=uri, host=named)
        if certificates.days_left(own.certificate) < RENEW_DAYS:
            stated = certificates.san_uri(own.certificate)
            own = certificates.renew(folder, uri=stated or uri, host=named)
            log.warning(
                "The certificate of the OPC UA server was renewed; clients have to trust the new one."
            )
    except (OSError, ConfigurationError) as error:
        raise TargetRefused(
            tr("the certificate of the OPC UA server cannot be used: {why}", why=error)
        ) from error
    return own


class Trust:
    """Asks the trust list about each client; a certificate that is new waits in ``rejected``."""

    def __init__(self, folder: Path) -> None:
        self._list = TrustList(folder)
        try:
            self._list.prepare()
        except OSError as error:
            raise TargetRefused(tr("the trust list cannot be made: {why}", why=error)) from error

    def __call__(self, der: bytes) -> str:
        """Why a client is not let in; empty when it is."""
        try:
            verdict = self._list.check(der, host=None, application_uri=None, is_client=True)
        except OSError as error:
            return str(error)
        return verdict.text


def passwords(settings: Mapping[str, Any], context: ExportContext) -> dict[str, str]:
    """By user; TargetRefused for a secret that is not there or empty."""
    found: dict[str, str] = {}
    for user, name in settings["accounts"].items():
        try:
            found[user] = context.secret(name)
        except WatchkeeperError as error:
            raise TargetRefused(str(error)) from error
        if not found[user]:
            raise TargetRefused(tr("the secret {name} is empty; put a password in it", name=repr(name)))
    return found
