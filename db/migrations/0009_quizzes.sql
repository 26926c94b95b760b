-- Moments that members may guess at, which quizzes are running, and what came of the guesses. Who guessed is not kept.

-- content: ciphertext under the profile's key; NULL once it was asked: then only its messages' ids stay, so that nobody
-- is asked what was shown to them already. stored_at: when the oldest of its messages was stored.
CREATE TABLE quiz_moments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    number INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    content BLOB,
    stored_at TEXT NOT NULL,
    UNIQUE (profile_id, number)
) STRICT;

CREATE INDEX quiz_moments_by_channel ON quiz_moments (channel_id);

-- own: what the subject really wrote then, else what stood before it.
CREATE TABLE quiz_moment_messages (
    moment_id INTEGER NOT NULL REFERENCES quiz_moments (id) ON DELETE CASCADE,
    message_id INTEGER NOT NULL,
    own INTEGER NOT NULL CHECK (own IN (0, 1)),
    PRIMARY KEY (moment_id, message_id)
) STRICT;

CREATE INDEX quiz_moments_by_message ON quiz_moment_messages (message_id);

CREATE TABLE quizzes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id) ON DELETE CASCADE,
    channel_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    started_at TEXT NOT NULL
) STRICT;

CREATE TABLE quiz_results (
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    correct INTEGER NOT NULL,
    guesses INTEGER NOT NULL,
    PRIMARY KEY (profile_id, version)
) STRICT;
