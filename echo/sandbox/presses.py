"""What Discord would send of a person's press, choice or form; `NotPossible` where its client would not let them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from echo.sandbox.components import (
    BUTTON,
    CHANNEL_SELECT,
    LABEL,
    MENTIONABLE_SELECT,
    ROLE_SELECT,
    STRING_SELECT,
    TEXT_INPUT,
    USER_SELECT,
    find,
    usable,
)
from echo.sandbox.directory import Directory
from echo.sandbox.interaction_payloads import Json, resolved
from echo.sandbox.options import NotPossible, find_person, find_place
from echo.sandbox.records import Message
from echo.sandbox.views import text_inputs

LONGEST_VALUE: Final = 4000


def message_id(given: object) -> int:
    """The id that `given` spells. Raises `NotPossible` for what is none."""
    text = str(given).strip()
    if not text.isascii() or not text.isdecimal() or len(text) > 20:
        raise NotPossible(f"A message is named by its id, a number, not by “{text[:40]}”.")
    return int(text)


def press_data(world: Directory, message: Message, custom_id: object, values: Sequence[object] | None) -> Json:
    """An interaction's `data` for a component of a message, found by custom id or label."""
    component = _component(message, str(custom_id))
    hook = world.webhooks.get(message.webhook_id or 0)
    bots_own = message.author_id == world.bot.id or (hook is not None and hook.application_id == world.application_id)
    if not bots_own:
        raise NotPossible("Only messages of the bot have components that can be pressed.")
    if component.get("disabled"):
        raise NotPossible(f"“{component.get('label') or component['custom_id']}” is disabled.")
    kind = component["type"]
    data: dict[str, Any] = {
        "custom_id": component["custom_id"],
        "component_type": kind,
        "id": component.get("id") or 1,
    }
    if kind == BUTTON:
        return data
    chosen = [_choice(world, component, value) for value in values or ()]
    low, high = component.get("min_values", 1), component.get("max_values", 1)
    if not low <= len(chosen) <= high:
        raise NotPossible(f"Here one chooses {low if low == high else f'{low} to {high}'}, not {len(chosen)}.")
    data["values"] = [str(one) for one in chosen]
    if kind != STRING_SELECT:
        numbers = [int(one) for one in chosen]
        users = [one for one in numbers if one in world.users]
        roles = [one for one in numbers if one in world.roles]
        channels = [one for one in numbers if kind == CHANNEL_SELECT]
        data["resolved"] = resolved(world, message.channel_id, users=users, roles=roles, channels=channels)
    return data


def _component(message: Message, wanted: str) -> Json:
    named = find(message.components, wanted)
    if named is not None:
        return named
    known = list(usable(message.components))
    labelled = [one for one in known if str(one.get("label") or "").casefold() == wanted.casefold()]
    if labelled:
        return labelled[0]
    if not known:
        raise NotPossible(f"The message {message.id} has nothing to press.")
    raise NotPossible(
        f"The message {message.id} has no component “{wanted[:100]}”; it has: "
        f"{', '.join(str(one['custom_id']) for one in known)}."
    )


def _choice(world: Directory, component: Json, value: object) -> str | int:
    kind = component["type"]
    if kind == STRING_SELECT:
        fits = [one["value"] for one in component["options"] if str(value) in (one["value"], one["label"])]
        if not fits:
            offered = ", ".join(str(one["label"]) for one in component["options"])
            raise NotPossible(f"“{str(value)[:40]}” can't be chosen here; these can: {offered}.")
        return str(fits[0])
    if kind == CHANNEL_SELECT:
        return find_place(world, value).id
    if kind in (ROLE_SELECT, MENTIONABLE_SELECT):
        name = str(value).removeprefix("@").casefold()
        role = next((one for one in world.roles.values() if name in (str(one.id), one.name.casefold())), None)
        if role is not None:
            return role.id
    if kind in (USER_SELECT, MENTIONABLE_SELECT):
        return find_person(world, value).id
    raise NotPossible(f"“{str(value)[:40]}” can't be chosen here.")


def submit_data(form: Json, values: Mapping[str, object]) -> Json:
    """An interaction's `data` for a form filled in with `values`, by custom id or label."""
    fields = {component["custom_id"]: (label, component) for label, component in text_inputs(form["components"])}
    by_label = {label.casefold(): custom_id for custom_id, (label, _) in fields.items()}
    given: dict[str, str] = {}
    for name, value in values.items():
        custom_id = name if name in fields else by_label.get(name.casefold())
        if custom_id is None:
            raise NotPossible(f"The form has no field “{name[:40]}”; it has: {', '.join(fields)}.")
        if not isinstance(value, str):
            raise NotPossible(f"The field {name} takes text.")
        given[custom_id] = value
    texts = {custom_id: _field_text(label, one, given.get(custom_id)) for custom_id, (label, one) in fields.items()}
    return {"custom_id": form["custom_id"], "components": [_submitted(one, texts) for one in form["components"]]}


def _field_text(label: str, component: Json, given: str | None) -> str:
    text = given if given is not None else component.get("value") or ""
    name = label or component["custom_id"]
    low, high = component.get("min_length") or 0, component.get("max_length") or LONGEST_VALUE
    if not text and component.get("required") is not False:
        raise NotPossible(f"The field {name} must be filled in.")
    if text and not low <= len(text) <= high:
        raise NotPossible(f"The field {name} takes {low} to {high} characters.")
    return str(text)


def _submitted(component: Json, texts: Mapping[str, str]) -> Json:
    kind = component["type"]
    if kind == TEXT_INPUT:
        custom_id = component["custom_id"]
        return {"type": kind, "id": component.get("id") or 1, "custom_id": custom_id, "value": texts[custom_id]}
    if kind == LABEL:
        return {"type": kind, "id": component.get("id") or 1, "component": _submitted(component["component"], texts)}
    inside = [_submitted(one, texts) for one in component.get("components") or ()]
    return {"type": kind, "id": component.get("id") or 1, "components": inside}
