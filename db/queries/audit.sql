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

-- name: last_start_or_stop()^
SELECT id, act, facts FROM audit WHERE act IN ('started', 'stopped') ORDER BY id DESC LIMIT 1

-- name: versions_in_audit()
-- Of each profile the highest version of its snapshot that an act tells of.
SELECT profile_id, MAX(CAST(json_extract(facts, '$.version') AS INTEGER)) AS version FROM audit
WHERE json_extract(facts, '$.machine') = 'profile'
GROUP BY profile_id

-- name: odd_machines()
-- Machines whose row is not at the step that their journal ends with, or whose journal has a gap.
WITH told AS (
    SELECT machine_kind AS kind, machine_id AS id, MIN(version) AS first, MAX(version) AS last, COUNT(*) AS lines
    FROM journal
    GROUP BY machine_kind, machine_id
),
standing AS (
    SELECT 'profile' AS kind, id, version FROM echo_profiles
    UNION ALL
    SELECT 'session' AS kind, id, version FROM echo_sessions
)
SELECT told.kind, told.id FROM told
INNER JOIN standing ON standing.kind = told.kind AND standing.id = told.id
WHERE standing.version <> told.last OR told.lines <> told.last - told.first + 1
ORDER BY told.kind, told.id
