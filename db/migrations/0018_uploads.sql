-- Which files of weights went to which server of models, by digest: kept until it is known that they are gone from there.

CREATE TABLE uploads (
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    host TEXT NOT NULL,
    digest TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (profile_id, version, host, digest)
) STRICT;
