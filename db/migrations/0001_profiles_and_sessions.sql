-- One row for each machine's snapshot. Times are ISO 8601 text in UTC with microseconds, so that they sort as text.

CREATE TABLE echo_profiles (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    server_id INTEGER NOT NULL,
    cutoff_date TEXT NOT NULL,
    model_path TEXT,
    training_status TEXT NOT NULL CHECK (
        training_status IN ('awaiting_consent', 'collecting', 'training', 'ready', 'forgetting', 'forgotten')
    ),
    created_at TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    asker_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    consent_message_id INTEGER,
    messages INTEGER NOT NULL,
    model_version INTEGER NOT NULL,
    reason TEXT,
    tries INTEGER NOT NULL,
    due TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX one_living_profile ON echo_profiles (server_id, user_id) WHERE training_status <> 'forgotten';

CREATE TABLE echo_sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id),
    channel_id INTEGER NOT NULL,
    is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    started_at TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    state TEXT NOT NULL CHECK (state IN ('offline', 'listening', 'composing', 'cooling')),
    server_id INTEGER NOT NULL,
    started_by INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    heard_id INTEGER NOT NULL,
    addressed INTEGER NOT NULL CHECK (addressed IN (0, 1)),
    since TEXT,
    restarts INTEGER NOT NULL,
    generation_id INTEGER,
    part INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    gaps TEXT NOT NULL,
    typing INTEGER NOT NULL CHECK (typing IN (0, 1)),
    bot_turns INTEGER NOT NULL,
    pending INTEGER NOT NULL CHECK (pending IN (0, 1)),
    reason TEXT,
    tries INTEGER NOT NULL,
    due TEXT NOT NULL,
    UNIQUE (profile_id, channel_id),
    CHECK ((state = 'offline') = (is_active = 0))
) STRICT;
