"""Messages as rows of `user_messages`, their text and author as ciphertext that is bound to where it lies."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from json.encoder import encode_basestring_ascii as quoted

from db.cipher import Cipher
from db.stored import NOTHING_COUNTED, Provenance, StoredMessage

Row = tuple[int, int, int, bytes, float, int, int, bool, str, str, bool, bool]
"""A row to be written, in the order of the statement `add_messages`."""

PROVENANCES = {member.value: member for member in Provenance}


def seal(cipher: Cipher, profile_id: int, messages: Sequence[StoredMessage], stored_at: str) -> list[Row]:
    """Rows to be written of a profile's messages."""
    plains = [
        (
            payload(each),
            # The same as `place_of` names, made in one go: this is done for every message.
            b"message|%d|%d|%d|%d|%d" % (profile_id, each.server_id, each.user_id, each.channel_id, each.message_id),
        )
        for each in messages
    ]
    return [
        (
            each.user_id,
            each.server_id,
            each.channel_id,
            sealed,
            each.ts,
            each.message_id,
            profile_id,
            each.own,
            stored_at,
            each.provenance.value,
            each.bare,
            each.text != "",
        )
        for each, sealed in zip(messages, cipher.seal_all(plains), strict=True)
    ]


def payload(message: StoredMessage) -> bytes:
    """What is sealed of a message: JSON of text, author, reply_to, cut and scrubbed.

    Put together by hand, as `json.dumps` takes five times as long. Lone surrogates are no UTF-8, but JSON's escapes
    carry them.
    """
    reply_to = "null" if message.reply_to is None else message.reply_to
    scrubbed = json.dumps(dict(message.scrubbed)) if message.scrubbed else "{}"
    cut = "true" if message.cut else "false"
    return f"[{quoted(message.text)},{quoted(message.author)},{reply_to},{cut},{scrubbed}]".encode()


def place_of(profile_id: int, row: sqlite3.Row) -> tuple[str | int, ...]:
    """What a row's ciphertext is bound to."""
    return ("message", profile_id, row["server_id"], row["user_id"], row["channel_id"], row["message_id"])


def open_all(cipher: Cipher, profile_id: int, rows: Iterable[sqlite3.Row]) -> list[StoredMessage]:
    """The messages that rows hold; raises Tampered where one does not open."""
    return [open_one(cipher, profile_id, row) for row in rows]


def open_one(cipher: Cipher, profile_id: int, row: sqlite3.Row) -> StoredMessage:
    """The message that a row holds; raises Tampered where it does not open."""
    # Older rows end after `reply_to`.
    text, author, reply_to, *more = json.loads(cipher.open(row["message_content"], *place_of(profile_id, row)))
    cut, scrubbed = more or (False, NOTHING_COUNTED)
    return StoredMessage(
        message_id=row["message_id"],
        user_id=row["user_id"],
        server_id=row["server_id"],
        channel_id=row["channel_id"],
        ts=row["timestamp"],
        text=text,
        author=author,
        own=bool(row["own"]),
        reply_to=reply_to,
        provenance=PROVENANCES[row["provenance"]],
        cut=cut,
        bare=bool(row["bare"]),
        scrubbed=scrubbed,
    )
