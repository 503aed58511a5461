"""What the library leaves open in a server, closed: trust, rights, limits.

The library (asyncua 2.1.0) serves channels without security whatever policies are offered, asks for trust after a
session was made and only where the client names its certificate, answers requests of sessions that nobody logged in
to, counts sessions up as their tokens, lets clients add nodes and servers, and knows no bound for what a client may
ask. Every request passes here first.
"""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false, reportIncompatibleMethodOverride=false
# pyright: reportPrivateUsage=false
# the library re-exports its names without saying so, types its integers narrower than it means, and offers no other way
from __future__ import annotations

import logging
import math
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.crypto import security_policies
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.binary_server_asyncio import BinaryServer, OPCUAProtocol
from asyncua.server.internal_server import InternalServer
from asyncua.server.internal_session import InternalSession, SessionState
from asyncua.server.uaprocessor import UaProcessor
from asyncua.server.user_managers import UserManager
from asyncua.ua.ua_binary import struct_from_binary, uatcp_to_binary

from hmi.security.certificates import san_uri
from hmi.security.trust import load_chain

log = logging.getLogger(__name__)
RSA_15: Final = "http://www.w3.org/2001/04/xmlenc#rsa-1_5"
SLOWEST_MS: Final = 60_000.0
QUEUE: Final = 100
MOST_TOLD: Final = 200
MOST_WRONG, WRONG_S = 10, 60.0
LONGEST_SESSION_MS: Final = 120_000.0
"""So long a client that lost its connection keeps its place and its subscriptions."""
WAITING_CHANNELS: Final = 20
"""Channels beyond the sessions: of clients that look for endpoints or are about to log in."""


def _request(name: str) -> int:
    return int(getattr(ua.ObjectIds, f"{name}Request_Encoding_DefaultBinary"))


OPEN_TO_ALL: Final = frozenset(map(_request, ("GetEndpoints", "FindServers")))
CREATE, ACTIVATE, CLOSE = map(_request, ("CreateSession", "ActivateSession", "CloseSession"))
READING: Final = frozenset(
    map(
        _request,
        (
            "Read", "Write", "Browse", "TranslateBrowsePathsToNodeIds", "CreateSubscription", "ModifySubscription",
            "DeleteSubscriptions", "TransferSubscriptions", "CreateMonitoredItems", "ModifyMonitoredItems",
            "DeleteMonitoredItems", "Publish", "Republish", "SetMonitoringMode", "SetPublishingMode", "RegisterNodes",
            "UnregisterNodes",
        ),
    )
)  # fmt: skip
"""What a client may ask; each write in it is answered with BadNotWritable."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one server gives: sessions in all, and to each of them subscriptions, items and the shortest interval."""

    sessions: int
    subscriptions: int
    items: int
    fastest_ms: int


class Teller:
    """Writes each sentence into the log once."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def __call__(self, text: str) -> None:
        if text not in self._told and len(self._told) < MOST_TOLD:
            self._told.add(text)
            log.warning("%s", text)


class Refused(Exception):
    """A certificate that no channel is opened for."""


class TrustingFactory(security_policies.SecurityPolicyFactory):
    """Makes the security of a channel, once the client's certificate is trusted."""

    def __init__(self, *parts: Any, trusts: Callable[[bytes], str]) -> None:
        super().__init__(*parts)
        self._trusts = trusts

    def create(self, peer_certificate: bytes | None) -> Any:
        why = self._trusts(peer_certificate or b"")
        if why:
            raise Refused(why)
        return super().create(peer_certificate)


