"""A network address is refused in a sentence, before anything of a plant is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from hmi import cli
from hmi.bootstrap import RuntimeOptions, run_runtime
from hmi.core.errors import UsageError
from hmi.runtime import check_listen

WATERWORKS = Path(__file__).parents[2] / "screens" / "waterworks"


def test_no_address_needs_nothing_and_certificate_with_accounts_may_listen() -> None:
    check_listen("")
    check_listen("0.0.0.0:8443", has_certificate=True, has_accounts=True)


@pytest.mark.parametrize("listen", ["0.0.0.0:8443", "127.0.0.1:80", "[::]:1", "nonsense"])
def test_every_address_is_refused_with_what_is_missing_and_what_to_do(listen: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_listen(listen)
    text = str(refused.value)
    assert listen in text
    assert "a TLS certificate and accounts" in text
    assert "leave --listen out" in text


def test_the_runtime_refuses_before_it_makes_its_data_folder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with pytest.raises(UsageError, match="--listen"):
        run_runtime(RuntimeOptions(WATERWORKS, data, listen="0.0.0.0:8443"))
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
