-- What is being erased, and what came of it so far: counts, files by digest, messages on Discord. And the receipts of
-- what is erased, as ciphertext under the installation's own key: they outlive the profiles that they are about.

CREATE TABLE erasures (
    profile_id INTEGER PRIMARY KEY REFERENCES echo_profiles (id) ON DELETE CASCADE,
    asked_at TEXT NOT NULL,
    asked_by INTEGER NOT NULL,
    posts INTEGER NOT NULL CHECK (posts IN (0, 1))
) STRICT;

CREATE TABLE erased_counts (
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    rows INTEGER NOT NULL,
    PRIMARY KEY (profile_id, kind)
) STRICT;

CREATE TABLE erased_files (
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (profile_id, name, digest)
) STRICT;

-- done: NULL while it is to be taken down, then what came of it in a word or sentence of ours.
CREATE TABLE posts_to_remove (
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id) ON DELETE CASCADE,
    channel_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    done TEXT,
    PRIMARY KEY (profile_id, message_id)
) STRICT;

CREATE TABLE receipts (
    profile_id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL,
    server_id INTEGER NOT NULL,
    at TEXT NOT NULL,
    content BLOB NOT NULL,
    sent TEXT
) STRICT;

CREATE INDEX receipts_by_age ON receipts (at);
CREATE INDEX receipts_of_user ON receipts (user_id);
