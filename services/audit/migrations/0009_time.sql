-- Since when a citizen waits for an answer (GDPR art. 12(3)), and by which rule and when it is
-- erased (L22). Of those from before, nobody said when the request was received; they are
-- erased as usually as the log is.
alter table extract add column received_on date, add column retention_rule text, add column erase_at timestamptz;
alter table extract disable trigger extract_once;
update extract set retention_rule = 'trail', erase_at = prepared_at + interval '24 months';
alter table extract enable trigger extract_once;
alter table extract alter column retention_rule set not null, alter column erase_at set not null;
create index extract_waits on extract (received_on) where released_at is null;
grant update (received_on, retention_rule, erase_at) on extract to audit;

create or replace function extract_once() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
	if old.released_at is not null then
		raise exception 'what was handed out stays as it was' using errcode = '23000';
	end if;
	if new.released_at is not null and (new.n, new.box, new.content, new.prepared_by, new.prepared_hat, new.prepared_at, new.received_on)
		is distinct from (old.n, old.box, old.content, old.prepared_by, old.prepared_hat, old.prepared_at, old.received_on) then
		raise exception 'what is released is what was read' using errcode = '23000';
	end if;
	return new;
end $$;

-- That the citizen was told, and why, that it takes longer: once.
create table extract_extension (
	extract text primary key references extract,
	told_on date not null,
	box     bytea not null, -- the reason, sealed with the authority's key
	at      timestamptz not null,
	person  text not null,
	hat     text not null
);
grant select, insert on extract_extension to audit;

-- Which warnings of a limit were told, so that each is told once; -1 is that it has run out.
create table extract_told (
	extract text not null references extract,
	due     timestamptz not null,
	days    int not null,
	at      timestamptz not null,
	primary key (extract, due, days)
);
grant select, insert on extract_told to audit;
