"""Buttons, selects, text inputs and the rows that hold them, as Discord's JSON. Pure.

Source of kinds and limits: Discord API reference, "Component Reference".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, Final

Component = Mapping[str, Any]

ROW, BUTTON, STRING_SELECT, TEXT_INPUT, USER_SELECT = 1, 2, 3, 4, 5
ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT, LABEL = 6, 7, 8, 18
SELECTS: Final = frozenset({STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT})
KIND_NAMES: Final = {
    BUTTON: "button",
    STRING_SELECT: "select",
    TEXT_INPUT: "text",
    USER_SELECT: "user",
    ROLE_SELECT: "role",
    MENTIONABLE_SELECT: "mentionable",
    CHANNEL_SELECT: "channel",
}
DANGER_STYLE: Final = 4
LINK_STYLE: Final = 5


def walk(components: Iterable[Component]) -> Iterator[Component]:
    """Every component, those inside others after what holds them."""
    for component in components:
        yield component
        yield from walk(component.get("components") or ())
        inner = component.get("component") or component.get("accessory")
        if inner:
            yield from walk((inner,))


def usable(components: Iterable[Component]) -> Iterator[Component]:
    """The components that a person can press, choose from or fill in: those with a custom id."""
    return (component for component in walk(components) if component.get("custom_id"))


def find(components: Iterable[Component], custom_id: str) -> Component | None:
    """The component of this custom id, None if there is none."""
    return next((component for component in usable(components) if component["custom_id"] == custom_id), None)


def as_answered(components: Iterable[Component]) -> list[dict[str, Any]]:
    """Components as Discord gives them back: each with an id of its own, defaults filled in, nulls left out."""
    numbers = count(1)
    return [_filled(component, numbers) for component in components]


def _filled(component: Component, numbers: Iterator[int]) -> dict[str, Any]:
    filled = {key: value for key, value in component.items() if value is not None}
    filled["id"] = next(numbers)
    if filled["type"] in SELECTS:
        filled = {"min_values": 1, "max_values": 1, **filled}
    if "components" in filled:
        filled["components"] = [_filled(inner, numbers) for inner in filled["components"]]
    for key in ("component", "accessory"):
        if key in filled:
            filled[key] = _filled(filled[key], numbers)
    return filled


def first_fault(components: Iterable[Component]) -> str | None:
    """What Discord would refuse about a message's components, in a few words; None if nothing."""
    listed = list(components)
    if any(not isinstance(one.get("type"), int) for one in listed):
        return "a component has no type"
    rows = [one for one in listed if one["type"] == ROW]
    if len(listed) > 40 or len(rows) > 5:
        return "there are more than 5 rows"
    custom_ids = [str(one["custom_id"]) for one in usable(listed)]
    if len(set(custom_ids)) < len(custom_ids):
        return "a custom id is used twice"
    if any(not 1 <= len(one) <= 100 for one in custom_ids):
        return "a custom id has fewer than 1 or more than 100 characters"
    faults = (_row_fault(row.get("components") or ()) for row in rows)
    return next((fault for fault in faults if fault), None)


def _row_fault(inside: Iterable[Component]) -> str | None:
    held = list(inside)
    if not 1 <= len(held) <= 5:
        return "a row holds fewer than 1 or more than 5 components"
    if len(held) > 1 and any(one.get("type") in SELECTS for one in held):
        return "a row with a select holds something else too"
    for one in held:
        if one.get("type") == BUTTON and one.get("style") == LINK_STYLE and not one.get("url"):
            return "a link button has no url"
        if one.get("type") == BUTTON and one.get("style") != LINK_STYLE and not one.get("custom_id"):
            return "a button has no custom id"
        if one.get("type") == BUTTON and len(str(one.get("label") or "")) > 80:
            return "a button's label has more than 80 characters"
        if one.get("type") == STRING_SELECT and not 1 <= len(one.get("options") or ()) <= 25:
            return "a select has fewer than 1 or more than 25 options"
    return None


def described(components: Iterable[Component], channels: Sequence[tuple[int, int, str]] = ()) -> list[dict[str, Any]]:
    """The usable components as the people see them: `custom_id`, `label`, `kind`, and what a select offers.

    `channels` are the id, kind and name of those that a select of channels can offer.
    """
    return [_described(component, channels) for component in usable(components)]


def _described(component: Component, channels: Sequence[tuple[int, int, str]]) -> dict[str, Any]:
    emoji = (component.get("emoji") or {}).get("name")
    label = component.get("label") or component.get("placeholder") or emoji or component["custom_id"]
    shown: dict[str, Any] = {
        "custom_id": component["custom_id"],
        "label": label,
        "kind": KIND_NAMES.get(component["type"], "other"),
        "disabled": bool(component.get("disabled")),
        "danger": component.get("type") == BUTTON and component.get("style") == DANGER_STYLE,
    }
    if component["type"] in SELECTS:
        shown["min_values"] = component.get("min_values", 1)
        shown["max_values"] = component.get("max_values", 1)
    if component["type"] == STRING_SELECT:
        shown["options"] = [
            {"label": one["label"], "value": one["value"], "chosen": bool(one.get("default"))}
            for one in component["options"]
        ]
    if component["type"] == CHANNEL_SELECT:
        kinds = component.get("channel_types") or [kind for _, kind, _ in channels]
        chosen = {str(one["id"]) for one in component.get("default_values") or ()}
        shown["options"] = [
            {"label": f"#{name}", "value": str(number), "chosen": str(number) in chosen}
            for number, kind, name in channels
            if kind in kinds
        ]
    return shown
