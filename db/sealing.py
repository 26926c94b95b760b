"""Messages as rows of `user_messages`, their text and author as ciphertext that is bound to where it lies."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain
from json.encoder import encode_basestring_ascii as quoted

from db.cipher import Cipher
from db.sql import SQL
from db.stored import NOTHING_COUNTED, Provenance, StoredMessage

Row = tuple[int, int, int, bytes, float, int, int, bool, str, str, bool, bool]
"""A row to be written, in the order of the statement `add_messages`."""

AT_ONCE = (100, 10, 1)
"""Rows that one statement inserts, as long as there are as many: 100 at once cost a fifth less than one by one."""

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


def insert(connection: sqlite3.Connection, rows: Sequence[Row]) -> int:
    """Insert what is new, lift what was bare; how many of the subject's own words are new.

    To be called in the connection's thread and within a transaction.
    """
    before, start = connection.total_changes, 0
    for size in AT_ONCE:
        while len(rows) - start >= size:
            connection.execute(_adding(size), [*chain.from_iterable(rows[start : start + size])])
            start += size
    new = connection.total_changes - before
    if new == len(rows):
        return sum(own and words for *_, own, _at, _from, _bare, words in rows)
    again = [
        {"provenance": row[9], "profile_id": row[6], "message_id": row[5]} for row in rows if row[7] and not row[10]
    ]
    connection.executemany(SQL.lift_bare.sql, again)
    # Within the transaction nobody else writes: the new rows are those with the highest ids.
    return int(connection.execute(SQL.count_own_words_among_newest.sql, {"newest": new}).fetchone()[0])


def mark_packaged(
    connection: sqlite3.Connection, cipher: Cipher, profile_id: int, rows: Sequence[StoredMessage]
) -> None:
    """Note of the subject's messages that were stored before that a data package has the same text.

    To be called in the connection's thread and within a transaction.
    """
    given = {row.message_id: row.text for row in rows if row.own and row.provenance is Provenance.DATA_PACKAGE}
    if not given:
        return
    known = connection.execute(SQL.not_packaged.sql, {"profile_id": profile_id, "ids": json.dumps(list(given))})
    same = [
        {"profile_id": profile_id, "message_id": row["message_id"]}
        for row in known.fetchall()
        if open_one(cipher, profile_id, row).text == given[row["message_id"]]
    ]
    connection.executemany(SQL.mark_packaged.sql, same)


@cache
def _adding(rows: int) -> str:
    one, *_ = re.findall(r"\([?, ]+\)", SQL.add_messages.sql)
    return str(SQL.add_messages.sql).replace(one, ", ".join([one] * rows))


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
        packaged=bool(row["packaged"]),
    )
