-- Which exports were given, so that nobody has them made all the time, and where Echo deletes them again.

CREATE TABLE exports (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    at TEXT NOT NULL,
    channel_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    removed INTEGER NOT NULL CHECK (removed IN (0, 1))
) STRICT;

CREATE INDEX exports_of_user ON exports (user_id, at);
