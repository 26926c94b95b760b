-- Versions of a profile's model, and the base models that they speak by.

ALTER TABLE echo_profiles ADD COLUMN base TEXT NOT NULL DEFAULT '';
ALTER TABLE echo_profiles ADD COLUMN tuned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE echo_profiles ADD COLUMN previous INTEGER;
ALTER TABLE echo_profiles ADD COLUMN previous_path TEXT;
ALTER TABLE echo_profiles ADD COLUMN previous_tuned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE echo_profiles ADD COLUMN made INTEGER NOT NULL DEFAULT 0;
ALTER TABLE echo_profiles ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;

-- What was withdrawn from the model that speaks was forgotten when the next training began; then it may be some.
UPDATE echo_profiles
SET made = model_version,
    withdrawn = CASE WHEN training_status = 'training' AND model_version > 0 THEN stale + 1 ELSE stale END;

-- The base model that a server's echoes speak by where a person chose one for all of them.
CREATE TABLE server_bases (
    server_id INTEGER PRIMARY KEY,
    base TEXT NOT NULL,
    chosen_at TEXT NOT NULL
) STRICT;
