-- A hand-over may take the place of an earlier one of the same visit, which is deleted with that, or refused if it comes later.

ALTER TABLE referral ADD COLUMN supersedes TEXT
