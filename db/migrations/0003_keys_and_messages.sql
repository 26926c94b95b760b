-- What people wrote, as ciphertext under their profile's key. A key that is NULL is destroyed, for good.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE profile_keys (
    profile_id INTEGER PRIMARY KEY REFERENCES echo_profiles (id),
    wrapped_key BLOB
) STRICT;

-- timestamp: seconds since the epoch, UTC. own: written by the subject, else context that they answered.
CREATE TABLE user_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    server_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    message_content BLOB NOT NULL,
    timestamp REAL NOT NULL,
    message_id INTEGER NOT NULL,
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id),
    own INTEGER NOT NULL CHECK (own IN (0, 1)),
    stored_at TEXT NOT NULL,
    UNIQUE (profile_id, message_id)
) STRICT;

CREATE INDEX messages_by_time ON user_messages (profile_id, timestamp, message_id);
CREATE INDEX own_messages_by_time ON user_messages (profile_id, timestamp, message_id) WHERE own = 1;

CREATE TABLE collection_cursors (
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id),
    channel_id INTEGER NOT NULL,
    before_id INTEGER NOT NULL,
    done INTEGER NOT NULL CHECK (done IN (0, 1)),
    seen INTEGER NOT NULL,
    kept INTEGER NOT NULL,
    PRIMARY KEY (profile_id, channel_id)
) STRICT;
