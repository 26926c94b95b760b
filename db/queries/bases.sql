-- name: put_server_base(server_id, base, chosen_at)!
INSERT INTO server_bases (server_id, base, chosen_at) VALUES (:server_id, :base, :chosen_at)
ON CONFLICT (server_id) DO UPDATE SET base = excluded.base, chosen_at = excluded.chosen_at

-- name: server_bases()
SELECT server_id, base FROM server_bases ORDER BY server_id

-- name: drop_server_base(server_id)!
DELETE FROM server_bases WHERE server_id = :server_id
