"""The neutral form: one JSON object a line with `author, channel, ts, text`, and whatever else is known of it.

`ts` is in seconds since the epoch, or ISO 8601. `id` is the message's own and `reply_to` the `id` of an earlier
message. Where a file has no ids, `reply_to` is the `ts` of an earlier message in the same channel (the first one, if
several share that second). `author_id`, `channel_id` and `server_id` are Discord's. Other fields are ignored, and so
are empty lines.
"""

from __future__ import annotations

from collections.abc import Iterator

from echo.corpus.written import Written

from .fields import identity, moment, name, record, string
from .limits import refused
from .scanner import lines, parsed
from .sources import Source


def read_jsonl(source: Source) -> Iterator[Written]:
    """The messages, in the file's order. Raises ImportRefused naming the line."""
    latest: dict[str, float] = {}
    for number, line in lines(source):
        if not line.strip():
            continue
        where = f"{source.name}, line {number}"
        row = record(parsed(line, where), where)
        author, channel = name(row, "author", where), name(row, "channel", where)
        ts, text = moment(row, "ts", where), string(row, "text", where)
        key, reply_to = identity(row, "id", where), None
        if key is not None:
            reply_to = identity(row, "reply_to", where)
        else:
            if row.get("reply_to") is not None:
                reply_to = _moment_key(channel, moment(row, "reply_to", where))
            if latest.get(channel) != ts:
                key = _moment_key(channel, ts)
        latest[channel] = ts
        if len(latest) > source.limits.members:
            raise refused(where, f"it has more than {source.limits.members:,} channels", "import a part of it")
        yield Written(
            author,
            channel,
            ts,
            text,
            key,
            reply_to,
            None,
            identity(row, "author_id", where),
            identity(row, "channel_id", where),
            identity(row, "server_id", where),
        )


def _moment_key(channel: str, ts: float) -> str:
    """What stands for the id of a message that has none."""
    return f"{channel}@{ts:.6f}"
