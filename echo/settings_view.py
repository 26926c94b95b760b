"""The settings as a JSON Schema, the README's table and the text of `echo-bot config`, all made from the fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from echo.secrets import MASTER_KEY_VARIABLE, PASSPHRASE_VARIABLE, TOKEN_VARIABLE
from echo.settings import FIELDS, Loaded, Settings, flat, nested

TABLE_BEGIN = "<!-- settings -->"
TABLE_END = "<!-- /settings -->"


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of `config.json`."""
    section = Settings.model_json_schema()
    # The default depends on the machine and the user, and must not be written into a file that all share.
    section["properties"]["data_dir"].pop("default", None)
    section["title"] = "Settings"
    section["description"] = "Every key may also be set in the environment as ECHO_ and the key in capitals."
    parts = section.pop("$defs")
    for properties in (section["properties"], *(part["properties"] for part in parts.values())):
        for key, schema in properties.items():
            schema["title"] = key
            if "$ref" in schema:
                # What a section holds by default stands at its own keys.
                schema.pop("default", None)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Echo's config.json",
        "type": "object",
        "properties": {"$schema": {"type": "string"}, "echo": section},
        "required": ["echo"],
        "additionalProperties": False,
        "$defs": parts,
    }


def example() -> dict[str, Any]:
    """What `config.example.json` holds: every key that has a default of its own, at that default."""
    values = {key: info.default for key, info in FIELDS.items() if info.default_factory is None}
    return {"$schema": "./config.schema.json", "echo": nested(values)}


def settings_table() -> str:
    """A Markdown table of every setting, with the markers that `README.md` keeps it between."""
    rows = ["| Key | Default | Range | Meaning |", "| --- | --- | --- | --- |"]
    for key, info in FIELDS.items():
        default = "the system's folder for user data" if info.default_factory else f"`{json.dumps(info.default)}`"
        rows.append(f"| `{key}` | {default} | {allowed(key)} | {info.description} |")
    return "\n".join([TABLE_BEGIN, *rows, TABLE_END])


def allowed(key: str) -> str:
    """What a setting may be, in words: `a whole number from 1 to 365`, `embedded or ollama`, `text`."""
    whole = Settings.model_json_schema()
    schema = whole
    for name in key.split("."):
        schema = schema["properties"][name]
        if "$ref" in schema:
            schema = whole["$defs"][schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        return " or ".join(schema["enum"])
    if schema["type"] == "boolean":
        return "true or false"
    if "minimum" not in schema:
        return "text"
    kind = "a whole number" if schema["type"] == "integer" else "a number"
    return f"{kind} from {_plain(schema['minimum'])} to {_plain(schema['maximum'])}"


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def render(loaded: Loaded) -> str:
    """What `echo-bot config` prints: each setting with its value and source, then whether the secrets are set."""
    values = flat(loaded.settings.model_dump(mode="json"))
    lines = [(f"{key} = {json.dumps(values[key], ensure_ascii=False)}", loaded.sources[key]) for key in values]
    secrets = loaded.secrets
    lines.append((f"{TOKEN_VARIABLE} = {'(hidden)' if secrets.token else '(none)'}", secrets.token_source))
    lines.append(
        (f"{MASTER_KEY_VARIABLE} = {'(hidden)' if secrets.master_key else '(none)'}", secrets.master_key_source)
    )
    lines.append(
        (f"{PASSPHRASE_VARIABLE} = {'(hidden)' if secrets.passphrase else '(none)'}", secrets.passphrase_source)
    )
    width = max(len(left) for left, _ in lines)
    text = "\n".join(f"{left:<{width}}  {source}" for left, source in lines)
    # A folder's name may hold bytes that are no text, and printing them must not fail.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def write_all(root: Path) -> None:
    """Write `config.schema.json`, `config.example.json` and the README's table under `root`."""
    for name, value in (("config.schema.json", json_schema()), ("config.example.json", example())):
        (root / name).write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
    readme = root / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(TABLE_BEGIN)
    _, _, after = rest.partition(TABLE_END)
    readme.write_text(before + settings_table() + after, encoding="utf-8")
