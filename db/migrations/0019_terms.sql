-- What subjects agree to beyond whose words up to which day, sealed under the installation's own key; the two keys, the
-- subject's and a manager's; and when a consent ends. NULL terms: agreed to before there was a choice.

ALTER TABLE echo_profiles ADD COLUMN terms BLOB;
ALTER TABLE echo_profiles ADD COLUMN agreed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE echo_profiles ADD COLUMN approved INTEGER NOT NULL DEFAULT 0;
ALTER TABLE echo_profiles ADD COLUMN expires TEXT;

UPDATE echo_profiles SET agreed = 1, approved = 1 WHERE training_status IN ('collecting', 'training', 'ready');
