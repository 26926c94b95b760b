-- name: add_change(profile_id, added, edited, removed)!
INSERT INTO corpus_changes (profile_id, added, edited, removed)
VALUES (:profile_id, :added, :edited, :removed)
ON CONFLICT (profile_id) DO UPDATE
SET added = corpus_changes.added + excluded.added,
    edited = corpus_changes.edited + excluded.edited,
    removed = corpus_changes.removed + excluded.removed

-- name: take_change(profile_id, added, edited, removed)!
UPDATE corpus_changes
SET added = added - :added, edited = edited - :edited, removed = removed - :removed
WHERE profile_id = :profile_id

-- name: drop_empty_changes(profile_id)!
DELETE FROM corpus_changes WHERE profile_id = :profile_id AND added <= 0 AND edited <= 0 AND removed <= 0

-- name: drop_changes(profile_id)!
DELETE FROM corpus_changes WHERE profile_id = :profile_id

-- name: pending_changes()
SELECT profile_id, added, edited, removed FROM corpus_changes

-- name: reconciled_down_to(server_id)$
SELECT before_id FROM reconciliations WHERE server_id = :server_id

-- name: put_reconciled(server_id, before_id)!
INSERT INTO reconciliations (server_id, before_id) VALUES (:server_id, :before_id)
ON CONFLICT (server_id) DO UPDATE SET before_id = excluded.before_id

-- name: end_reconciling(server_id)!
DELETE FROM reconciliations WHERE server_id = :server_id
