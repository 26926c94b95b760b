-- name: add_journal_line(at, kind, id, version, event, source, dest, facts)!
INSERT INTO journal (at, machine_kind, machine_id, version, event, source, dest, facts)
VALUES (:at, :kind, :id, :version, :event, :source, :dest, :facts)

-- name: latest_journal_lines(lines)
-- Newest first.
SELECT * FROM journal ORDER BY id DESC LIMIT :lines

-- name: journal_lines_of(kind, id)
SELECT * FROM journal WHERE machine_kind = :kind AND machine_id = :id ORDER BY version

-- name: journal_lines_by_author(ids, user_id)
-- `ids` is a JSON array.
SELECT id FROM journal
WHERE machine_kind = 'session' AND machine_id IN (SELECT value FROM json_each(:ids))
    AND json_extract(facts, '$.author_id') = :user_id

-- name: forget_journal_author(ids)!
UPDATE journal SET facts = json_set(facts, '$.author_id', 0) WHERE id IN (SELECT value FROM json_each(:ids))
