-- Who did what that must be accounted for: a chain in which each row's MAC (under a key of the installation) holds the
-- one before it. Rows are never changed; they are deleted only up to a signed mark of what the cut-off part ended with.

CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    act TEXT NOT NULL,
    actor_id INTEGER NOT NULL,
    server_id INTEGER NOT NULL,
    profile_id INTEGER NOT NULL,
    facts TEXT NOT NULL,
    mac BLOB NOT NULL
) STRICT;

CREATE TABLE audit_cut (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    upto INTEGER NOT NULL,
    mac BLOB NOT NULL,
    at TEXT NOT NULL,
    signature BLOB NOT NULL
) STRICT;

-- Also `INSERT OR REPLACE`, which deletes without asking the trigger below, meets this one.
CREATE TRIGGER audit_is_appended BEFORE INSERT ON audit
WHEN NEW.id IS NOT 1 + coalesce((SELECT max(id) FROM audit), (SELECT max(upto) FROM audit_cut), 0)
BEGIN
    SELECT RAISE(ABORT, 'the audit is only appended to');
END;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is only appended to');
END;

CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
WHEN OLD.id > coalesce((SELECT max(upto) FROM audit_cut), 0)
BEGIN
    SELECT RAISE(ABORT, 'the audit is only cut off where that is signed');
END;

CREATE TRIGGER audit_cut_goes_forward BEFORE UPDATE ON audit_cut
WHEN NEW.upto < OLD.upto
BEGIN
    SELECT RAISE(ABORT, 'the audit is only cut off where that is signed');
END;

CREATE TRIGGER audit_cut_is_kept BEFORE DELETE ON audit_cut
BEGIN
    SELECT RAISE(ABORT, 'the audit is only cut off where that is signed');
END;
