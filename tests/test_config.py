"""The settings: every place they may come from, every way they may be wrong, and how secrets stay hidden."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from echo.config import Loaded, ensure_master_key, json_schema, load, render, settings_table
from echo.errors import ConfigError
from echo.settings import FIELDS, flat, nested, variable
from echo.settings_view import example

ROOT = Path(__file__).parent.parent
OTHER: dict[str, Any] = {"timezone": "Europe/Berlin", "ollama_host": "http://10.0.0.2:1", "ollama_model": "gemma2:2b"}
OTHER |= {
    "report_channels": "111222333444555666",
    "collect_nsfw": True,
    "excluded_channels": "111222333444555666, 222333444555666777",
}
OTHER |= {"engine": "ollama", "collection_effort": 0.5, "log_level": "DEBUG", "data_dir": "/var/lib/somewhere-else"}
OTHER |= {"halt_word": "quiet, all of you", "allowed_links": "example.org, docs.example.com"}
OTHER |= {"ollama_away": "silent", "ollama_embedding_model": "all-minilm"}
OTHER |= {"max_share_of_voice": 0.25, "max_echo_share": 0.75, "scorecard_gate": 0.5}
OTHER |= {f"training.{key}": 0.25 for key in ("dropout", "learning_rate", "warmup", "retire_share")}
OTHER |= {"training.enabled": True, "training.base": "/models/base", "training.base_gguf": "/models/base.gguf"}
OTHER |= {"training.ollama_base": "llama3.2:3b-instruct-fp16"}
OTHER |= {"training.device": "cpu", "training.quantisation": "F16", "training.llama_quantize": "/opt/llama-quantize"}
OTHER |= {"training.discord_permission.reference": "a ticket", "training.discord_permission.date": "2026-06-30"}
KEYS = sorted(FIELDS)


def another_value(key: str) -> Any:
    """A valid value of the setting that is not its default."""
    return OTHER[key] if key in OTHER else FIELDS[key].default + 1


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder to start Echo in, whose data folder is `home / "data"`."""
    (tmp_path / "data").mkdir()
    return tmp_path


def load_in(home: Path, environ: dict[str, str] | None = None, config: object = None) -> Loaded:
    if config is not None:
        (home / "config.json").write_text(config if isinstance(config, str) else json.dumps({"echo": config}))
        return load(environ=environ or {}, cwd=home)
    return load(environ={"ECHO_DATA_DIR": str(home / "data")} | (environ or {}), cwd=home)


