-- Whom each echo has answered already, and what people think of what it said. Who they are is a keyed hash of profile
-- and person; what was said is ciphertext under the profile's key.

CREATE TABLE contacts (
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id),
    person BLOB NOT NULL,
    met_at TEXT NOT NULL,
    PRIMARY KEY (profile_id, person)
) STRICT;

CREATE TABLE feedback (
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id),
    message_id INTEGER NOT NULL,
    person BLOB NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('like', 'dislike', 'unlike')),
    rater TEXT NOT NULL CHECK (rater IN ('subject', 'member')),
    version INTEGER NOT NULL,
    content BLOB NOT NULL,
    given_at TEXT NOT NULL,
    PRIMARY KEY (profile_id, message_id, person, verdict)
) STRICT;

CREATE INDEX feedback_by_time ON feedback (given_at);
CREATE INDEX said_messages ON generation_parts (message_id);
