-- The answers to citizens who ask what has been looked up about them (L21): what was
-- gathered stands sealed in the box, by whom, and who released it. It is gathered anew
-- until another person has released it, and never after.
create table extract (
	id            text primary key,
	authority     text not null,  -- whose data it is about, and whose people answer
	subject       text not null,  -- whom it is about; or what was typed, where that finds nothing
	n             int not null check (n > 0), -- which gathering it is
	box           bytea not null, -- sealed with the authority's key
	content       bytea not null, -- SHA-256 of what is in it: what a release is of
	prepared_by   text not null,
	prepared_hat  text not null,
	prepared_at   timestamptz not null,
	released_by   text check (released_by <> prepared_by), -- another person, whatever the account
	released_hat  text,
	released_at   timestamptz,
	check ((released_at is null) = (released_by is null) and (released_at is null) = (released_hat is null))
);
create index extract_authority on extract (authority, prepared_at);

create function extract_once() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
	if old.released_at is not null then
		raise exception 'what was handed out stays as it was' using errcode = '23000';
	end if;
	if new.released_at is not null and (new.n, new.box, new.content, new.prepared_by, new.prepared_hat, new.prepared_at)
		is distinct from (old.n, old.box, old.content, old.prepared_by, old.prepared_hat, old.prepared_at) then
		raise exception 'what is released is what was read' using errcode = '23000';
	end if;
	return new;
end $$;
create trigger extract_once before update on extract for each row execute function extract_once();
grant select, insert on extract to audit;
grant update (n, box, content, prepared_by, prepared_hat, prepared_at, released_by, released_hat, released_at) on extract to audit;
