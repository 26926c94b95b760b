-- What changed in corpora that models do not know yet: ids alone. A model is amended by it before it is renewed.

ALTER TABLE echo_profiles ADD COLUMN amending INTEGER NOT NULL DEFAULT 0;
ALTER TABLE echo_profiles ADD COLUMN amend_tries INTEGER NOT NULL DEFAULT 0;

CREATE TABLE amendments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    profile_id INTEGER NOT NULL REFERENCES echo_profiles (id) ON DELETE CASCADE,
    message_id INTEGER NOT NULL
) STRICT;

CREATE INDEX amendments_of_profile ON amendments (profile_id, id);
