"""Which endpoint is taken, and which are refused with what sentence."""

from __future__ import annotations

from typing import Any

import pytest
from asyncua import ua

from hmi.core.errors import CommunicationError, ConfigurationError
from hmi.drivers.opcua import _connect
from hmi.drivers.opcua._address import parse_endpoint
from hmi.drivers.opcua._connect import choose, policy_name

LOCAL, REMOTE = parse_endpoint("opc.tcp://127.0.0.1:4840/"), parse_endpoint("opc.tcp://plc:4840/")
MODES = ua.MessageSecurityMode
NONE, BASIC = ("None", MODES.None_), ("Basic256Sha256", MODES.SignAndEncrypt)
AES128 = ("Aes128_Sha256_RsaOaep", MODES.SignAndEncrypt)
AES256 = ("Aes256_Sha256_RsaPss", MODES.SignAndEncrypt)
SIGNED = ("Aes256_Sha256_RsaPss", MODES.Sign)
OLD = ("Basic256", MODES.SignAndEncrypt)
OLDER = ("Basic128Rsa15", MODES.SignAndEncrypt)


def offered(*pairs: tuple[str, Any]) -> list[ua.EndpointDescription]:
    return [
        ua.EndpointDescription(
            EndpointUrl="opc.tcp://x/", SecurityPolicyUri=_connect.PREFIX + name, SecurityMode=mode
        )
        for name, mode in pairs
    ]


def test_auto_takes_the_best_policy_with_encryption() -> None:
    assert (
        policy_name(choose(offered(NONE, BASIC, AES128, AES256, SIGNED), REMOTE, {}))
        == "Aes256_Sha256_RsaPss"
    )
    assert policy_name(choose(offered(NONE, BASIC, AES128), LOCAL, {})) == "Aes128_Sha256_RsaOaep"
    assert (
        policy_name(choose(offered(AES256, BASIC), REMOTE, {"security": "Basic256Sha256"}))
        == "Basic256Sha256"
    )
    assert choose(offered(SIGNED, BASIC), REMOTE, {"mode": "Sign"}).SecurityMode == MODES.Sign


@pytest.mark.parametrize("pairs", [(OLD,), (OLDER,), (OLD, OLDER)])
def test_UA_11_deprecated_policies_are_refused_by_default(pairs: Any) -> None:
    with pytest.raises(CommunicationError, match="deprecated and refused"):
        choose(offered(*pairs), REMOTE, {})


def test_no_encryption_only_on_this_machine_or_by_explicit_setting() -> None:
    assert policy_name(choose(offered(NONE), LOCAL, {})) == "None"
    with pytest.raises(CommunicationError, match="no encryption"):
        choose(offered(NONE), REMOTE, {})
    assert policy_name(choose(offered(NONE), REMOTE, {"allow_unsecured": True})) == "None"
    with pytest.raises(CommunicationError, match="does not offer Basic256Sha256"):
        choose(offered(NONE), LOCAL, {"security": "Basic256Sha256"})


@pytest.mark.parametrize("login", [{"user": "op", "password": "secret"}, {"user_certificate": "a.der"}])
def test_password_is_never_sent_without_encryption(login: dict[str, str]) -> None:
    with pytest.raises(CommunicationError, match="travel in the clear and is not sent"):
        choose(offered(NONE), LOCAL, login | {"allow_unsecured": True})


def test_hidden_endpoint_is_a_downgrade() -> None:
    _connect._check_offer(offered(BASIC, AES256), offered(AES256, BASIC))
    with pytest.raises(CommunicationError, match="Aes256_Sha256_RsaPss was hidden"):
        _connect._check_offer(offered(BASIC), offered(BASIC, AES256))


def test_unknown_override_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no certificate fault"):
        _connect._override("everything")
