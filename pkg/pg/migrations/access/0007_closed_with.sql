-- Whoever writes what a thing is a part of, or came of, may move it to another
-- state, and change nothing else of it: what was asked and answered in a case is
-- closed in the closing's own commit. Else as in 0003.
create function wall_of_change() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
	if not access.writes(new.kind) and not (to_jsonb(new) - 'state' = to_jsonb(old) - 'state'
		and exists (select from access.item w where w.id in (old.part_of, old.came_of) and access.writes(w.kind))) then
		raise exception 'room % does not write items of this kind', session_user using errcode = '42501';
	end if;
	return new;
end $$;
drop trigger wall on item;
create trigger wall before insert or delete on item for each row execute function wall();
create trigger wall_of_change before update on item for each row execute function wall_of_change();
revoke execute on all functions in schema access from public;
