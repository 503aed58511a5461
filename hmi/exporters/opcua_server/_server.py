"""The server of the library with its guard, for one plant; everything here runs in the server's own loop."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false, reportPrivateUsage=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from asyncua import Server, ua
from asyncua.common.connection import TransportLimits
from asyncua.crypto import security_policies

from hmi.core import quality
from hmi.core.clock import wall_ns
from hmi.core.values import DataValue
from hmi.export.port import Schema
from hmi.exporters.opcua_server._guard import (
    Accounts,
    GuardedCore,
    GuardedSockets,
    Limits,
    Teller,
    TrustingFactory,
)
from hmi.exporters.opcua_server._identity import PRODUCT, Trust
from hmi.exporters.opcua_server._space import Space
from hmi.exporters.opcua_server._values import EPOCH
from hmi.security import certificates
from hmi.security.certificates import OwnCertificate

log = logging.getLogger(__name__)
logging.getLogger("asyncua").setLevel(logging.WARNING)  # below that it writes out whole messages
logging.getLogger("asyncua.server").setLevel(logging.CRITICAL)  # what clients do wrong is told by the guard
SILENT_S: Final = 15.0
LOOK_S: Final = 1.0
AT_A_TIME: Final = 200
"""Values between two looks at the network."""
NAMESPACE: Final = "urn:watchkeeper:plant:"
CHUNK, MOST_BYTES = 65_535, 8 * 1024 * 1024
_POLICIES: Final = {
    "Basic256Sha256": ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
    "Aes256_Sha256_RsaPss": ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
}


@dataclass(frozen=True, slots=True)
class Identity:
    """What only a secured server has."""

    own: OwnCertificate
    trust: Trust
    policies: Sequence[str]


def application_uri(identity: Identity | None) -> str:
    """The one that the own certificate states; clients compare them."""
    stated = certificates.san_uri(identity.own.certificate) if identity is not None else ""
    return stated or certificates.application_uri(product=PRODUCT)


class PlantServer(Server):
    """``begin`` listens, ``show`` gives values, ``end`` leaves nothing behind."""

    def __init__(
        self, endpoint: str, identity: Identity | None, passwords: dict[str, str], bounds: Limits
    ) -> None:
        self._tell = Teller()
        core = GuardedCore(
            Accounts(passwords, self._tell), bounds, self._tell, is_secure=identity is not None
        )
        super().__init__(iserver=core)
        self._identity = identity
        self.set_endpoint(endpoint)
        self.name, self.manufacturer_name = "Watchkeeper", "Watchkeeper"
        self.product_uri = "urn:watchkeeper:opcua-server"
        self.application_type = ua.ApplicationType.Server
        self._application_uri = application_uri(identity)
        self.limits = TransportLimits(CHUNK, CHUNK, MOST_BYTES // CHUNK + 1, MOST_BYTES)
        self._space: Space | None = None
        self._shown: dict[int, DataValue] = {}
        self._heard = time.monotonic()
        self._is_silent = False
        self._watch: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    async def begin(self, schema: Schema, *, is_simulated: bool) -> None:
        """Build the plant and listen; OSError where the address cannot be had."""
        await self.init()
        if self._identity is not None:
            own = self._identity.own
            await self.load_certificate(own.certificate_file)
            await self.load_private_key(own.key_file)
            self.set_security_policy([_POLICIES[one] for one in self._identity.policies])
            self.name = f"Watchkeeper {schema.title}"[:100]
        else:
            self.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        await self.set_build_info(self.product_uri, "Watchkeeper", "Watchkeeper", "1", "1", EPOCH)
        index = await self.register_namespace(NAMESPACE + schema.stream.partition("/")[0])
        self._space = Space(self.iserver.aspace, index, schema, is_simulated=is_simulated)
        await self.start()
        self._watch = asyncio.create_task(self._look())

    async def start(self) -> None:
        await self._setup_server_nodes()
        if self._identity is not None:
            own, trust = self._identity.own, self._identity.trust
            self._policies = [
                TrustingFactory(
                    security_policies.SECURITY_POLICY_TYPE_MAP[kind][0],
                    ua.MessageSecurityMode.SignAndEncrypt,
                    own.certificate,
                    own.key,
                    self._permission_ruleset,
                    trusts=trust,
                )
                for kind in self._security_policy
            ]
        host, port = self._get_bind_socket_info()
        self.bserver = GuardedSockets(self.iserver, host, port, self.limits)
        self.bserver.set_policies(self._policies)
        await self.bserver.start()
        await self.iserver.start()

    async def end(self) -> None:
        """Say goodbye, close every connection and stop every task."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        core = self.iserver
        for session in list(core._external_sessions.values()):
            with contextlib.suppress(
                Exception
            ):  # the border to the library: the others are closed all the same
                await session.close_session(True)
        for transport in list(core.asyncio_transports):
            transport.abort()  # a client that reads no more must not hold up the end
        await self.stop()

    async def show(self, places: Sequence[int], values: Sequence[DataValue]) -> None:
        """The newest values; what was kept back while the job was silent comes with them."""
        async with self._turn:
            self._heard = time.monotonic()
            self._shown.update(zip(places, values, strict=True))
            if self._is_silent:
                self._is_silent = False
                places, values = list(self._shown), list(self._shown.values())
            await self._put(places, values)

    async def heard(self) -> None:
        """The job lives."""
        if self._is_silent:
            await self.show((), ())
        self._heard = time.monotonic()

    async def _put(self, places: Sequence[int], values: Sequence[DataValue]) -> None:
        assert self._space is not None
        for number, (place, value) in enumerate(zip(places, values, strict=True), start=1):
            await self._space.put(place, value)
            if number % AT_A_TIME == 0:
                await asyncio.sleep(0)

    async def _look(self) -> None:
        """Nothing old is shown as live: a job that says nothing for long has lost the plant."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self._is_silent or time.monotonic() - self._heard < SILENT_S:
                continue
            async with self._turn:
                self._is_silent = True
                lost = wall_ns()
                bad = DataValue(None, quality.BAD_NO_COMMUNICATION, lost, lost)
                await self._put(list(self._shown), [bad] * len(self._shown))
