"""Checks what goes over the wire against Discord's own OpenAPI description of its REST API (v10).

The description lies beside the repository, not in it (`../shared/discord-openapi.json`); where it is absent, `load()`
skips the test and says why. Validators are compiled once per schema, lazily. `jsonschema_rs` is asked first, which is
some hundred times as fast and knows only how Discord answers; what it does not find right is looked at by `jsonschema`,
which says what is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.exceptions import best_match
from jsonschema.validators import extend
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

DESCRIPTION: Final = Path(__file__).resolve().parents[3] / "shared" / "discord-openapi.json"
_URI: Final = "urn:discord-openapi"
_VERSION: Final = re.compile(r"^/api/v\d+(?=/)")
_HIGHEST_PERMISSIONS: Final = 2**54 - 1
"""The `maximum` by which a bit set of permissions is known in the description."""

_formats: Final = FormatChecker(formats=())


def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


_formats.checks("date-time", raises=ValueError)(_is_date_time)
_strict_type: Final[Callable[..., Iterator[ValidationError]]] = Draft202012Validator.VALIDATORS["type"]


def _type_in_requests(
    validator: Any, types: Any, instance: object, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """The `type` keyword as Discord reads it: a snowflake may come as an integer, permissions as a string."""
    if schema.get("format") == "snowflake" and isinstance(instance, int) and not isinstance(instance, bool):
        return
    if schema.get("maximum") == _HIGHEST_PERMISSIONS and isinstance(instance, str) and instance.isdecimal():
        return
    yield from _strict_type(validator, types, instance, schema)


_Answer: Final = Draft202012Validator
_Request: Final = extend(Draft202012Validator, {"type": _type_in_requests})


class Undescribed(LookupError):
    """Discord's description has no such path, method, status or object."""


