"""Read the settings once, from everywhere they may be set, into one frozen object.

A later place wins: the defaults, `config.json` (its `"echo"` object), `.env`, the environment, the command line. Empty
variables count as not set. Whatever is wrong is one ConfigError sentence that names the key and the place.

`python -m echo.config --schema` prints the JSON Schema; `--write` writes it, the example and the README's table.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError
from pydantic_settings import DotEnvSettingsSource

from echo.errors import ConfigError
from echo.secrets import SECRET_VARIABLES, Secrets, ensure_master_key, read_secrets
from echo.setting_values import nearest
from echo.settings import FIELDS, Loaded, Settings, default_data_dir, flat, nested, variable
from echo.settings_view import allowed, json_schema, render, settings_table, write_all

CONFIG_VARIABLE = "ECHO_CONFIG"
CONFIG_FILE = "config.json"

__all__ = [
    "Loaded",
    "Secrets",
    "Settings",
    "ensure_master_key",
    "json_schema",
    "load",
    "render",
    "settings_table",
]

Layer = dict[str, tuple[object, str]]
"""Settings from one place: key -> (raw value, source)."""


def load(
    config_path: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    cwd: Path | None = None,
    options: Mapping[str, str] | None = None,
) -> Loaded:
    """The effective settings and secrets.

    `config_path` is the file to read; without it `ECHO_CONFIG`, `./config.json` and `config.json` in the data folder
    are tried in turn. `cwd` is the folder of `.env` and of relative paths. `options` are keys from the command line.
    Raises ConfigError for anything unreadable, unknown or out of range.
    """
    cwd = Path.cwd() if cwd is None else cwd
    dotenv = _read_dotenv(cwd / ".env")
    upper = _variables(dotenv, ".env") | _variables(environ) | _options(options or {})
    path = _find_file(config_path, environ, dotenv, cwd, upper)
    layer = (_read_file(path) if path else {}) | upper
    settings = _build(layer, cwd)
    sources = {key: layer[key][1] if key in layer else "default" for key in FIELDS}
    return Loaded(settings, sources, read_secrets(settings.data_dir, environ, dotenv))


def _build(layer: Layer, cwd: Path) -> Settings:
    try:
        settings = Settings(**nested({key: value for key, (value, _) in layer.items()}))
    except ValidationError as error:
        raise ConfigError(_sentence(error, layer)) from error
    source = layer["data_dir"][1] if "data_dir" in layer else "default"
    # A relative folder in a file means beside that file, so that it is the same wherever Echo is started.
    base = Path(source.removeprefix("file ")).parent if source.startswith("file ") else cwd
    return settings.model_copy(update={"data_dir": base / settings.data_dir})


def _sentence(error: ValidationError, layer: Layer) -> str:
    first = error.errors(include_url=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    key = ".".join(str(part) for part in first["loc"])
    if key not in layer:
        return f"The settings do not fit together: {message}."
    value, source = layer[key]
    what = f"{key} is {_shown(value)} ({source}), but "
    if first["type"] == "value_error":
        return f"{what}{message}."
    return f"{what}must be {allowed(key)}: {FIELDS[key].description}"


def _shown(value: object) -> str:
    # ASCII and short, whatever a file holds: the sentence must fit a terminal. What an address opens with stays hidden.
    text = re.sub(r"//[^/]*@", "//(hidden)@", json.dumps(value, default=str))
    return text if len(text) <= 80 else f"{text[:77]}..."


def _options(options: Mapping[str, str]) -> Layer:
    return {key: (value, f"option --{key.replace('_', '-')}") for key, value in options.items()}


def _variables(environ: Mapping[str, str], place: str | None = None) -> Layer:
    """The settings among variables; `place` is given for `.env`, where every `ECHO_` name is meant for Echo."""
    known = {variable(key): key for key in FIELDS}
    others = {CONFIG_VARIABLE, *SECRET_VARIABLES}
    for name in environ:
        if name.startswith("ECHO_") and name not in known and name not in others:
            near = nearest(name, [*known, *others])
            # The environment may hold names that other programs made (Kubernetes makes ECHO_PORT for a service called
            # echo), so there only a name that looks like a slip of the finger is refused.
            if place or (near and nearest(name, [near], cutoff=0.85)):
                _refuse_unknown(name, place or "the environment", near)
    return {
        key: (environ[name], place or f"environment {name}")
        for name, key in known.items()
        if environ.get(name, "").strip()
    }


def _read_dotenv(path: Path) -> Mapping[str, str]:
    if not path.is_file():
        return {}
    try:
        values = DotEnvSettingsSource(Settings, env_file=path, case_sensitive=True).env_vars
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): mend its rights or remove it.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text: write it again as plain text.") from error
    return {name: value for name, value in values.items() if value}


def _find_file(
    given: Path | None, environ: Mapping[str, str], dotenv: Mapping[str, str], cwd: Path, upper: Layer
) -> Path | None:
    named = given or environ.get(CONFIG_VARIABLE) or dotenv.get(CONFIG_VARIABLE)
    if named:
        return cwd / Path(named).expanduser()
    data_dir = Path(str(upper["data_dir"][0])).expanduser() if "data_dir" in upper else default_data_dir()
    # os.path.exists, unlike Path's, answers for a folder that is not ours to look into or has an impossible name.
    return next((path for path in (cwd / CONFIG_FILE, cwd / data_dir / CONFIG_FILE) if os.path.exists(path)), None)


def _read_file(path: Path) -> Layer:
    document = _parse(path)
    if not isinstance(document, dict) or not isinstance(document.get("echo"), dict):
        raise ConfigError(
            f'{path} must be a JSON object with the settings in an "echo" object: see config.example.json.'
        )
    for name in document:
        if name in Settings.model_fields:
            raise ConfigError(f'{path} has "{name}" outside the "echo" object: move it inside.')
        if name not in ("echo", "$schema"):
            _refuse_unknown(name, str(path), nearest(name, ["echo", "$schema"]))
    section = flat(document["echo"])
    for name, value in section.items():
        if name in Settings.model_fields and name not in FIELDS:
            raise ConfigError(f'{path} must have an object as "{name}": see config.example.json.')
        if name not in FIELDS:
            _refuse_unknown(name, str(path), nearest(name, FIELDS))
        _check_kind(name, value, path)
    return {name: (value, f"file {path}") for name, value in section.items()}


def _check_kind(key: str, value: object, path: Path) -> None:
    """JSON has types of its own, so that "5" and true are not taken for numbers as they would be in a variable."""
    annotation = FIELDS[key].annotation
    kind, types = {
        bool: ("true or false", (bool,)),
        int: ("a number", (int, float)),
        float: ("a number", (int, float)),
    }.get(annotation, ("a text in quotes", (str,)))  # type: ignore[arg-type]
    if not isinstance(value, types) or (isinstance(value, bool) and annotation is not bool):
        raise ConfigError(f"{key} is {_shown(value)} (file {path}), but must be {kind}: {allowed(key)}.")


def _parse(path: Path) -> object:
    try:
        text = path.read_text(encoding="utf-8-sig")
        return json.loads(text, object_pairs_hook=_no_doubles, parse_constant=_no_constants)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}): name another file with --config or ECHO_CONFIG."
        ) from error
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"{path} is not valid JSON at line {error.lineno}, column {error.colno} ({error.msg}): mend it there."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text: save it as UTF-8.") from error
    except RecursionError as error:
        raise ConfigError(f"{path} is nested too deeply: see config.example.json for its form.") from error
    except ValueError as error:
        raise ConfigError(f"{path} {error}") from error


def _no_doubles(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"has {_shown(name)} twice: keep one of them.")
        found[name] = value
    return found


def _no_constants(name: str) -> NoReturn:
    raise ValueError(f"has {name}, which is no number: write a plain number.")


def _refuse_unknown(name: str, place: str, near: str | None) -> NoReturn:
    hint = f"did you mean {near}?" if near else "remove it, or run echo-bot config to see all settings."
    raise ConfigError(f"{place} has the unknown setting {_shown(name)[1:-1]}: {hint}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--schema"]:
        sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")
    elif sys.argv[1:] == ["--write"]:
        write_all(Path.cwd())
    else:
        sys.exit("usage: python -m echo.config --schema | --write")