def refusal(home: Path, environ: dict[str, str] | None = None, config: object = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load_in(home, environ, config)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def private(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_the_defaults_are_those_that_the_readme_promises(home: Path) -> None:
    found = load_in(home).settings
    promised = (found.max_messages_per_analysis, found.model_training_timeout, found.max_active_sessions_per_server)
    assert promised == (10_000, 3600, 5)
    assert (found.message_generation_cooldown, found.data_retention_days, found.timezone) == (2.0, 30, "UTC")
    assert found.engine == "embedded"


@pytest.mark.parametrize("key", KEYS)
def test_every_setting_is_overridable_by_the_environment(key: str, home: Path) -> None:
    value = another_value(key)
    loaded = load_in(home, {variable(key): str(value)})
    assert flat(loaded.settings.model_dump(mode="json"))[key] == value
    assert loaded.sources[key] == f"environment {variable(key)}"


@pytest.mark.parametrize("key", KEYS)
def test_every_setting_may_stand_in_the_file(key: str, home: Path) -> None:
    value = another_value(key)
    (home / "config.json").write_text(json.dumps({"echo": nested({key: value})}))
    loaded = load(environ={}, cwd=home)
    assert flat(loaded.settings.model_dump(mode="json"))[key] == value
    assert loaded.sources[key] == f"file {home / 'config.json'}"


def test_the_command_line_beats_the_environment_beats_dotenv_beats_the_file(home: Path) -> None:
    (home / "config.json").write_text('{"echo": {"max_delay": 1, "min_messages": 1, "chattiness": 1, "pace_scale": 1}}')
    (home / ".env").write_text("ECHO_MIN_MESSAGES=2\nECHO_CHATTINESS=2\nECHO_PACE_SCALE=2\n")
    environ = {"ECHO_DATA_DIR": str(home), "ECHO_CHATTINESS": "3", "ECHO_PACE_SCALE": "3"}
    loaded = load(environ=environ, cwd=home, options={"pace_scale": "4"})
    found = loaded.settings
    assert (found.max_delay, found.min_messages, found.chattiness, found.pace_scale) == (1, 2, 3, 4)
    sources = [loaded.sources[key] for key in ("max_delay", "min_messages", "chattiness", "pace_scale", "engine")]
    file = f"file {home / 'config.json'}"
    assert sources == [file, ".env", "environment ECHO_CHATTINESS", "option --pace-scale", "default"]


def test_an_empty_variable_counts_as_not_set(home: Path) -> None:
    assert load_in(home, {"ECHO_MAX_DELAY": " "}).sources["max_delay"] == "default"


def test_the_file_is_looked_for_in_four_places_in_turn(home: Path) -> None:
    for number, path in enumerate(("data/config.json", "config.json", "named.json", "given.json"), start=1):
        (home / path).write_text(json.dumps({"echo": {"sandbox_seed": number}}))
        environ = {"ECHO_DATA_DIR": str(home / "data")} | ({"ECHO_CONFIG": "named.json"} if number > 2 else {})
        given = home / "given.json" if number > 3 else None
        assert load(given, environ, cwd=home).settings.sandbox_seed == number


def test_a_relative_data_folder_is_beside_the_file_that_names_it(home: Path) -> None:
    (home / "elsewhere").mkdir()
    (home / "elsewhere" / "config.json").write_text('{"echo": {"data_dir": "kept"}}')
    loaded = load(home / "elsewhere" / "config.json", {}, cwd=home)
    assert loaded.settings.data_dir == home / "elsewhere" / "kept"
    assert load(None, {"ECHO_DATA_DIR": "kept"}, cwd=home).settings.data_dir == home / "kept"


def test_the_settings_are_frozen(home: Path) -> None:
    found = load_in(home).settings
    with pytest.raises(ValidationError, match="frozen"):
        found.max_delay = 1.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"max_mesages_per_analysis": 1}, "unknown setting max_mesages_per_analysis: did you mean max_messages_per_an"),
        ({"zzz": 1}, "unknown setting zzz: remove it"),
        (
            {"max_active_sessions_per_server": 0},
            "is 0 (file",
        ),
        ({"max_active_sessions_per_server": 0}, "must be a whole number from 1 to 1000"),
        ({"max_active_sessions_per_server": 1.5}, "must be a whole number from 1 to 1000"),
        ({"max_delay": "5"}, "must be a number"),
        ({"training": 8}, 'must have an object as "training": see config.example.json'),
        ({"training": {"rnak": 8}}, "unknown setting training.rnak: did you mean training.rank?"),
        ({"training": {"rank": 0}}, "training.rank is 0 (file"),
        ({"training": {"rank": 0}}, "must be a whole number from 1 to 256: Rank r of the adapter's matrices."),
        ({"training": {"discord_permission": {"date": "soon"}}}, "it is no day; an example is 2026-06-30"),
        ({"max_delay": True}, "must be a number"),
        ({"max_delay": None}, "max_delay is null"),
        ({"max_delay": 1e400}, "Infinity"),
        ({"engine": "gpt"}, "must be embedded or ollama"),
        ({"engine": ["embedded"]}, "must be a text in quotes: embedded or ollama"),
        ({"timezone": "Europe/Berln"}, "no IANA time zone; did you mean Europe/Berlin?"),
        ({"timezone": "Europe"}, "no IANA time zone"),
        ({"timezone": "../../etc/passwd"}, "no IANA time zone"),
        ({"ollama_host": "localhost:11434"}, "an example is http://127.0.0.1:11434"),
        ({"ollama_host": "http://ada:hush@10.0.0.2:11434"}, '"http://(hidden)@10.0.0.2:11434"'),
        ({"ollama_host": "http://[::1"}, "an example is http://127.0.0.1:11434"),
        ({"ollama_host": "http://10.0.0.2:1, ten.example"}, "an example is http://127.0.0.1:11434"),
        ({"ollama_host": " , "}, "an example is http://127.0.0.1:11434"),
        ({"min_messages": 60, "max_messages_per_analysis": 50}, "min_messages (60) must not be more than"),
        ({"data_dir": "a\0b"}, "no folder"),
        ("", "line 1, column 1"),
        ('{"echo": {\n  "max_delay": 1\n  2}}', "line 3, column 3"),
        ('{"echo": {"max_delay": 1, "max_delay": 2}}', 'has "max_delay" twice'),
        ("[" * 100_000, "nested too deeply"),
        ("[]", 'an "echo" object'),
        ('{"max_delay": 1}', 'an "echo" object'),
        ('{"echo": {}, "max_delay": 1}', 'has "max_delay" outside the "echo" object'),
        ('{"echo": {}, "ecko": 1}', "unknown setting ecko: did you mean echo?"),
    ],
)
def test_a_wrong_file_is_refused_in_one_sentence_that_names_the_place(config: object, said: str, home: Path) -> None:
    sentence = refusal(home, config=config)
    assert said in sentence
    assert str(home / "config.json") in sentence or "do not fit together" in sentence


def test_several_addresses_of_ollama_stand_in_one_line_each_once(home: Path) -> None:
    settings = load_in(home, {"ECHO_OLLAMA_HOST": "http://a:1/,https://b:2 ,, http://a:1"}).settings
    assert settings.ollama_host == "http://a:1, https://b:2"
    assert settings.ollama_addresses == ("http://a:1", "https://b:2")
    assert load_in(home, {}).settings.ollama_addresses == ("http://127.0.0.1:11434",)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"ECHO_MAX_DELAY": "soon"}, 'max_delay is "soon" (environment ECHO_MAX_DELAY), but must be a number from 0'),
        ({"ECHO_MAX_DELAY": "nan"}, "must be a number from 0 to 86400"),
        (
            {"ECHO_MAX_DELYA": "1"},
            "has the unknown setting ECHO_MAX_DELYA: did you mean ECHO_MAX_DELAY?",
        ),
        ({"ECHO_TIMEZONE": "Mars/Olympus"}, "no IANA time zone"),
        ({"ECHO_CONFIG": "missing.json"}, "missing.json cannot be read (No such file or directory)"),
        ({"DISCORD_TOKEN": "two words"}, "DISCORD_TOKEN (environment DISCORD_TOKEN) must be one word"),
    ],
)
def test_a_wrong_variable_is_refused_in_one_sentence(environ: dict[str, str], said: str, home: Path) -> None:
    assert said in refusal(home, environ)