class Accounts(UserManager):
    """Users by name and password; without any, everybody on this machine.

    After ``MOST_WRONG`` wrong passwords of a user within ``WRONG_S`` no password of that user is tried any more until
    the oldest of them is that long ago.
    """

    def __init__(
        self, passwords: dict[str, str], tell: Teller, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._passwords, self._tell, self._monotonic = passwords, tell, monotonic
        self._wrong = {user: deque[float](maxlen=MOST_WRONG) for user in passwords}

    def get_user(
        self, iserver: Any, username: Any = None, password: Any = None, certificate: Any = None
    ) -> Any:
        if not self._passwords:
            return User(UserRole.User)
        wrong, now = self._wrong.get(username or ""), self._monotonic()
        if wrong is not None and len(wrong) == MOST_WRONG and now - wrong[0] < WRONG_S:
            self._tell(f"OPC UA server: too many wrong passwords of {username!r}; none is tried for a while.")
            return None
        given = password if isinstance(password, str) else ""
        expected = self._passwords.get(username or "", secrets.token_hex())
        if secrets.compare_digest(given.encode(), expected.encode()):
            return User(UserRole.User, username)
        if wrong is not None:
            wrong.append(now)
        self._tell(f"OPC UA server: a login as {str(username)[:40]!r} was refused.")
        return None


class GuardedSession(InternalSession):
    """A session of a client, within the limits and read-only. ``peer``: the certificate of the channel it came by."""

    def __init__(self, server: GuardedCore, name: str, **more: Any) -> None:
        super().__init__(server, server.aspace, server.subscription_service, name, **more)
        self.core = server
        self.peer: bytes | None = None
        self.auth_token = ua.NodeId(secrets.token_bytes(24), 0, ua.NodeIdType.ByteString)
        self.external = True
        server.register_external_session(self)

    async def write(self, params: ua.WriteParameters) -> list[ua.StatusCode]:
        self.core.tell(
            f"OPC UA server: {self.user.name or 'a client'} tried to write; nothing can be written here."
        )
        return [ua.StatusCode(ua.StatusCodes.BadNotWritable) for _ in params.NodesToWrite]

    async def create_subscription(self, params: Any, callback: Any, request_callback: Any = None) -> Any:
        if len(self._own()) >= self.core.bounds.subscriptions:
            raise ServiceError(ua.StatusCodes.BadTooManySubscriptions)
        wanted = float(params.RequestedPublishingInterval)
        wanted = wanted if math.isfinite(wanted) else 0.0
        params.RequestedPublishingInterval = min(max(wanted, float(self.core.bounds.fastest_ms)), SLOWEST_MS)
        params.RequestedMaxKeepAliveCount = min(
            params.RequestedMaxKeepAliveCount or 10, self.core.max_keep_alive_count
        )
        params.RequestedLifetimeCount = max(
            params.RequestedLifetimeCount, 3 * params.RequestedMaxKeepAliveCount
        )
        return await super().create_subscription(params, callback, request_callback)

    async def create_monitored_items(self, params: ua.CreateMonitoredItemsParameters) -> Any:
        has = sum(len(one.monitored_item_srv._monitored_items) for one in self._own())
        if has + len(params.ItemsToCreate) > self.core.bounds.items:
            raise ServiceError(ua.StatusCodes.BadTooManyMonitoredItems)
        for item in params.ItemsToCreate:
            _check_filter(item.RequestedParameters)
        return await super().create_monitored_items(params)

    async def modify_monitored_items(self, params: ua.ModifyMonitoredItemsParameters) -> Any:
        for item in params.ItemsToModify:
            _check_filter(item.RequestedParameters)
        return await super().modify_monitored_items(params)

    def _own(self) -> list[Any]:
        return [
            one
            for one in self.subscription_service.subscriptions.values()
            if one.session_id == self.session_id
        ]


def _check_filter(wanted: ua.MonitoringParameters) -> None:
    """Only filters that the library can apply; queues within bounds."""
    if isinstance(wanted.Filter, ua.ExtensionObject) and wanted.Filter.TypeId.is_null():
        wanted.Filter = None
    if wanted.Filter is not None and not isinstance(wanted.Filter, ua.DataChangeFilter):
        raise ServiceError(ua.StatusCodes.BadMonitoredItemFilterUnsupported)
    wanted.QueueSize = min(max(wanted.QueueSize, 1), QUEUE)


class GuardedCore(InternalServer):
    """The server behind the sockets, which makes no sessions but guarded ones."""

    def __init__(self, users: Accounts, bounds: Limits, tell: Teller, *, is_secure: bool) -> None:
        super().__init__(user_manager=users)
        self.bounds, self.tell, self.is_secure = bounds, tell, is_secure
        self.max_connections = bounds.sessions + WAITING_CHANNELS
        self.max_subscriptions = bounds.sessions * bounds.subscriptions
        self.max_monitored_item_queue_size = QUEUE
        self.max_unacked_messages_per_subscription = QUEUE
        self.max_pending_messages_per_connection = QUEUE
        self.max_pending_activation_seconds = 15.0
        self.max_session_timeout_ms = LONGEST_SESSION_MS
        self.max_keep_alive_count, self.max_lifetime_count = 1_000, 3_000
        self.allow_remote_admin = False
        tokens = ua.UserNameIdentityToken if is_secure else ua.AnonymousIdentityToken
        self.supported_tokens = (tokens,)  # type: ignore[assignment]

    def create_session(self, name: str, user: Any = None, external: bool = False) -> InternalSession:
        if len(self._external_sessions) >= self.bounds.sessions:
            raise ServiceError(ua.StatusCodes.BadTooManySessions)
        return GuardedSession(self, name)

    def decrypt_user_token(self, isession: Any, token: ua.UserNameIdentityToken) -> tuple[str, str]:
        if token.EncryptionAlgorithm == RSA_15:  # a padding that gives itself away
            raise ServiceError(ua.StatusCodes.BadIdentityTokenInvalid)
        return super().decrypt_user_token(isession, token)


class GuardedProcessor(UaProcessor):
    """Looks at each request of a connection before the library does."""

    iserver: GuardedCore  # pyright: ignore[reportIncompatibleVariableOverride]

    async def process(self, header: Any, body: Any) -> bool:
        try:
            return bool(await super().process(header, body))
        except Refused as error:
            self.iserver.tell(f"OPC UA server: a client at {self.name[0]} was refused: {error}")
        except Exception as error:
            # The border to whatever comes over the network: the connection ends, the server stays.
            self.iserver.tell(
                f"OPC UA server: {self.name[0]} sent what is no OPC UA ({type(error).__name__})."
            )
        told = ua.ErrorMessage(
            ua.StatusCode(ua.StatusCodes.BadSecurityChecksFailed), "security checks failed"
        )
        self._transport.write(uatcp_to_binary(ua.MessageType.Error, told))
        return False

    async def _process_message(self, typeid: Any, requesthdr: Any, seqhdr: Any, body: Any) -> Any:
        number = typeid.Identifier
        if number not in OPEN_TO_ALL:
            self._check_channel()
            if number == CREATE:
                await self._check_create(body)
            elif number == ACTIVATE:
                self._check_activate(requesthdr)
            elif number != CLOSE:
                self._check_request(number, requesthdr)
        result = await super()._process_message(typeid, requesthdr, seqhdr, body)
        if number == CREATE and self.session is not None:
            cast(GuardedSession, self.session).peer = self._peer
        return result

    @property
    def _peer(self) -> bytes | None:
        return cast(Any, self._connection.security_policy).peer_certificate

    def _check_channel(self) -> None:
        if (
            self.iserver.is_secure
            and self._connection.security_policy.Mode != ua.MessageSecurityMode.SignAndEncrypt
        ):
            raise ServiceError(ua.StatusCodes.BadSecurityModeInsufficient)

    async def _check_create(self, body: Any) -> None:
        """The client is who the channel's certificate says; one session for each connection."""
        if self.session is not None:
            await self.session.close_session(True)
            self.session = None
        if not self.iserver.is_secure:
            return
        params = struct_from_binary(ua.CreateSessionParameters, body.copy())
        chain = load_chain(self._peer or b"")
        named = params.ClientDescription.ApplicationUri
        if not chain or load_chain(params.ClientCertificate or b"")[:1] != chain[:1]:
            raise ServiceError(ua.StatusCodes.BadCertificateInvalid)
        if not named or san_uri(chain[0]) != named:
            raise ServiceError(ua.StatusCodes.BadCertificateUriInvalid)

    def _check_activate(self, header: Any) -> None:
        """A session goes on in another channel only for the client that began it."""
        found = self.session or self.iserver.lookup_external_session(header.AuthenticationToken)
        if found is None or found.auth_token != header.AuthenticationToken:
            raise ServiceError(ua.StatusCodes.BadSessionIdInvalid)
        if cast(GuardedSession, found).peer != self._peer:
            raise ServiceError(ua.StatusCodes.BadSecurityChecksFailed)

    def _check_request(self, number: int, header: Any) -> None:
        if self.session is None or self.session.auth_token != header.AuthenticationToken:
            raise ServiceError(ua.StatusCodes.BadSessionIdInvalid)
        if self.session.state is not SessionState.Activated:
            raise ServiceError(ua.StatusCodes.BadSessionNotActivated)
        if number not in READING:
            raise ServiceError(ua.StatusCodes.BadServiceUnsupported)


class GuardedProtocol(OPCUAProtocol):
    """One connection: its messages and its memory are bounded."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if self.processor is not None:
            self.processor = GuardedProcessor(self.iserver, transport, self.limits)
            self.processor.set_policies(self.policies)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if len(self._buffer) > self.limits.max_recv_buffer and self.transport is not None:
            self._buffer = b""
            self.transport.abort()

    def pause_writing(self) -> None:
        """A client that does not read its answers is asked nothing more."""
        if self.transport is not None:
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()


class GuardedSockets(BinaryServer):
    """Listens; every connection is guarded."""

    def _make_protocol(self) -> OPCUAProtocol:
        return GuardedProtocol(self.iserver, self._policies, self.clients, self.closing_tasks, self.limits)
