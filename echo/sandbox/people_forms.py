"""What the requests of the people's API say, and how they are answered."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from echo.sandbox.answers import answer
from echo.sandbox.options import NotPossible

Handler = Callable[[web.Request], Awaitable[object]]


def answering(handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The handler with its result as JSON, and what is not possible as a sentence."""

    async def answered(request: web.Request) -> web.StreamResponse:
        try:
            return answer(await handler(request))
        except NotPossible as refusal:
            return answer({"error": str(refusal)}, 400)

    return answered


async def form_of(request: web.Request, *wanted: str, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """The request's JSON object with all the wanted fields and no unknown ones. Raises `NotPossible`."""
    try:
        form = json.loads(await request.text())
    except (ValueError, RecursionError):
        raise NotPossible("The request's body is no JSON.") from None
    if not isinstance(form, dict):
        raise NotPossible("The request's body must be a JSON object.")
    try:
        json.dumps(form, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        # Discord never sends such a thing, and what reads its events strictly would drop the connection over it.
        raise NotPossible(
            "The request's body holds half of a character (\\ud800 to \\udfff): send whole ones."
        ) from None
    missing = [name for name in wanted if form.get(name) is None]
    if missing:
        raise NotPossible(f"The field {missing[0]} is missing.")
    unknown = [name for name in form if name not in (*wanted, *optional)]
    if unknown:
        raise NotPossible(f"There is no field {unknown[0]}; there are: {', '.join((*wanted, *optional))}.")
    return form


def object_in(given: object, name: str) -> dict[str, object]:
    """The object that a field holds, an empty one if it holds none. Raises `NotPossible`."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise NotPossible(f"The field {name} must be an object.")
    return given


def truth_in(form: dict[str, Any], name: str, otherwise: bool) -> bool:
    """The truth value that a field holds. Raises `NotPossible`."""
    given = form.get(name)
    if given is None:
        return otherwise
    if not isinstance(given, bool):
        raise NotPossible(f"The field {name} must be true or false.")
    return given


def list_in(form: dict[str, Any], name: str) -> list[Any]:
    """The list that a field holds, an empty one if it holds none. Raises `NotPossible`."""
    given = form.get(name)
    if given is None:
        return []
    if not isinstance(given, list):
        raise NotPossible(f"The field {name} must be a list.")
    return given