def test_a_variable_that_another_program_made_is_let_be(home: Path) -> None:
    assert load_in(home, {"ECHO_PORT": "tcp://10.0.0.1:80", "ECHO_SERVICE_HOST": "10.0.0.1"}).settings.max_delay == 60


def test_an_unknown_name_in_dotenv_is_refused(home: Path) -> None:
    (home / ".env").write_text("ECHO_COLOUR=blue\n")
    assert ".env has the unknown setting ECHO_COLOUR" in refusal(home)


@pytest.mark.parametrize("name", ["config.json", ".env"])
def test_a_file_that_is_no_text_is_refused(name: str, home: Path) -> None:
    (home / name).write_bytes(b"\xff\xfe\x00{")
    assert "is not UTF-8 text" in refusal(home)


def test_a_folder_in_place_of_the_file_is_refused(home: Path) -> None:
    (home / "config.json").mkdir()
    assert "cannot be read (Is a directory)" in refusal(home)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    config=st.dictionaries(
        st.one_of(st.sampled_from(KEYS), st.text(max_size=12)),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
            ),
            max_leaves=4,
        ),
        max_size=4,
    )
)
def test_whatever_the_file_holds_it_is_taken_or_refused_in_one_sentence(config: dict[str, Any], home: Path) -> None:
    (home / "config.json").write_text(json.dumps({"echo": config}))
    try:
        loaded = load(environ={"ECHO_SANDBOX_SEED": "3"}, cwd=home)
    except ConfigError as error:
        assert str(error).isprintable()
    else:
        assert flat(config).keys() <= FIELDS.keys()
        assert render(loaded).encode()


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60), name=st.sampled_from(["config.json", ".env", "data/token", "data/master.key"]))
def test_whatever_bytes_a_file_holds_nothing_but_a_sentence_comes_of_it(content: bytes, name: str, home: Path) -> None:
    (home / name).write_bytes(content)
    (home / name).chmod(0o600)
    try:
        ensure_master_key(home / "data", load_in(home).secrets)
    except ConfigError as error:
        assert "\n" not in str(error)
    finally:
        (home / name).unlink(missing_ok=True)


def test_the_schema_checked_in_is_the_schema_of_the_settings() -> None:
    checked_in = json.loads((ROOT / "config.schema.json").read_text(encoding="utf-8"))
    assert checked_in == json_schema(), "run make schema"


def test_the_schema_is_a_schema_and_the_example_is_valid(home: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    text = (ROOT / "config.example.json").read_text(encoding="utf-8")
    jsonschema.validate(json.loads(text), json_schema())
    assert json.loads(text) == example(), "run make schema"
    assert load_in(home, config=text).settings == load(environ={}, cwd=home / "data").settings


@pytest.mark.parametrize("config", [{"max_delay": "5"}, {"zzz": 1}, {"engine": "gpt"}, {"min_messages": 0}])
def test_the_schema_refuses_what_echo_refuses(config: dict[str, Any], home: Path) -> None:
    assert refusal(home, config=config)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"echo": config}, json_schema())


def test_every_setting_is_explained_in_the_readme_as_in_the_code() -> None:
    table = settings_table()
    assert table in (ROOT / "README.md").read_text(encoding="utf-8"), "run make schema"
    assert all(f"| `{key}` |" in table for key in KEYS)


def test_the_view_names_the_source_of_every_value_and_shows_no_secret(home: Path) -> None:
    token, key = "MTIzNDU2Nzg5.x.abcdefghijklmnop", base64.urlsafe_b64encode(b"k" * 32).decode()
    loaded = load_in(home, {"DISCORD_TOKEN": token, "ECHO_MASTER_KEY": key, "ECHO_MAX_DELAY": "7"})
    lines = render(loaded).splitlines()
    assert len(lines) == len(FIELDS) + 3
    assert next(line for line in lines if line.startswith("max_delay = 7.0 ")).endswith("  environment ECHO_MAX_DELAY")
    for shown in (render(loaded), repr(loaded), str(loaded), f"{loaded.secrets}", str(vars(loaded.settings))):
        assert token not in shown
        assert key not in shown
    assert "DISCORD_TOKEN = (hidden)" in render(loaded)


def test_the_schema_is_printed_by_the_module_itself(home: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "echo.config", "--schema"], capture_output=True, check=True, cwd=ROOT)
    assert json.loads(done.stdout) == json_schema()
    assert done.stderr == b""
