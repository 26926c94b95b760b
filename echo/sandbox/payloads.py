"""The sandbox's records as Discord's JSON (API v10). Field names and which of them must be there: Discord's OpenAPI."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from echo.sandbox.directory import Directory
from echo.sandbox.files import WAVEFORM, Attachment
from echo.sandbox.history import REPLY
from echo.sandbox.records import (
    DM,
    POSTS,
    TALKED_IN_CALLS,
    Channel,
    Guild,
    Member,
    Message,
    Overwrite,
    Reaction,
    Role,
    User,
    Webhook,
)
from echo.sandbox.snowflakes import timestamp_of

Payload = dict[str, Any]
_GUILD_NULLS = (
    "icon",
    "description",
    "home_header",
    "splash",
    "discovery_splash",
    "banner",
    "application_id",
    "afk_channel_id",
    "system_channel_id",
    "widget_channel_id",
    "vanity_url_code",
    "rules_channel_id",
    "safety_alerts_channel_id",
    "public_updates_channel_id",
    "premium_progress_bar_enabled_user_updated_at",
    "max_presences",
    "incidents_data",
)
_GUILD_ZEROS = (
    "system_channel_flags",
    "verification_level",
    "default_message_notifications",
    "mfa_level",
    "explicit_content_filter",
    "premium_tier",
    "premium_subscription_count",
    "nsfw_level",
)


def time_text(ts: float) -> str:
    """A time (seconds since the epoch, UTC) as Discord writes it: ISO 8601 with microseconds and +00:00."""
    return datetime.fromtimestamp(ts, UTC).isoformat(timespec="microseconds")


def id_text(number: int | None) -> str | None:
    """An id as the string that JSON carries it in."""
    return None if number is None else str(number)


def user(who: User) -> Payload:
    """UserResponse."""
    found: Payload = {
        "id": str(who.id),
        "username": who.name,
        "global_name": who.global_name,
        "avatar": None if who.bot else who.picture,
        "discriminator": "0",
        "public_flags": 0,
        "flags": 0,
        "avatar_decoration_data": None,
        "banner": None,
        "accent_color": None,
        "collectibles": None,
        "primary_guild": None,
    }
    if who.bot:
        found["bot"] = True
    return found


def own_user(who: User) -> Payload:
    """UserPIIResponse, which is what an account gets to read about itself."""
    return {**user(who), "mfa_enabled": False, "locale": "en-US", "verified": True, "email": None}


def member_without_user(who: Member) -> Payload:
    """The member object that comes with a message, whose author stands beside it."""
    return {
        "roles": [str(role) for role in who.roles],
        "nick": who.nick,
        "joined_at": time_text(who.joined_at),
        "premium_since": None,
        "communication_disabled_until": None,
        "avatar": None,
        "banner": None,
        "flags": 0,
        "pending": False,
        "mute": False,
        "deaf": False,
    }


def member(world: Directory, who: Member) -> Payload:
    """GuildMemberResponse."""
    return {**member_without_user(who), "user": user(world.users[who.user_id])}


def role(of: Role) -> Payload:
    """GuildRoleResponse."""
    found: Payload = {
        "id": str(of.id),
        "name": of.name,
        "description": None,
        "permissions": str(of.permissions),
        "position": of.position,
        "color": of.color,
        "colors": {"primary_color": of.color, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": of.managed,
        "mentionable": of.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }
    if of.bot_id is not None:
        found["tags"] = {"bot_id": str(of.bot_id)}
    return found


def overwrite(of: Overwrite) -> Payload:
    """ChannelPermissionOverwriteResponse."""
    return {"id": str(of.id), "type": of.kind, "allow": str(of.allow), "deny": str(of.deny)}


def channel(world: Directory, of: Channel) -> Payload:
    """GuildChannelResponse, ThreadResponse or PrivateChannelResponse, by what it is."""
    found: Payload = {
        "id": str(of.id),
        "type": of.kind,
        "flags": 0,
        "last_message_id": id_text(of.last_message_id),
        "last_pin_timestamp": None,
    }
    if of.kind == DM:
        return {**found, "recipients": [user(world.users[who]) for who in of.recipients]}
    found |= {
        "guild_id": id_text(of.guild_id),
        "name": of.name,
        "parent_id": id_text(of.parent_id),
        "rate_limit_per_user": of.slowmode,
    }
    if of.is_thread:
        return found | _thread_fields(world, of)
    if of.kind in TALKED_IN_CALLS:
        found |= {"bitrate": 64000, "user_limit": 0, "rtc_region": None}
    if of.kind in POSTS:
        found |= {"available_tags": [], "default_reaction_emoji": None, "default_sort_order": None}
        found["default_forum_layout"] = 0
    return found | {
        "topic": of.topic,
        "position": of.position,
        "permission_overwrites": [overwrite(one) for one in of.overwrites.values()],
        "nsfw": of.nsfw,
    }


def _thread_fields(world: Directory, of: Channel) -> Payload:
    count = len(world.messages[of.id])
    metadata: Payload = {
        "archived": of.archived,
        "archive_timestamp": time_text(of.archived_at or timestamp_of(of.id)),
        "auto_archive_duration": of.auto_archive,
        "locked": of.locked,
        "create_timestamp": time_text(timestamp_of(of.id)),
    }
    if of.kind == 12:
        metadata["invitable"] = of.invitable
    found: Payload = {
        "owner_id": str(of.owner_id),
        "message_count": count,
        "total_message_sent": count,
        "member_count": min(len(of.thread_members), 50),
        "thread_metadata": metadata,
    }
    if world.bot.id in of.thread_members:
        found["member"] = thread_member(of, world.bot.id)
    return found


def thread_member(of: Channel, user_id: int) -> Payload:
    """ThreadMemberResponse."""
    joined = of.thread_members[user_id]
    return {"id": str(of.id), "user_id": str(user_id), "join_timestamp": time_text(joined), "flags": 0}


def author(world: Directory, of: Message) -> Payload:
    """Who wrote the message: a user, or what a webhook gave itself out for."""
    if of.author_id in world.users and of.author_name is None:
        return user(world.users[of.author_id])
    known = world.users.get(of.author_id)
    name = of.author_name or (known.name if known else "Deleted User")
    found = user(User(of.author_id, name, None, bot=of.webhook_id is not None))
    # Discord keeps a picture of its own and names it by a hash; the address itself is not to be seen again.
    picture = hashlib.blake2b(of.avatar.encode(), digest_size=16).hexdigest() if of.avatar else None
    if picture is None and of.webhook_id in world.webhooks:
        picture = world.webhooks[of.webhook_id].avatar
    return {**found, "discriminator": "0000", "avatar": picture}


def attachment(world: Directory, of: Attachment) -> Payload:
    """MessageAttachmentResponse, or AttachmentResponse of one that came with a command."""
    file, url = of.upload, world.address + quote(of.path)
    found: Payload = {"id": str(of.id), "filename": file.filename, "size": len(file.content), "url": url}
    found["proxy_url"] = url
    measured = {
        "content_type": file.kind,
        "description": file.description,
        "width": file.width,
        "height": file.height,
        "duration_secs": file.seconds,
    }
    found |= {name: value for name, value in measured.items() if value is not None}
    if file.seconds is not None:
        found["waveform"] = WAVEFORM
    return {**found, "ephemeral": True} if of.ephemeral else found


def reaction(world: Directory, of: Reaction) -> Payload:
    """MessageReactionResponse, as the bot sees it."""
    return {
        "emoji": emoji(of),
        "count": len(of.users),
        "count_details": {"burst": 0, "normal": len(of.users)},
        "burst_colors": [],
        "me_burst": False,
        "me": world.bot.id in of.users,
    }


def emoji(of: Reaction) -> Payload:
    """A reaction's emoji."""
    return {"id": id_text(of.emoji_id), "name": of.name}


