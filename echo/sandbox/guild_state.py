"""What the gateway tells of the server as a whole: READY, GUILD_CREATE and the chunks of its members."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from echo.sandbox import payloads
from echo.sandbox.directory import Directory
from echo.sandbox.intents import Intent
from echo.sandbox.permissions import Permission
from echo.sandbox.records import Member
from echo.sandbox.snowflakes import parse_snowflake

CHUNK = 1000
"""Members: how many one GUILD_MEMBERS_CHUNK holds."""
MOST_ASKED = 100
"""Members: how many one request may ask for by id or by the beginning of a name."""
_GRANTED_FLAGS = {
    Intent.GUILD_PRESENCES: 1 << 13,
    Intent.GUILD_MEMBERS: 1 << 15,
    Intent.MESSAGE_CONTENT: 1 << 19,
}


def application_flags(granted: int) -> int:
    """The application's flags, which say what privileged intents it has been granted (for up to 100 servers)."""
    return sum(flag for intent, flag in _GRANTED_FLAGS.items() if granted & intent)


def ready(
    world: Directory, session_id: str, address: str, granted: int, owns: Callable[[int | None], bool]
) -> dict[str, Any]:
    """READY. The server comes as unavailable here; GUILD_CREATE follows."""
    guilds = [{"id": str(world.guild.id), "unavailable": True}] if owns(world.guild.id) else []
    return {
        "v": 10,
        "user": payloads.own_user(world.bot),
        "guilds": guilds,
        "session_id": session_id,
        "session_type": "normal",
        "resume_gateway_url": address,
        "private_channels": [],
        "relationships": [],
        "user_settings": {},
        "application": {"id": str(world.application_id), "flags": application_flags(granted)},
        "_trace": ["sandbox"],
    }


def guild_create(world: Directory, intents: int) -> dict[str, Any]:
    """GUILD_CREATE: channels, the active threads that the bot can see, roles, and of the members only the bot itself
    unless the Presences intent is there: clients ask for the others."""
    bot = world.members.get(world.bot.id)
    shown = list(world.members.values()) if intents & Intent.GUILD_PRESENCES else [bot] if bot else []
    threads = [
        payloads.channel(world, thread)
        for thread in world.threads()
        if not thread.archived and visible_thread(world, thread.id)
    ]
    return {
        **payloads.guild(world, world.guild),
        "joined_at": payloads.time_text(bot.joined_at if bot else 0.0),
        "large": len(world.members) > 250,
        "unavailable": False,
        "member_count": len(world.members),
        "voice_states": [],
        "members": [payloads.member(world, one) for one in shown],
        "channels": [payloads.channel(world, one) for one in world.guild_channels()],
        "threads": threads,
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def visible_thread(world: Directory, thread_id: int) -> bool:
    """Whether the bot sees the thread: private ones only as a member, or where it may manage threads."""
    return world.may(thread_id, world.bot.id, Permission.VIEW_CHANNEL)


def members_chunks(world: Directory, asked: dict[str, Any], intents: int) -> Iterator[dict[str, Any]]:
    """GUILD_MEMBERS_CHUNK for a request by ids, by the beginning of a name, or (with the intent) for all."""
    if str(asked.get("guild_id")) != str(world.guild.id):
        return
    found, not_found = _asked(world, asked, intents)
    parts = [found[at : at + CHUNK] for at in range(0, len(found), CHUNK)] or [[]]
    for index, part in enumerate(parts):
        chunk: dict[str, Any] = {
            "guild_id": str(world.guild.id),
            "members": [payloads.member(world, one) for one in part],
            "chunk_index": index,
            "chunk_count": len(parts),
            "not_found": not_found,
        }
        if asked.get("presences"):
            chunk["presences"] = []
        if asked.get("nonce") is not None:
            chunk["nonce"] = asked["nonce"]
        yield chunk


def _asked(world: Directory, asked: dict[str, Any], intents: int) -> tuple[list[Member], list[str]]:
    ids = asked.get("user_ids")
    if ids is not None:
        wanted = [str(one) for one in (ids if isinstance(ids, list) else [ids])][:MOST_ASKED]
        known = [(one, world.members.get(parse_snowflake(one) or 0)) for one in wanted]
        return [member for _, member in known if member], [one for one, member in known if member is None]
    query, limit = str(asked.get("query") or "").casefold(), int(asked.get("limit") or 0)
    if not query and not limit:
        return (list(world.members.values()) if intents & Intent.GUILD_MEMBERS else []), []
    return members_named(world, query, min(limit, MOST_ASKED) or MOST_ASKED), []


def members_named(world: Directory, query: str, limit: int) -> list[Member]:
    """The first `limit` members whose user name, name or nickname starts with `query`, whatever its case."""
    start = query.casefold()

    def fits(member: Member) -> bool:
        user = world.users[member.user_id]
        return any(name.casefold().startswith(start) for name in (user.name, user.display_name, member.nick or ""))

    return [one for one in world.members.values() if fits(one)][:limit]