class OpenAPI:
    """Discord's description, ready to check requests, answers and objects; every check gives the faults it found."""

    def __init__(self, description: dict[str, Any]) -> None:
        _bound(description)
        self._paths: dict[str, dict[str, Any]] = description["paths"]
        self._schemas: dict[str, Any] = description["components"]["schemas"]
        self._responses: dict[str, Any] = description["components"]["responses"]
        resource: Resource[Any] = Resource.from_contents(description, default_specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource(_URI, resource)
        self._compiled: dict[tuple[str, bool], Any] = {}
        # Field errors have codes of letters in reality ("BASE_TYPE_REQUIRED"), as the reference shows them; the
        # description says that they are numbers like those of the answers themselves.
        field_error = description["components"]["schemas"]["InnerErrors"]["properties"]["_errors"]
        field_error["items"] = {"type": "object", "required": ["code", "message"]}
        # The reference has forwards, which point to a message by a reference of type 1, and channels for media; the
        # description has forgotten both.
        schemas = description["components"]["schemas"]
        schemas["MessageReferenceType"]["oneOf"].append({"title": "FORWARD", "const": 1})
        schemas["ChannelTypes"]["oneOf"].append({"title": "GUILD_MEDIA", "const": 16})
        schemas["GuildChannelResponse"]["properties"]["type"]["enum"].append(16)
        self._quick_registry = jsonschema_rs.Registry([(_URI, description)], draft=jsonschema_rs.Draft202012)
        self._quick: dict[str, Any] = {}
        self._templates = [(template, template.strip("/").split("/")) for template in self._paths]

    def template(self, path: str) -> str:
        """The described path that `path` (with or without `/api/v10`) is an instance of; literal segments win."""
        segments = _VERSION.sub("", path.partition("?")[0]).strip("/").split("/")
        fitting = [
            (sum(part.startswith("{") for part in parts), template)
            for template, parts in self._templates
            if len(parts) == len(segments)
            and all(p.startswith("{") or p == s for p, s in zip(parts, segments, strict=True))
        ]
        if not fitting:
            raise Undescribed(f"Discord has no path like {path}")
        template: str = min(fitting)[1]
        return template

    def operation(self, method: str, path: str) -> tuple[str, dict[str, Any]]:
        """The JSON pointer and the description of an operation; raises `Undescribed`."""
        template = self.template(path)
        if method.lower() not in self._paths[template]:
            raise Undescribed(f"Discord has no {method} {template}")
        escaped = template.replace("~", "~0").replace("/", "~1")
        return f"/paths/{escaped}/{method.lower()}", self._paths[template][method.lower()]

    def request_faults(self, method: str, path: str, query: Mapping[str, str], body: object) -> list[str]:
        """What is wrong with a request: unknown or ill-formed query parameters, a missing or ill-formed body."""
        pointer, operation = self.operation(method, path)
        faults = self._query_faults(pointer, operation, query)
        if "requestBody" not in operation:
            return faults
        if body is None:
            return [*faults, "the body is missing"] if operation["requestBody"].get("required") else faults
        content = operation["requestBody"]["content"]
        media = "application/json" if "application/json" in content else next(iter(content))
        schema = f"{pointer}/requestBody/content/{media.replace('/', '~1')}/schema"
        return faults + self._faults(schema, body, request=True)

    def _query_faults(self, pointer: str, operation: Mapping[str, Any], query: Mapping[str, str]) -> list[str]:
        described = {p["name"]: i for i, p in enumerate(operation.get("parameters", ())) if p["in"] == "query"}
        faults = [f"the query parameter {name} is not described" for name in query if name not in described]
        for name, index in described.items():
            parameter = operation["parameters"][index]
            if name in query:
                schema = f"{pointer}/parameters/{index}/schema"
                faults += [
                    f"{name}: {fault}" for fault in self._faults(schema, _parsed(query[name], parameter), request=True)
                ]
            elif parameter.get("required"):
                faults.append(f"the query parameter {name} is missing")
        return faults

    def response_faults(self, method: str, path: str, status: int, body: object) -> list[str]:
        """What is wrong with an answer: an undescribed status, or a body unlike the described one."""
        pointer, operation = self.operation(method, path)
        described = operation["responses"]
        key = next((k for k in (str(status), f"{status // 100}XX") if k in described), None)
        if key is None:
            # Any operation can fail on Discord's side; such answers have no described body.
            return [] if status >= 500 else [f"the status {status} is not described"]
        response = described[key]
        at = f"{pointer}/responses/{key}"
        if "$ref" in response:
            at = response["$ref"].removeprefix("#")
            response = self._responses[at.rpartition("/")[2]]
        schema = response.get("content", {}).get("application/json")
        if schema is None:
            return [] if body in (None, "", b"") else ["there is a body, and none is described"]
        return self._faults(f"{at}/content/application~1json/schema", body)

    def object_faults(self, name: str, instance: object) -> list[str]:
        """What is wrong with an object that Discord names `name`, such as `MessageResponse`; raises `Undescribed`."""
        if name not in self._schemas:
            raise Undescribed(f"Discord describes no object called {name}")
        return self._faults(f"/components/schemas/{name}", instance)

    def _faults(self, pointer: str, instance: object, *, request: bool = False) -> list[str]:
        quick = self._quick.get(pointer)
        if quick is None:
            quick = self._quick[pointer] = jsonschema_rs.Draft202012Validator(
                {"$ref": f"{_URI}#{quote(pointer)}"}, registry=self._quick_registry, validate_formats=True
            )
        if quick.is_valid(instance):
            return []
        validator = self._compiled.get((pointer, request))
        if validator is None:
            kind = _Request if request else _Answer
            validator = kind({"$ref": f"{_URI}#{pointer}"}, registry=self._registry, format_checker=_formats)
            self._compiled[pointer, request] = validator
        worst = best_match(validator.iter_errors(instance))
        return [] if worst is None else [f"{worst.json_path}: {worst.message[:300]}"]


def _bound(schema: Any) -> None:
    """Say what the format int32 means by keywords that every validator knows, wherever it stands."""
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        _bound(part)
    if isinstance(schema, dict) and schema.get("format") == "int32" and schema.get("type") is not None:
        schema["minimum"] = max(schema.get("minimum", -(2**31)), -(2**31))
        schema["maximum"] = min(schema.get("maximum", 2**31 - 1), 2**31 - 1)


def _parsed(text: str, parameter: Mapping[str, Any]) -> object:
    """A query parameter as the value it stands for; snowflakes may be integers, and 0 and 1 may be truth values."""
    truths = {"true": True, "false": False, "1": True, "0": False}
    if parameter["schema"].get("type") == "boolean":
        return truths.get(text.lower(), text)
    value = int(text) if text.isdecimal() else text
    # Of a parameter that may be given several times, one is at hand.
    return [value] if parameter["schema"].get("type") == "array" else value


@lru_cache(maxsize=1)
def _description() -> OpenAPI | None:
    if not DESCRIPTION.is_file():
        return None
    return OpenAPI(json.loads(DESCRIPTION.read_text(encoding="utf-8")))


def load() -> OpenAPI:
    """Discord's description; skips the calling test, saying why, where the file is absent."""
    found = _description()
    if found is None:
        reason = "Discord's OpenAPI description is not there (../shared/discord-openapi.json beside the repository)"
        pytest.skip(reason)
    return found
