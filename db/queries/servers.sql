-- name: put_server_halt(server_id, halted_by, halted_at)!
INSERT INTO server_halts (server_id, halted_by, halted_at) VALUES (:server_id, :halted_by, :halted_at)
ON CONFLICT (server_id) DO NOTHING

-- name: drop_server_halt(server_id)!
DELETE FROM server_halts WHERE server_id = :server_id

-- name: server_halts()
SELECT server_id, halted_by, halted_at FROM server_halts ORDER BY server_id

-- name: put_trusted_role(server_id, role_id, trusted_by, trusted_at)!
INSERT INTO trusted_roles (server_id, role_id, trusted_by, trusted_at)
VALUES (:server_id, :role_id, :trusted_by, :trusted_at)
ON CONFLICT (server_id, role_id) DO NOTHING

-- name: drop_trusted_role(server_id, role_id)!
DELETE FROM trusted_roles WHERE server_id = :server_id AND role_id = :role_id

-- name: trusted_roles()
SELECT server_id, role_id FROM trusted_roles ORDER BY server_id, role_id
