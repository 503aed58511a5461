"""A network address is refused in a sentence, before anything of a plant is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from hmi import cli
from hmi.bootstrap import RuntimeOptions, run_runtime
from hmi.core.errors import UsageError
from hmi.runtime import check_listen
from hmi.serving import bound_socket

WATERWORKS = Path(__file__).parents[2] / "screens" / "waterworks"


def test_no_address_needs_nothing() -> None:
    assert check_listen("") is None


@pytest.mark.parametrize(
    ("listen", "place"),
    [("127.0.0.1:8443", ("127.0.0.1", 8443)), ("10.1.2.3:1", ("10.1.2.3", 1)), ("[::1]:8443", ("::1", 8443))],
)
def test_an_address_of_the_plant_network_may_listen(listen: str, place: tuple[str, int]) -> None:
    assert check_listen(listen, has_certificate=True, has_accounts=True) == place


@pytest.mark.parametrize("listen", ["0.0.0.0:8443", "[::]:8443", "8.8.8.8:8443", "[2001:4860:4860::8888]:1"])
def test_an_open_address_needs_to_be_asked_for_on_purpose(listen: str) -> None:
    with pytest.raises(UsageError, match="--listen-anywhere"):
        check_listen(listen, has_certificate=True, has_accounts=True)
    assert check_listen(listen, has_certificate=True, has_accounts=True, anywhere=True)


@pytest.mark.parametrize("listen", ["nonsense", ":1", "h:0", "h:65536", "h:x", "h:-1", "h:²"])
def test_what_is_no_address_is_told_with_an_example(listen: str) -> None:
    with pytest.raises(UsageError, match="write HOST:PORT"):
        check_listen(listen, has_certificate=True, has_accounts=True)


@pytest.mark.parametrize("anywhere", [True, False])
def test_every_address_is_refused_with_what_is_missing_and_what_to_do(anywhere: bool) -> None:
    with pytest.raises(UsageError) as refused:
        check_listen("127.0.0.1:8443", anywhere=anywhere)
    text = str(refused.value)
    assert "a TLS certificate (hmi tls PLANT init) and accounts (hmi user PLANT add)" in text
    assert "leave --listen out" in text


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with bound_socket("127.0.0.1", 0) as first:
        first.listen()
        with pytest.raises(UsageError, match=r"^127\.0\.0\.1"):
            bound_socket("127.0.0.1", first.getsockname()[1])


def test_the_runtime_refuses_before_it_makes_its_data_folder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with pytest.raises(UsageError, match="--listen"):
        run_runtime(RuntimeOptions(WATERWORKS, data, listen="127.0.0.1:8443"))
    assert not data.exists()


def test_hmi_serve_ends_with_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["hmi", "serve", str(WATERWORKS), "--data", str(tmp_path / "d"), "--listen", "0.0.0.0:8443"]
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert "--listen 0.0.0.0:8443 is refused" in capsys.readouterr().err
