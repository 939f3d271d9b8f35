-- Which rooms write which kinds of items, as their door plates say. Written by
-- setup. A kind without a row is written by nobody.
create table writer (
	kind text not null check (kind <> ''),
	room name not null,
	primary key (kind, room)
);

-- Whether whoever signed in may write items of a kind. The hub's owner may: the
-- walls are the owner's.
create function writes(/* kind */ text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
	select exists (select from access.writer w where w.kind = $1 and w.room = session_user) or pg_has_role(session_user, 'access_owner', 'member')
$$;

-- The wall around items, and around subjects, whose kind is the argument.
create function wall() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
	kind text;
begin
	if tg_nargs > 0 then
		kind := tg_argv[0];
	elsif tg_op = 'DELETE' then
		kind := old.kind;
	else
		kind := new.kind;
	end if;
	if not access.writes(kind) then
		raise exception 'room % does not write items of this kind', session_user using errcode = '42501';
	end if;
	if tg_op = 'DELETE' then
		return old;
	end if;
	return new;
end $$;
create trigger wall before insert or update or delete on item for each row execute function wall();
create trigger wall before insert or update or delete on subject for each row execute function wall('subject');

-- The wall around what is given on an item. Whoever writes the whole may end
-- what was given on its parts, whatever their kind: closing reaches everything.
create function wall_of_item() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
	if not exists (select from access.item i left join access.item w on w.id = i.part_of where i.id = new.item and i.kind = new.kind
		and (access.writes(i.kind) or tg_op = 'UPDATE' and access.writes(w.kind))) then
		raise exception 'room % does not write items of this kind', session_user using errcode = '42501';
	end if;
	return new;
end $$;
create trigger wall before insert or update on assignment for each row execute function wall_of_item();
create trigger wall before insert or update on share for each row execute function wall_of_item();
create trigger wall before insert or update on recusal for each row execute function wall_of_item();

-- As in 0001; the wall says whose item it is.
create or replace function drop_item(/* kind */ text, /* item */ text) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
	with gone as (delete from access.item i where i.kind = $1 and i.id = $2 returning 1)
	select exists (select from gone)
$$;

-- Every room keeps the policy it decides by: a document, under its own hash only.
alter table revision add constraint revision_of_document
	check (split_part(revision, '-', 2) = left(encode(sha256(document), 'hex'), 16));
revoke execute on all functions in schema access from public;
