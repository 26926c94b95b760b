"""The sandbox's world as its people see it, in plain JSON: messages, answers, forms, commands. Changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from echo.corpus.mark import is_marked, unmarked
from echo.sandbox import payloads
from echo.sandbox.command_forms import (
    CHAT_INPUT,
    OPTION_NAMES,
    SUBCOMMAND,
    SUBCOMMAND_GROUP,
    USER_COMMAND,
    Json,
)
from echo.sandbox.components import LABEL, TEXT_INPUT, described, walk
from echo.sandbox.directory import Directory
from echo.sandbox.files import Attachment
from echo.sandbox.records import EPHEMERAL, KINDS, Channel, Message

View = dict[str, Any]
PARAGRAPH = 2
"""The style of a text input with more than one line."""
_MENTION = re.compile(r"<(@!?|#)(\d{15,20})>")
_WORD = re.compile(r"\w")
LONGEST_NAME = 32


def message_view(world: Directory, of: Message) -> View:
    """A message: `id, channel, author, author_id, webhook, content, marked, shown, ts, embeds, components, attachments,
    kind, ephemeral, reply_to, edited`.

    `content` is without the mark of an echo's words, of which `marked` tells. `webhook` is the id of the webhook that
    said it, None for people and for the bot itself; `shown` is all that a reader sees, mentions by their names and
    embeds as text; `ts` is in seconds since the epoch, UTC.
    """
    known = world.users.get(of.author_id)
    by_webhook = of.webhook_id is not None and of.webhook_id != world.application_id
    return {
        "id": str(of.id),
        "channel": str(of.channel_id),
        "author": of.author_name or (known.display_name if known else "Deleted User"),
        "author_id": str(of.author_id),
        "webhook": str(of.webhook_id) if by_webhook else None,
        "content": unmarked(of.content),
        "marked": is_marked(of.content),
        "shown": shown_text(world, of),
        "ts": of.ts,
        "embeds": [dict(embed) for embed in of.embeds],
        "components": described(of.components, _channels(world)),
        "attachments": [_attachment_view(world, one) for one in of.attachments],
        "kind": of.kind,
        "ephemeral": bool(of.flags & EPHEMERAL),
        "reply_to": None if of.reply_to is None else str(of.reply_to),
        "edited": of.edited_at is not None,
    }


def _channels(world: Directory) -> list[tuple[int, int, str]]:
    return [(one.id, one.kind, one.name) for one in world.guild_channels()]


def _attachment_view(world: Directory, of: Attachment) -> View:
    found = payloads.attachment(world, of)
    return {name: found.get(name) for name in ("id", "filename", "url", "size", "content_type")}


def channel_view(of: Channel) -> View:
    """A channel or thread: `id, name, kind, parent` (the id of a thread's channel), of a thread also `archived`."""
    found: View = {
        "id": str(of.id),
        "name": of.name,
        "kind": next(name for name, kind in KINDS.items() if kind == of.kind),
        "parent": str(of.parent_id) if of.is_thread else None,
    }
    return {**found, "archived": of.archived} if of.is_thread else found


def shown_text(world: Directory, of: Message) -> str:
    """All that a reader sees of a message: its text with names for mentions, then its embeds, files, stickers, poll and
    what it forwards."""
    parts = [unmarked(of.content), *(embed_text(embed) for embed in of.embeds)]
    parts += [f"[{one.upload.filename}]" for one in of.attachments]
    extra = of.extra or {}
    parts += [f"[{one['name']}]" for one in extra.get("sticker_items", ())]
    parts += [f"[poll: {extra['poll']['question']['text']}]"] if "poll" in extra else []
    parts += [f"[forwarded: {one['message']['content']}]" for one in extra.get("message_snapshots", ())]
    # Newer messages may carry their text in components instead.
    parts += [str(one["content"]) for one in walk(of.components) if one.get("content")]
    return with_names(world, "\n".join(part for part in parts if part))


def embed_text(embed: Mapping[str, Any]) -> str:
    """An embed's words, a line each: author, title, description, fields, footer."""
    lines = [(embed.get("author") or {}).get("name"), embed.get("title"), embed.get("description")]
    lines += [f"{field.get('name', '')}: {field.get('value', '')}" for field in embed.get("fields") or ()]
    lines.append((embed.get("footer") or {}).get("text"))
    return "\n".join(str(line) for line in lines if line)


def with_names(world: Directory, content: str) -> str:
    """The text with names where it mentions people and channels by id; unknown ids stay."""

    def name(match: re.Match[str]) -> str:
        number = int(match[2])
        if match[1] == "#":
            return f"#{world.channels[number].name}" if number in world.channels else match[0]
        return f"@{world.users[number].display_name}" if number in world.users else match[0]

    return _MENTION.sub(name, content)


def with_mentions(world: Directory, content: str) -> str:
    """The text with mentions where it says @ and a member's name, as Discord's client would complete them."""
    if "@" not in content:
        return content
    names = {world.users[one].display_name.casefold(): one for one in world.members}
    written, at = "", 0
    while (found := content.find("@", at)) >= 0:
        name = None if found and re.match(r"[\w<]", content[found - 1]) else _name_at(content, found + 1, names)
        written += content[at:found] + ("@" if name is None else f"<@{names[name.casefold()]}>")
        at = found + 1 + len(name or "")
    return written + content[at:]


def _name_at(content: str, start: int, names: Mapping[str, int]) -> str | None:
    for end in range(min(start + LONGEST_NAME, len(content)), start, -1):
        ends_word = end == len(content) or not _WORD.match(content[end])
        if ends_word and content[start:end].casefold() in names:
            return content[start:end]
    return None


def response_view(world: Directory, of: Message) -> View:
    """An answer to an interaction: `message_id, content, ephemeral, components, attachments, shown`; the content
    of one that has only embeds is their text."""
    return {
        "message_id": str(of.id),
        "content": of.content or shown_text(world, of),
        "ephemeral": bool(of.flags & EPHEMERAL),
        "components": described(of.components, _channels(world)),
        "attachments": [_attachment_view(world, one) for one in of.attachments],
        "shown": shown_text(world, of),
    }


def modal_view(form: Json) -> View:
    """A form to fill in: `custom_id, title, fields`."""
    fields = [
        {
            "custom_id": component["custom_id"],
            "label": label or component["custom_id"],
            "long": component.get("style") == PARAGRAPH,
            "required": component.get("required") is not False,
            "value": component.get("value") or "",
            "placeholder": component.get("placeholder") or "",
            "min_length": component.get("min_length") or 0,
            "max_length": component.get("max_length") or 4000,
        }
        for label, component in text_inputs(form["components"])
    ]
    return {"custom_id": form["custom_id"], "title": form["title"], "fields": fields}


def text_inputs(components: Iterable[Json]) -> Iterator[tuple[str, Json]]:
    """The text inputs of a form with their labels, which may stand on what holds them."""
    for component in components:
        if component["type"] == LABEL:
            yield from ((component["label"], inner) for _, inner in text_inputs((component["component"],)))
        elif component["type"] == TEXT_INPUT:
            yield str(component.get("label") or ""), component
        else:
            yield from text_inputs(component.get("components") or ())


def command_views(commands: Iterable[Json]) -> Iterator[View]:
    """The commands that can be called, subcommands by their whole names: `name, kind, description, options`."""
    for command in commands:
        if command["type"] == CHAT_INPUT:
            yield from _slash_views(command["name"], command)
        elif command["type"] == USER_COMMAND:
            target = {"name": "user", "type": "user", "required": True, "description": "Whom", "autocomplete": False}
            yield {
                "name": command["name"],
                "kind": "user",
                "description": "",
                "options": [{**target, "choices": []}],
            }


def _slash_views(name: str, level: Json) -> Iterator[View]:
    options: Sequence[Json] = level.get("options") or ()
    nested = [option for option in options if option["type"] in (SUBCOMMAND, SUBCOMMAND_GROUP)]
    for step in nested:
        yield from _slash_views(f"{name} {step['name']}", step)
    if not nested:
        yield {
            "name": name,
            "kind": "slash",
            "description": level["description"],
            "options": [_option_view(option) for option in options],
        }


def _option_view(option: Json) -> View:
    return {
        "name": option["name"],
        "type": OPTION_NAMES[option["type"]],
        "required": bool(option.get("required")),
        "description": option["description"],
        "autocomplete": bool(option.get("autocomplete")),
        "choices": [{"name": one["name"], "value": one["value"]} for one in option.get("choices") or ()],
    }
