-- How far places were read as ranges, what came of each, how a collecting goes about it, and what datasets it gave.

ALTER TABLE echo_profiles ADD COLUMN paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1));
ALTER TABLE echo_profiles ADD COLUMN stale INTEGER NOT NULL DEFAULT 0;
ALTER TABLE echo_profiles ADD COLUMN unlearned INTEGER NOT NULL DEFAULT 0;

ALTER TABLE user_messages ADD COLUMN provenance TEXT NOT NULL DEFAULT 'history' CHECK (
    provenance IN ('history', 'search', 'live', 'data_package', 'export')
);
-- bare: what stood before it is not known. words: it has text, and is not merely the sign of something unseen.
ALTER TABLE user_messages ADD COLUMN bare INTEGER NOT NULL DEFAULT 0 CHECK (bare IN (0, 1));
ALTER TABLE user_messages ADD COLUMN words INTEGER NOT NULL DEFAULT 1 CHECK (words IN (0, 1));

DROP INDEX own_messages_by_time;
CREATE INDEX own_words_by_time ON user_messages (profile_id, timestamp, message_id) WHERE own = 1 AND words = 1;
CREATE INDEX messages_by_id ON user_messages (message_id);
CREATE INDEX messages_by_channel ON user_messages (channel_id);

-- All with before_id <= id < top_id was read; before_id 0 is the beginning of the place.
CREATE TABLE collection_ranges (
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id),
    channel_id INTEGER NOT NULL,
    top_id INTEGER NOT NULL,
    before_id INTEGER NOT NULL CHECK (before_id >= 0 AND before_id < top_id),
    PRIMARY KEY (profile_id, channel_id, top_id)
) STRICT;

-- A cut-off was where every place began. Discord's ids count milliseconds since 2015 in all but their last 22 bits.
INSERT INTO collection_ranges (profile_id, channel_id, top_id, before_id)
SELECT
    found.profile_id,
    found.channel_id,
    found.top_id,
    CASE WHEN found.done = 1 THEN 0 ELSE found.before_id END
FROM (
    SELECT
        collection_cursors.profile_id,
        collection_cursors.channel_id,
        collection_cursors.before_id,
        collection_cursors.done,
        (CAST(strftime('%s', echo_profiles.cutoff_date) AS INTEGER) * 1000 - 1420070400000) * 4194304 AS top_id
    FROM collection_cursors
    INNER JOIN echo_profiles ON echo_profiles.id = collection_cursors.profile_id
) AS found
WHERE found.top_id > 0 AND (found.done = 1 OR found.before_id < found.top_id);

DROP TABLE collection_cursors;

CREATE TABLE collection_places (
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id),
    channel_id INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('reading', 'read', 'skipped', 'closed', 'gone', 'failed')),
    reason TEXT,
    pages INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    kept INTEGER NOT NULL,
    dropped TEXT NOT NULL,
    PRIMARY KEY (profile_id, channel_id)
) STRICT;

CREATE TABLE collection_plans (
    profile_id INTEGER PRIMARY KEY REFERENCES echo_profiles (id),
    method TEXT NOT NULL CHECK (method IN ('search', 'walk')),
    upper_id INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    made INTEGER NOT NULL
) STRICT;

-- What an engine is trained and tested on, in parts, as ciphertext under the profile's key.
CREATE TABLE datasets (
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id),
    split TEXT NOT NULL CHECK (split IN ('train', 'validation', 'test')),
    part INTEGER NOT NULL,
    examples INTEGER NOT NULL,
    content BLOB NOT NULL,
    made_at TEXT NOT NULL,
    PRIMARY KEY (profile_id, split, part)
) STRICT;
