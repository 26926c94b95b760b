-- What subjects allow besides their consent: what holds now, and the record of what they agreed to.

ALTER TABLE echo_profiles ADD COLUMN allows TEXT NOT NULL DEFAULT '[]';

CREATE TABLE allowances (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id),
    allowance TEXT NOT NULL CHECK (allowance IN ('openers', 'quiz')),
    user_id INTEGER NOT NULL,
    given_at TEXT NOT NULL,
    text_version INTEGER NOT NULL,
    text_hash TEXT NOT NULL,
    withdrawn_at TEXT
) STRICT;

CREATE INDEX allowances_of_profile ON allowances (profile_id);
