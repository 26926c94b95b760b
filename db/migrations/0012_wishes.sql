-- What subjects wish of their echoes: struck lines of the card, banned topics and phrases, as ciphertext under the
-- profile's key.

CREATE TABLE wishes (
    profile_id INTEGER PRIMARY KEY REFERENCES echo_profiles (id),
    content BLOB NOT NULL,
    changed_at TEXT NOT NULL
) STRICT;
