"""What a request body says about a message, checked as Discord checks it. Pure.

Source of the limits: Discord API reference, "Create Message", "Execute Webhook" and "Embed Limits".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from echo.sandbox.answers import Refusal, invalid
from echo.sandbox.components import first_fault

LONGEST = 2000
"""Characters of a message's content."""
MOST_EMBEDS = 10
LONGEST_EMBEDS = 6000
"""Characters of all embeds of a message together."""
SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS = 1 << 2, 1 << 12
COMPONENTS_V2 = 1 << 15
_EMBED_TEXTS = {"title": 256, "description": 4096}
_EMBED_SHAPE = {"fields": list, "footer": dict, "author": dict, "image": dict, "thumbnail": dict}
_COMPONENT_SHAPE = {
    "type": int,
    "components": list,
    "component": dict,
    "accessory": dict,
    "options": list,
    "emoji": dict,
    "custom_id": str,
}


@dataclass(frozen=True, slots=True)
class MessageForm:
    """A checked body. None stands for a field that is not there (in an edit: leave as it is)."""

    content: str | None
    embeds: Sequence[Mapping[str, Any]] | None
    components: Sequence[Mapping[str, Any]] | None
    allowed_mentions: Mapping[str, Any] | None
    flags: int | None
    tts: bool

    @property
    def empty(self) -> bool:
        """Whether a message made of this would have nothing in it."""
        return not ((self.content or "").strip() or self.embeds or self.components)


def message_form(data: Mapping[str, Any]) -> MessageForm:
    """The body of a message to send or to change. Raises `Refusal`."""
    content = data.get("content")
    if content is not None and not isinstance(content, str | int | float):
        raise invalid("content", "STRING_TYPE_CONVERT", "Could not interpret as a string.")
    spoken = None if content is None and "content" not in data else str(content or "")
    if spoken is not None and len(spoken) > LONGEST:
        raise invalid("content", "BASE_TYPE_MAX_LENGTH", f"Must be {LONGEST} or fewer in length.")
    flags = data.get("flags")
    if flags is not None and (type(flags) is not int or flags < 0):
        raise invalid("flags", "NUMBER_TYPE_COERCE", "Value is not int.")
    return MessageForm(
        content=spoken,
        embeds=_embeds(data),
        components=_components(data),
        allowed_mentions=_allowed_mentions(data.get("allowed_mentions")),
        flags=flags,
        tts=bool(data.get("tts")),
    )


def refuse_empty(form: MessageForm) -> None:
    """Raises `Refusal` for a message with nothing in it."""
    if form.empty:
        raise Refusal(400, 50006, "Cannot send an empty message")


def nonce(data: Mapping[str, Any]) -> str | int | None:
    """The body's nonce. Raises `Refusal` for one that is too long."""
    found = data.get("nonce")
    if found is not None and (not isinstance(found, str | int) or len(str(found)) > 25):
        raise invalid("nonce", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    return found


def _listed(data: Mapping[str, Any], name: str, most: int) -> list[Any] | None:
    found = data.get(name)
    if found is None:
        return [] if name in data else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise invalid(name, "LIST_TYPE_CONVERT", "Only iterables of objects may be used.")
    if len(found) > most:
        raise invalid(name, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
    return found


def _embeds(data: Mapping[str, Any]) -> list[Any] | None:
    embeds = _listed(data, "embeds", MOST_EMBEDS)
    total = 0
    for at, embed in enumerate(embeds or ()):
        _refuse_misshapen(embed, _EMBED_SHAPE, f"embeds.{at}")
        for name, most in _EMBED_TEXTS.items():
            if len(str(embed.get(name) or "")) > most:
                raise invalid(f"embeds.{at}.{name}", "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
        total += _length(embed)
    if total > LONGEST_EMBEDS:
        raise invalid("embeds", "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {LONGEST_EMBEDS}")
    return embeds


def _length(embed: Mapping[str, Any]) -> int:
    """Characters of an embed, counted as Discord counts them."""
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    for field in embed.get("fields") or ():
        texts += [field.get("name"), field.get("value")]
    return sum(len(str(text)) for text in texts if text is not None)


def _components(data: Mapping[str, Any]) -> list[Any] | None:
    components = _listed(data, "components", 40)
    for at, component in enumerate(components or ()):
        _refuse_misshapen(component, _COMPONENT_SHAPE, f"components.{at}")
    fault = first_fault(components or ())
    if fault is not None:
        raise invalid("components", "BASE_TYPE_BAD_LENGTH", f"Invalid components: {fault}.")
    return components


def _refuse_misshapen(part: Mapping[str, Any], shape: Mapping[str, type], path: str) -> None:
    """Looks at `part` and all objects in it: the names of `shape` must hold what it says, lists only objects."""
    if "type" in shape and type(part.get("type")) is not int:
        raise invalid(f"{path}.type", "BASE_TYPE_REQUIRED", "This field is required")
    for name, value in part.items():
        if name not in shape or value is None:
            continue
        wrong = not isinstance(value, shape[name])
        inner = value if isinstance(value, list) else [value] if isinstance(value, dict) else []
        if wrong or not all(isinstance(one, dict) for one in inner):
            raise invalid(f"{path}.{name}", "BASE_TYPE_CONVERT", f"Only {shape[name].__name__} may be used.")
        for one in inner:
            is_component = name in ("components", "component", "accessory")
            _refuse_misshapen(one, shape if is_component else {}, f"{path}.{name}")


def _allowed_mentions(found: Any) -> Mapping[str, Any] | None:
    if found is None:
        return None
    if not isinstance(found, dict):
        raise invalid("allowed_mentions", "DICT_TYPE_CONVERT", "Only dictionaries may be used.")
    parse = found.get("parse") or ()
    if not isinstance(parse, list | tuple) or not set(map(str, parse)) <= {"users", "roles", "everyone"}:
        raise invalid("allowed_mentions.parse", "BASE_TYPE_CHOICES", "Value must be one of users, roles, everyone.")
    for name in ("users", "roles"):
        listed = found.get(name) or ()
        if not isinstance(listed, list | tuple) or len(listed) > 100:
            raise invalid(f"allowed_mentions.{name}", "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.")
        if not all(str(one).isdecimal() for one in listed):
            raise invalid(f"allowed_mentions.{name}", "NUMBER_TYPE_COERCE", "A value is not snowflake.")
        if listed and name in parse:
            message = f'parse:["{name}"] and {name}: [ids...] are mutually exclusive.'
            raise invalid("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)
    return found