def message(world: Directory, of: Message, *, referenced: bool = True) -> Payload:
    """MessageResponse. `referenced` asks for the message that this one answers, one step deep."""
    found: Payload = {
        "id": str(of.id),
        "type": of.kind,
        "channel_id": str(of.channel_id),
        "author": author(world, of),
        "content": of.content,
        "timestamp": time_text(of.ts),
        "edited_timestamp": None if of.edited_at is None else time_text(of.edited_at),
        "tts": of.tts,
        "mention_everyone": of.mention_everyone,
        "mentions": [user(world.users[who]) for who in of.mentions if who in world.users],
        "mention_roles": [str(one) for one in of.mention_roles],
        "attachments": [attachment(world, one) for one in of.attachments],
        "embeds": [dict(one) for one in of.embeds],
        "components": [dict(one) for one in of.components],
        "flags": of.flags,
        "pinned": of.pinned,
    }
    if of.reactions:
        found["reactions"] = [reaction(world, one) for one in of.reactions]
    if of.nonce is not None:
        found["nonce"] = of.nonce
    if of.webhook_id is not None:
        found["webhook_id"] = str(of.webhook_id)
        hook = world.webhooks.get(of.webhook_id)
        if of.webhook_id == world.application_id or (hook is not None and hook.application_id is not None):
            found["application_id"] = str(world.application_id)
    if of.reply_to is not None:
        found |= _reference(world, of, referenced=referenced)
    return found | dict(of.extra or {})


def _reference(world: Directory, of: Message, *, referenced: bool) -> Payload:
    place = world.channels.get(of.channel_id)
    pointer: Payload = {"type": 0, "channel_id": str(of.channel_id), "message_id": str(of.reply_to)}
    if place is not None and place.guild_id is not None:
        pointer["guild_id"] = str(place.guild_id)
    found: Payload = {"message_reference": pointer}
    if referenced and of.kind == REPLY:
        answered = world.glance(of.channel_id, of.reply_to or 0)
        found["referenced_message"] = None if answered is None else message(world, answered, referenced=False)
    return found


def webhook(world: Directory, of: Webhook, *, with_token: bool) -> Payload:
    """GuildIncomingWebhookResponse; the token only for who may manage it."""
    found: Payload = {
        "id": str(of.id),
        "type": 1,
        "guild_id": str(world.guild.id),
        "channel_id": str(of.channel_id),
        "name": of.name,
        "avatar": of.avatar,
        "application_id": id_text(of.application_id),
    }
    if of.creator_id in world.users:
        found["user"] = user(world.users[of.creator_id])
    if with_token:
        found["token"] = of.token
        found["url"] = f"https://discord.com/api/webhooks/{of.id}/{of.token}"
    return found


def guild(world: Directory, of: Guild) -> Payload:
    """GuildResponse."""
    return {
        **dict.fromkeys(_GUILD_NULLS),
        **dict.fromkeys(_GUILD_ZEROS, 0),
        "id": str(of.id),
        "name": of.name,
        "features": [],
        "owner_id": str(of.owner_id),
        "region": "deprecated",
        "afk_timeout": 300,
        "widget_enabled": False,
        "roles": [role(one) for one in sorted(world.roles.values(), key=lambda one: one.position)],
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "preferred_locale": "en-US",
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "emojis": [],
        "stickers": [],
    }
