-- Whether an echo may begin conversations in a channel, whether it is beginning one, and when it did in the last day.

ALTER TABLE echo_sessions ADD COLUMN opens INTEGER NOT NULL DEFAULT 0 CHECK (opens IN (0, 1));

ALTER TABLE echo_sessions ADD COLUMN opening INTEGER NOT NULL DEFAULT 0 CHECK (opening IN (0, 1));

ALTER TABLE echo_sessions ADD COLUMN opened TEXT NOT NULL DEFAULT '[]';
