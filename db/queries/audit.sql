-- name: last_act()^
SELECT id, mac FROM audit ORDER BY id DESC LIMIT 1

-- name: audit_cut()^
SELECT upto, mac, at, signature FROM audit_cut

-- name: add_act(id, at, act, actor_id, server_id, profile_id, facts, mac)!
INSERT INTO audit (id, at, act, actor_id, server_id, profile_id, facts, mac)
VALUES (:id, :at, :act, :actor_id, :server_id, :profile_id, :facts, :mac)

-- name: put_meta_value(name, value)!
INSERT INTO meta (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value

-- name: acts_after(id, rows)
SELECT * FROM audit WHERE id > :id ORDER BY id LIMIT :rows

-- name: last_act_before(before)^
SELECT id, mac FROM audit WHERE at < :before ORDER BY id DESC LIMIT 1

-- name: put_audit_cut(upto, mac, at, signature)!
INSERT INTO audit_cut (id, upto, mac, at, signature) VALUES (1, :upto, :mac, :at, :signature)
ON CONFLICT (id) DO UPDATE SET upto = excluded.upto, mac = excluded.mac, at = excluded.at, signature = excluded.signature

-- name: cut_acts(upto, batch)!
DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE id <= :upto ORDER BY id LIMIT :batch)

-- name: acts_due(before)^
SELECT count(*), min(at) FROM audit WHERE at < :before
