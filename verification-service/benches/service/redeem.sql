-- A charge and a redemption as the service does them, statement by statement (src/verify.rs), for pgbench.
\set who random(1, 1000000000)
\set kiosk random(1, 1000000)
\set lock random(1, 1000000000000)
BEGIN;
SELECT 1 FROM (SELECT pg_advisory_xact_lock(:lock::bigint)) AS l;
SELECT * FROM put WHERE kiosk = 'bench' || :kiosk AND scope = 'request' AND id = 'p' || :who;
SELECT 1 FROM (SELECT pg_advisory_xact_lock(:lock::bigint + 1)) AS l;
SELECT * FROM code WHERE identifier = sha256(('i' || :who)::bytea) ORDER BY made_at DESC, rowid DESC LIMIT 1;
SELECT arrival FROM rate WHERE subject = 'bench' || :kiosk;
INSERT INTO rate (subject, arrival) VALUES ('bench' || :kiosk, 1) ON CONFLICT (subject) DO UPDATE SET arrival = excluded.arrival;
SELECT n, locked_until, last_at FROM throttle WHERE identifier = sha256(('i' || :who)::bytea);
INSERT INTO throttle (identifier, n, locked_until, last_at) VALUES (sha256(('i' || :who)::bytea), 1, 0, 1) ON CONFLICT (identifier) DO UPDATE SET n = excluded.n;
INSERT INTO put (kiosk, scope, id, kind, body_mac, owner, begun_at, state, charge) VALUES ('bench' || :kiosk, 'request', 'p' || :who, 'verification', sha256('m'), sha256('o'), 1, 'pending', '{}') ON CONFLICT DO NOTHING;
SELECT a.* FROM account a JOIN identifier i ON i.account = a.id WHERE i.blind = sha256(('i' || :who)::bytea);
COMMIT;
BEGIN;
SELECT 1 FROM (SELECT pg_advisory_xact_lock(:lock::bigint)) AS l;
UPDATE code SET state = 'used', version = version + 1, ended_at = 1 WHERE id = 'c' || :who AND state = 'active';
UPDATE put SET state = 'done', status = 200, reply = decode(repeat('00', 1100), 'hex') WHERE kiosk = 'bench' || :kiosk AND scope = 'request' AND id = 'p' || :who AND state = 'pending';
INSERT INTO audit (at, actor, event, subject, detail) VALUES (1, 'kiosk-x', 'bench', 'p' || :who, '{}') RETURNING seq;
INSERT INTO verification (kiosk, id, visit, identifier, code, result, purpose, at, audit_seq) VALUES ('bench' || :kiosk, 'p' || :who, 'v', sha256(('i' || :who)::bytea), NULL, 'not_verified', 'inspection', 1, 1) ON CONFLICT DO NOTHING;
INSERT INTO throttle (identifier, n, locked_until, last_at) VALUES (sha256(('i' || :who)::bytea), 0, 0, 1) ON CONFLICT (identifier) DO UPDATE SET n = excluded.n;
COMMIT;
