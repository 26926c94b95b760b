-- What was said in each session, as ciphertext under the profile's key.

-- own: the echo's own words, else what they answered.
CREATE TABLE memories (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id) ON DELETE CASCADE,
    session_id INTEGER NOT NULL REFERENCES echo_sessions (id) ON DELETE CASCADE,
    channel_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    own INTEGER NOT NULL CHECK (own IN (0, 1)),
    content BLOB NOT NULL,
    stored_at TEXT NOT NULL,
    UNIQUE (session_id, message_id)
) STRICT;

CREATE INDEX memories_of_profile ON memories (profile_id);
CREATE INDEX memories_of_message ON memories (message_id);
CREATE INDEX memories_of_channel ON memories (channel_id);
CREATE INDEX memories_by_age ON memories (stored_at);
