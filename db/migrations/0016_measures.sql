-- What each answer of an engine took: figures, and the names of servers, base models and outcomes and failures. No words of anybody.

CREATE TABLE measures (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    at REAL NOT NULL,
    host TEXT NOT NULL,
    base TEXT NOT NULL,
    outcome TEXT NOT NULL,
    failure TEXT NOT NULL,
    drafts INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    wait REAL NOT NULL,
    first_token REAL,
    seconds REAL NOT NULL,
    tokens INTEGER NOT NULL,
    token_seconds REAL NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    evaluated INTEGER
) STRICT;

CREATE INDEX measures_of_profile ON measures (profile_id, at);
CREATE INDEX measures_by_age ON measures (at);
