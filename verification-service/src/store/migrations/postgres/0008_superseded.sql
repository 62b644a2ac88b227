-- As sqlite/0008_superseded.sql.

ALTER TABLE referral ADD COLUMN supersedes TEXT
