"""How the sandbox's REST answers: JSON bodies as Discord words them, and its refusals with their codes.

Source of the codes: Discord API reference, "JSON Error Codes" and "Error Messages".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from echo.sandbox.files import LARGEST_FILE, Upload, safe_name

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
LONGEST_BODY = 64 * 1024 * 1024
"""Bytes: a larger request body is refused."""


class Refusal(Exception):
    """A request that Discord would refuse. `status` is HTTP's, `code` Discord's, `errors` says which field and why."""

    def __init__(self, status: int, code: int, message: str, errors: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.payload: dict[str, Any] = {"message": message, "code": code}
        if errors is not None:
            self.payload["errors"] = errors


def answer(data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON answer. Its content type is exactly `application/json`: clients take a charset for something else."""
    return spelt_out(written(data), status, headers)


def written(data: object) -> bytes:
    """The data as JSON; half a character, which has no UTF-8, is a question mark."""
    return spelt(data).encode("utf-8", "replace")


def spelt(data: object) -> str:
    """The data as JSON, without blanks."""
    return _ENCODER.encode(data)


def spelt_out(text: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer whose JSON text is already there."""
    return web.Response(body=text, status=status, headers=headers, content_type="application/json")


def nothing() -> web.Response:
    """204 No Content."""
    return web.Response(status=204)


async def body(request: web.Request) -> dict[str, Any]:
    """The request's JSON object, {} where it has no body. Multipart is read for its `payload_json` alone.

    Raises `Refusal` for what is no JSON object, and for files, which the sandbox keeps of answers to interactions only.
    """
    found, files = await body_with_files(request)
    if files:
        raise invalid("files", "BASE_TYPE_BAD_LENGTH", "This server keeps no attachments.")
    return found


async def body_with_files(request: web.Request) -> tuple[dict[str, Any], list[Upload]]:
    """The request's JSON object, and the files that come with it as multipart. Raises `Refusal` as `body` does."""
    if request.content_type != "multipart/form-data":
        return _object(await request.read()), []
    form = await request.post()
    files = [
        Upload(safe_name(part.filename), part.file.read(), part.content_type)
        for part in form.values()
        if isinstance(part, web.FileField)
    ]
    if any(len(one.content) > LARGEST_FILE for one in files):
        raise Refusal(413, 40005, "Request entity too large")
    return _object(str(form.get("payload_json", "{}")).encode("utf-8", "replace")), files


def _object(raw: bytes) -> dict[str, Any]:
    if not raw.strip():
        return {}
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        raise Refusal(400, 50109, "The request body contains invalid JSON.") from None
    if not isinstance(found, dict):
        raise Refusal(400, 50035, "Invalid Form Body", _at("", "DICT_TYPE_CONVERT", "Only dictionaries may be used."))
    return found


def invalid(path: str, code: str, message: str) -> Refusal:
    """400 with 50035: the field at `path` (names joined by full stops) is wrong."""
    return Refusal(400, 50035, "Invalid Form Body", _at(path, code, message))


def required(path: str) -> Refusal:
    """400 with 50035: a field is missing."""
    return invalid(path, "BASE_TYPE_REQUIRED", "This field is required")


def unknown(what: str) -> Refusal:
    """404: there is no such thing (see `UNKNOWN`)."""
    return Refusal(404, UNKNOWN[what], f"Unknown {what}")


def missing_access() -> Refusal:
    """403: the bot can't see the place."""
    return Refusal(403, 50001, "Missing Access")


def missing_permissions() -> Refusal:
    """403: the bot sees the place, but may not do that there."""
    return Refusal(403, 50013, "Missing Permissions")


UNKNOWN = {
    "Application": 10002,
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "Overwrite": 10009,
    "Role": 10011,
    "User": 10013,
    "Emoji": 10014,
    "Webhook": 10015,
    "Interaction": 10062,
    "Application Command": 10063,
    "File": 0,
}
"""Discord's codes for what can't be found."""


def _at(path: str, code: str, message: str) -> dict[str, Any]:
    found: dict[str, Any] = {"_errors": [{"code": code, "message": message}]}
    for name in reversed(path.split(".") if path else []):
        found = {name: found}
    return found
