-- Who has the word after a message in a channel where echoes are online: decided once.

CREATE TABLE turns_decided (
    channel_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    profile_id INTEGER REFERENCES echo_profiles (id) ON DELETE SET NULL,
    chance REAL NOT NULL,
    why TEXT NOT NULL,
    decided_at TEXT NOT NULL,
    PRIMARY KEY (channel_id, message_id)
) STRICT;

CREATE INDEX turns_of_profile ON turns_decided (profile_id);
