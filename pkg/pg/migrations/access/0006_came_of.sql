-- What a thing came of: a case of a concern, a question of a case. Nothing that is
-- given on the one counts on the other. Whoever writes what it came of may end what
-- was given on it: so closing a case reaches its questions in the same commit.
alter table item add came_of text; -- which may be forgotten before what came of it
create index item_came_of on item (came_of) where came_of is not null;

-- As in 0003, and with what a thing came of.
create or replace function wall_of_item() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
	if not exists (select from access.item i left join access.item w on w.id = i.part_of left join access.item o on o.id = i.came_of
		where i.id = new.item and i.kind = new.kind and (access.writes(i.kind) or tg_op = 'UPDATE' and (access.writes(w.kind) or access.writes(o.kind)))) then
		raise exception 'room % does not write items of this kind', session_user using errcode = '42501';
	end if;
	return new;
end $$;
