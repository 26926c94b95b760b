-- Servers whose echoes are silenced until somebody resumes them, and the roles that servers' managers trust.

CREATE TABLE server_halts (
    server_id INTEGER PRIMARY KEY,
    halted_by INTEGER NOT NULL,
    halted_at TEXT NOT NULL
) STRICT;

CREATE TABLE trusted_roles (
    server_id INTEGER NOT NULL,
    role_id INTEGER NOT NULL,
    trusted_by INTEGER NOT NULL,
    trusted_at TEXT NOT NULL,
    PRIMARY KEY (server_id, role_id)
) STRICT;
