-- What is written beside a snapshot, in the same transaction.

CREATE TABLE consents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id),
    user_id INTEGER NOT NULL,
    given_at TEXT NOT NULL,
    text_version INTEGER NOT NULL,
    text_hash TEXT NOT NULL
) STRICT;

CREATE INDEX consents_of_profile ON consents (profile_id);

CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    machine_kind TEXT NOT NULL CHECK (machine_kind IN ('profile', 'session')),
    machine_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    event TEXT NOT NULL,
    source TEXT,
    dest TEXT NOT NULL,
    facts TEXT NOT NULL,
    UNIQUE (machine_kind, machine_id, version)
) STRICT;

CREATE INDEX journal_by_time ON journal (at);

-- AUTOINCREMENT: a row's id is part of the nonce of what is sent for it, so that it must never be used again.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    machine_kind TEXT NOT NULL CHECK (machine_kind IN ('profile', 'session')),
    machine_id INTEGER NOT NULL,
    effect TEXT NOT NULL,
    fields TEXT NOT NULL,
    created_at TEXT NOT NULL,
    started_at TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1))
) STRICT;

CREATE INDEX outbox_pending ON outbox (id) WHERE done = 0;
