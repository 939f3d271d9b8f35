-- Receipts are listed by whose they are, the newest first.
create index advice_listed on advice (authority, hat, at, id);
