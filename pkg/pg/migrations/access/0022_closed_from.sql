-- Whoever writes what came of a thing may also move the thing to another state, and
-- change nothing else of it: a concern is closed in the commit that closes its case, so
-- that whoever lost the one reads nothing of the other. Else as in 0007.
create or replace function wall_of_change() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
	if not access.writes(new.kind) and not (to_jsonb(new) - 'state' = to_jsonb(old) - 'state'
		and exists (select from access.item w where (w.id in (old.part_of, old.came_of) or w.came_of = old.id) and access.writes(w.kind))) then
		raise exception 'room % does not write items of this kind', session_user using errcode = '42501';
	end if;
	return new;
end $$;
revoke execute on all functions in schema access from public;
