-- name: add_journal_line(at, kind, id, version, event, source, dest, facts)!
INSERT INTO journal (at, machine_kind, machine_id, version, event, source, dest, facts)
VALUES (:at, :kind, :id, :version, :event, :source, :dest, :facts)

-- name: latest_journal_lines(lines)
-- Newest first.
SELECT * FROM journal ORDER BY id DESC LIMIT :lines

-- name: journal_lines_of(kind, id)
SELECT * FROM journal WHERE machine_kind = :kind AND machine_id = :id ORDER BY version
