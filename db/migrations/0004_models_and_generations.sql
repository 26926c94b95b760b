-- How models were made, and what the echoes said and why; texts as ciphertext under the profile's key.

CREATE TABLE training_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id),
    version INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    seconds REAL NOT NULL,
    started_at TEXT NOT NULL,
    outcome TEXT NOT NULL
) STRICT;

CREATE INDEX training_runs_of_profile ON training_runs (profile_id);

CREATE TABLE generations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id),
    session_id INTEGER NOT NULL REFERENCES echo_sessions (id),
    turn INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    texts BLOB NOT NULL,
    delay REAL NOT NULL,
    typing REAL NOT NULL,
    gaps TEXT NOT NULL,
    chance REAL NOT NULL,
    why TEXT NOT NULL,
    model TEXT NOT NULL,
    UNIQUE (session_id, turn)
) STRICT;

CREATE INDEX generations_of_profile ON generations (profile_id);

CREATE TABLE generation_parts (
    generation_id INTEGER NOT NULL REFERENCES generations (id) ON DELETE CASCADE,
    part INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    said_at TEXT NOT NULL,
    PRIMARY KEY (generation_id, part)
) STRICT;
