-- How like its person each model of an echo was found: figures and sentences of Echo's own, no words of anybody.

CREATE TABLE scorecards (
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    axes TEXT NOT NULL,
    weakest TEXT,
    passed INTEGER NOT NULL CHECK (passed IN (0, 1)),
    sentence TEXT NOT NULL,
    moments INTEGER NOT NULL,
    seconds REAL NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (profile_id, version)
) STRICT;
