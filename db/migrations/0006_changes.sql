-- What changed in corpora that their machines have not recorded yet, and how far servers were compared with Discord.

CREATE TABLE corpus_changes (
    profile_id INTEGER PRIMARY KEY REFERENCES echo_profiles (id) ON DELETE CASCADE,
    added INTEGER NOT NULL,
    edited INTEGER NOT NULL,
    removed INTEGER NOT NULL
) STRICT;

CREATE TABLE reconciliations (
    server_id INTEGER PRIMARY KEY,
    before_id INTEGER NOT NULL
) STRICT;
