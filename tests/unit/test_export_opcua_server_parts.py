"""How the OPC UA server writes values, which types its variables have, and what it refuses before any request."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false, reportPrivateUsage=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary
from cryptography.hazmat.primitives import serialization
from export_stream import BEGIN, series

from hmi.core import quality
from hmi.core.values import DataValue, Value, ValueType
from hmi.exporters.opcua_server._guard import (
    MOST_WRONG,
    RSA_15,
    WRONG_S,
    Accounts,
    GuardedCore,
    Limits,
    Teller,
    _check_filter,
)
from hmi.exporters.opcua_server._space import unit_id
from hmi.exporters.opcua_server._values import data_type, encoded, is_counted, status_code
from hmi.exporters.opcua_server.definition import DEFINITION, SETTINGS
from hmi.project._drivers import check_value
from hmi.project.exports import EXPORTS_FOLDER, ExportDef
from hmi.security import certificates
from hmi.security.trust import TrustList
from hmi.security.trust_desks import act, desks_of, look
from hmi.testing.plant import make_plant

DEFAULTS: dict[str, Any] = {one.name: one.default for one in SETTINGS}
KIND = ua.VariantType


def shown(kind: ValueType, value: Value, status: int = quality.GOOD, **more: Any) -> ua.DataValue:
    """As a client gets it: encoded and read again."""
    made = encoded(data_type(series(0, type=kind, **more)), DataValue(value, status, BEGIN + 1_999, BEGIN))
    return struct_from_binary(ua.DataValue, ua.utils.Buffer(struct_to_binary(made)))


@pytest.mark.parametrize(
    ("kind", "value", "type_"),
    [
        (ValueType.INT64, -(2**63), KIND.Int64),
        (ValueType.INT64, 2**63 - 1, KIND.Int64),
        (ValueType.UINT64, 2**64 - 1, KIND.UInt64),
        (ValueType.FLOAT32, 0.5, KIND.Float),
        (ValueType.FLOAT64, 0.1, KIND.Double),
        (ValueType.FLOAT64, 3, KIND.Double),
        (ValueType.BOOL, False, KIND.Boolean),
        (ValueType.STRING, "", KIND.String),
        (ValueType.BYTES, b"", KIND.ByteString),
        (ValueType.ARRAY, (1, 2), KIND.Int64),
        (ValueType.ARRAY, (1, 0.5), KIND.Double),
        (ValueType.ARRAY, ("a",), KIND.String),
        (ValueType.ARRAY, (True,), KIND.Boolean),
    ],
)
def test_value_keeps_its_type(kind: ValueType, value: Value, type_: ua.VariantType) -> None:
    found = shown(kind, value)
    assert found.Value is not None
    assert found.Value.VariantType == type_
    content = found.Value.Value
    assert (tuple(content) if isinstance(content, list) else content) == value
    assert found.StatusCode == ua.StatusCode(0)


@pytest.mark.parametrize(
    ("kind", "value", "status"),
    [
        (ValueType.INT64, 1.5, quality.BAD_TYPE_MISMATCH),
        (ValueType.INT64, True, quality.BAD_TYPE_MISMATCH),
        (ValueType.INT64, 2**63, quality.BAD_OUT_OF_RANGE),
        (ValueType.UINT64, -1, quality.BAD_OUT_OF_RANGE),
        (ValueType.FLOAT32, 1e39, quality.BAD_OUT_OF_RANGE),
        (ValueType.FLOAT64, "1", quality.BAD_TYPE_MISMATCH),
        (ValueType.BOOL, 1, quality.BAD_TYPE_MISMATCH),
        (ValueType.FLOAT64, None, quality.BAD_NO_DATA),
    ],
)
def test_value_that_does_not_fit_is_null_and_never_another_one(
    kind: ValueType, value: Value, status: int
) -> None:
    found = shown(kind, value)
    assert found.Value is None or found.Value.Value is None
    assert found.StatusCode == ua.StatusCode(status)


@pytest.mark.parametrize(
    "status", [quality.BAD_NO_COMMUNICATION, quality.BAD | quality.LIMIT_HIGH, 0x80AB1234]
)
def test_bad_is_null_with_all_bits_of_its_status(status: int) -> None:
    found = shown(ValueType.FLOAT64, 4.5, status)
    assert found.Value is None or found.Value.Value is None
    assert found.StatusCode is not None
    assert found.StatusCode.value == status


def test_uncertain_keeps_value_status_and_times() -> None:
    found = shown(ValueType.FLOAT64, 4.5, quality.UNCERTAIN_SUBSTITUTE)
    assert found.Value is not None
    assert found.Value.Value == 4.5
    assert found.StatusCode == ua.StatusCode(quality.UNCERTAIN_SUBSTITUTE)
    assert found.SourceTimestamp is not None
    assert found.SourceTimestamp.microsecond == 1, "cut to us, not rounded"


def test_status_codes_are_kept_within_bounds() -> None:
    assert [status_code(0x40000000 + at).value for at in range(5_000)] == [
        0x40000000 + at for at in range(5_000)
    ]


def test_unit_ids_are_those_of_the_table() -> None:
    assert [unit_id(one) for one in ("MQH", "CEL", "BAR", "C62", "", "toolong", "é")] == [
        5067080, 4408652, 4342098, 4404786, -1, -1, -1,
    ]  # fmt: skip


def test_states_are_a_list_only_without_holes() -> None:
    assert is_counted(series(0, type=ValueType.ENUM, states={1: "b", 0: "a"}))
    assert not is_counted(series(0, type=ValueType.ENUM, states={1: "b", 2: "c"}))
    assert not is_counted(series(0, type=ValueType.INT64, states={0: "a", 1: "b"}))


def test_filters_that_cannot_be_applied_are_refused_and_queues_bounded() -> None:
    wanted = ua.MonitoringParameters(QueueSize=1_000_000, Filter=ua.ExtensionObject())
    _check_filter(wanted)
    assert (wanted.Filter, wanted.QueueSize) == (None, 100)
    with pytest.raises(ServiceError):
        _check_filter(dataclasses.replace(wanted, Filter=ua.AggregateFilter()))


def test_person_trusts_a_client_of_the_server_as_any_other_certificate(tmp_path: Path) -> None:
    """``hmi trust`` and the station know the folder of the job."""
    job = ExportDef("it", "opcua_server", settings=DEFAULTS)
    own = certificates.create(tmp_path / "client", uri="urn:client", host="client")
    store = TrustList(tmp_path / "data" / EXPORTS_FOLDER / "opcua-server")
    der = own.certificate.public_bytes(serialization.Encoding.DER)
    assert not store.check(der, host=None, application_uri=None, is_client=True).is_trusted
    desks = desks_of(dataclasses.replace(make_plant([]), exports=(job,)), tmp_path / "data")
    (shown,) = look(desks, {}).certificates
    _desk, done = act(desks, "accept", shown.fingerprint)
    assert done.answer.text.endswith("is trusted")
    assert store.check(der, host=None, application_uri=None, is_client=True).is_trusted


def test_login_by_password_and_not_with_a_padding_that_gives_itself_away() -> None:
    accounts = Accounts({"scada": "päss"}, Teller())
    assert accounts.get_user(None, "scada", "päss") is not None
    for user, password in (("scada", "pass"), ("scada", None), ("other", ""), (None, None)):
        assert accounts.get_user(None, user, password) is None
    core = GuardedCore(accounts, Limits(1, 1, 1, 100), Teller(), is_secure=True)
    token = ua.UserNameIdentityToken(UserName="scada", Password=b"x", EncryptionAlgorithm=RSA_15)
    with pytest.raises(ServiceError):
        core.decrypt_user_token(None, token)
    core.method_service.stop()


def test_guessing_passwords_ends_soon() -> None:
    clock = [0.0]
    accounts = Accounts({"scada": "right", "other": "right"}, Teller(), lambda: clock[0])
    for guess in range(MOST_WRONG):
        assert accounts.get_user(None, "scada", str(guess)) is None
    assert accounts.get_user(None, "scada", "right") is None
    assert accounts.get_user(None, "other", "right") is not None
    clock[0] = WRONG_S
    assert accounts.get_user(None, "scada", "right") is not None


def test_defaults_are_within_their_own_bounds_and_serve_this_machine_alone() -> None:
    for one in SETTINGS:
        check_value(one, one.default)
    assert DEFINITION.host(DEFAULTS) == ""
    assert DEFINITION.host(DEFAULTS | {"endpoint": "opc.tcp://192.0.2.1:4840"}) == "192.0.2.1"
    assert DEFAULTS["security"] == "encrypt"
