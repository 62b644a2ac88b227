-- The audit log becomes a Merkle tree: a row has no hash of its own any more but a place in the tree, which the sealer
-- gives it within a second. Rows of the first version are sealed like new ones. Numbers of rows are never used again.

CREATE TABLE audit_row (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    actor    TEXT NOT NULL,
    event    TEXT NOT NULL,
    subject  TEXT NOT NULL,
    detail   TEXT NOT NULL,             -- JSON
    leaf     INTEGER UNIQUE             -- its place in the log; none until it is sealed
) STRICT;
INSERT INTO audit_row (seq, at, actor, event, subject, detail) SELECT seq, at, actor, event, subject, detail FROM audit;
DROP TABLE audit;
DROP TABLE audit_head;
ALTER TABLE audit_row RENAME TO audit;
CREATE INDEX audit_unsealed ON audit (seq) WHERE leaf IS NULL;
CREATE INDEX audit_at ON audit (at)
