-- What was found odd of the trail and told, from when until when: once while it lasts, by
-- whichever process finds it first, and also where the hub was started again meanwhile.
create table odd_told (
	id       text primary key,
	what     text not null,            -- changed, refused, silent
	witness  text not null default '', -- its verifier key; '' the hub found it
	told_at  timestamptz not null,
	seen_at  timestamptz not null,     -- when it was still so, to half a minute
	ended_at timestamptz
);
create unique index odd_now on odd_told (what, witness) where ended_at is null;
grant select, insert on odd_told to audit;
grant update (seen_at, ended_at) on odd_told to audit;
