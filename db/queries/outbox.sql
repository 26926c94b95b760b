-- name: add_outbox_row(kind, machine_id, effect, fields, created_at)$
INSERT INTO outbox (machine_kind, machine_id, effect, fields, created_at)
VALUES (:kind, :machine_id, :effect, :fields, :created_at)
RETURNING id

-- name: pending_outbox_rows()
SELECT * FROM outbox WHERE done = 0 ORDER BY id

-- name: begin_outbox_row(id, at)^
-- The first try's time is kept: what may have been sent was sent since then.
UPDATE outbox SET started_at = COALESCE(started_at, :at), tries = tries + 1
WHERE id = :id
RETURNING *

-- name: settle_outbox_row(id)!
UPDATE outbox SET done = 1 WHERE id = :id
