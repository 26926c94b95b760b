"""The secrets: where they may come from, who may read them, and how they stay hidden."""

from __future__ import annotations

import base64
import logging
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from echo.config import ensure_master_key
from echo.errors import ConfigError
from echo.secrets import SecretFilter, Secrets, decode_master_key
from tests.test_config import load_in, private, refusal


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder to start Echo in, whose data folder is `home / "data"`."""
    (tmp_path / "data").mkdir()
    return tmp_path


def test_a_secret_is_blotted_out_of_every_log_line() -> None:
    record = logging.LogRecord("any", logging.INFO, __file__, 1, "login with %s", ("MTIzNDU2.secret",), None)
    assert SecretFilter(SecretStr("MTIzNDU2.secret"), None).filter(record)
    assert record.getMessage() == "login with [hidden]"


def test_secrets_come_from_the_environment_then_dotenv_then_their_file(home: Path) -> None:
    sources = []
    private(home / "data" / "token", "from-the-file\n")
    sources.append(load_in(home).secrets)
    (home / ".env").write_text("DISCORD_TOKEN=from-dotenv\n")
    sources.append(load_in(home).secrets)
    sources.append(load_in(home, {"DISCORD_TOKEN": "from-environment"}).secrets)
    values = [secrets.token.get_secret_value() for secrets in sources if secrets.token]
    assert values == ["from-the-file", "from-dotenv", "from-environment"]
    assert [secrets.token_source for secrets in sources] == [
        f"file {home / 'data' / 'token'}",
        ".env",
        "environment DISCORD_TOKEN",
    ]


@pytest.mark.parametrize("name", ["token", "master.key"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_a_secret_that_others_may_use_is_refused_with_the_remedy(name: str, mode: int, home: Path) -> None:
    private(home / "data" / name, "something").chmod(mode)
    sentence = refusal(home)
    assert f"(mode {mode:04o})" in sentence
    assert f"run chmod 600 {home / 'data' / name}" in sentence


def test_a_first_start_makes_a_private_master_key_and_keeps_it(home: Path) -> None:
    made = ensure_master_key(home / "new" / "data", Secrets())
    path = home / "new" / "data" / "master.key"
    assert len(made) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["master.key"]
    again = load_in(home, {"ECHO_DATA_DIR": str(path.parent)}).secrets
    assert ensure_master_key(path.parent, again) == made
    assert ensure_master_key(path.parent, Secrets()) == made
    assert ensure_master_key(home / "other", Secrets()) != made


@pytest.mark.parametrize("write", [bytes.hex, lambda key: base64.urlsafe_b64encode(key).decode()])
@given(key=st.binary(min_size=32, max_size=32))
@settings(max_examples=30, deadline=None)
def test_a_master_key_is_read_as_base64url_or_as_hexadecimal(write: Any, key: bytes) -> None:
    assert decode_master_key(write(key), "test") == key
    assert decode_master_key(write(key).rstrip("=") + "\n", "test") == key


@pytest.mark.parametrize("text", ["", "short", "z" * 64, "a" * 63, "é" * 32, "a2s" * 13])
def test_a_master_key_of_another_form_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        decode_master_key(text, "environment ECHO_MASTER_KEY")
    assert "environment ECHO_MASTER_KEY is not 32 bytes" in str(caught.value)
    assert not text or text not in str(caught.value)


def test_a_master_key_that_cannot_be_kept_is_named_in_one_sentence(home: Path) -> None:
    (home / "plain").write_text("a file where the folder should be")
    with pytest.raises(ConfigError, match=r"cannot be kept in .*plain.master\.key \(.*\): make the folder writable"):
        ensure_master_key(home / "plain", Secrets())
