-- The index key can be changed: each row that stands at a blind index says under which key. What is there is under key 1.

ALTER TABLE identifier ADD COLUMN index_kid INTEGER NOT NULL DEFAULT 1;
ALTER TABLE document ADD COLUMN index_kid INTEGER NOT NULL DEFAULT 1;
ALTER TABLE throttle ADD COLUMN index_kid INTEGER NOT NULL DEFAULT 1;
ALTER TABLE pin_throttle ADD COLUMN index_kid INTEGER NOT NULL DEFAULT 1;
ALTER TABLE verification ADD COLUMN index_kid INTEGER NOT NULL DEFAULT 1;
ALTER TABLE officer ADD COLUMN index_kid INTEGER NOT NULL DEFAULT 1;
ALTER TABLE login ADD COLUMN index_kid INTEGER NOT NULL DEFAULT 1;
-- The badge, so that its blind index can be made anew; none of officers from before, until they sign in.
ALTER TABLE officer ADD COLUMN sealed BLOB;
-- So that `serve` knows at once whether it has every key that it needs.
CREATE INDEX identifier_index_kid ON identifier (index_kid);
CREATE INDEX login_index_kid ON login (index_kid)
