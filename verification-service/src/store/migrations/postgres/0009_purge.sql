-- As sqlite/0009_purge.sql.

DROP INDEX code_newest;
CREATE INDEX code_newest ON code (identifier, (CASE WHEN state = 'active' THEN 1 ELSE 0 END), made_at, rowid);
CREATE INDEX code_ended ON code (COALESCE(ended_at, expires_at)) WHERE state <> 'used';
CREATE INDEX activity_at ON activity (at);
CREATE INDEX assistance_at ON assistance (at);

-- Decisions were kept for ever. Those whose audit rows were purged go as they will from now on: with the codes they used up.
DELETE FROM code_hint WHERE code IN
    (SELECT code FROM verification WHERE code IS NOT NULL AND audit_seq < (SELECT MIN(seq) FROM audit));
DELETE FROM locked_code WHERE code IN
    (SELECT code FROM verification WHERE code IS NOT NULL AND audit_seq < (SELECT MIN(seq) FROM audit));
DELETE FROM code WHERE state = 'used' AND id IN
    (SELECT code FROM verification WHERE code IS NOT NULL AND audit_seq < (SELECT MIN(seq) FROM audit));
DELETE FROM verification WHERE audit_seq < (SELECT MIN(seq) FROM audit);
DELETE FROM inspection WHERE audit_seq < (SELECT MIN(seq) FROM audit);
DELETE FROM override WHERE audit_seq < (SELECT MIN(seq) FROM audit)
