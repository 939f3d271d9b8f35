-- The signed revisions of the law as data, in their order. Written by the hub's
-- owner (infohus policy put), read by every room at the begin of every transaction.
-- Whether one counts is judged by the room that reads it, by its signatures. What
-- was put here stays: nothing is changed or taken away.
create table policy (
	number integer primary key check (number > 0),
	note   bytea not null check (length(note) <= 2097152),
	sum    bytea not null generated always as (sha256(note)) stored,
	writer name not null default session_user,
	put_at timestamptz not null default clock_timestamp()
);

create function grow() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
	if tg_op <> 'INSERT' then
		raise exception 'a revision stays as it was put' using errcode = '23000';
	elsif exists (select from access.policy p where p.number >= new.number) then
		raise exception 'a later revision is there already' using errcode = '23505';
	end if;
	return new;
end $$;
create trigger grow before insert or update or delete on policy for each row execute function grow();
create trigger stay before truncate on policy for each statement execute function grow();
revoke execute on all functions in schema access from public;
