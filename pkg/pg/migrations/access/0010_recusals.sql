-- Whoever is too close to a concern or a case (inhabil, forvaltningsloven § 3) is
-- so to the whole course: what it came of, what it is a part of, and all that came
-- of those, whenever it does. The rows that follow from one another are written
-- where the recusal is, and where a new item is: what is read asks one row.
alter table recusal add ground text not null default '';       -- § 3 stk. 1 nr. 1 to 5
alter table recusal add follows text;                          -- the item it was said of; null on that item itself
create index recusal_follows on recusal (follows, person) where follows is not null;

-- What was lifted, of each item that it had reached, and by whom. Never changed.
create table recusal_lifted (
	person        text not null,
	kind          text not null,
	item          text not null,
	ground        text not null,
	by_person     text not null,
	by_hat        text not null,
	written_at    timestamptz not null,
	lifted_person text not null,
	lifted_hat    text not null,
	lifted_writer name not null default session_user,
	lifted_at     timestamptz not null default clock_timestamp()
);
create index recusal_lifted_item on recusal_lifted (item);

-- Every item of one course: a concern, its case, and the questions, answers and
-- offers of that.
create function course_of(/* item */ text) returns setof text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
	with recursive c (id) as (
		select $1
		union
		select n.id from c join access.item i on i.id = c.id cross join lateral (
			select i.part_of where i.part_of is not null
			union all select i.came_of where i.came_of is not null
			union all select p.id from access.item p where p.part_of = i.id
			union all select p.id from access.item p where p.came_of = i.id) n (id)
	) select c.id from c
$$;

-- The items are locked, and then looked for again: an item that comes meanwhile
-- waits for the lock on what it comes of (below), or is found here.
create function recusal_reaches() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
	perform from access.item i where i.id in (select access.course_of(new.item)) order by i.id for no key update;
	insert into access.recusal (person, kind, item, by_person, by_hat, written_at, ground, follows)
		select new.person, i.kind, i.id, new.by_person, new.by_hat, new.written_at, new.ground, new.item
		from access.item i where i.id in (select access.course_of(new.item)) and i.id <> new.item on conflict do nothing;
	return null;
end $$;
create trigger reaches after insert on recusal for each row when (new.follows is null) execute function recusal_reaches();

create function recusal_inherited() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
	perform from access.item p where p.id in (new.part_of, new.came_of) order by p.id for share;
	insert into access.recusal (person, kind, item, by_person, by_hat, written_at, ground, follows)
		select c.person, new.kind, new.id, c.by_person, c.by_hat, c.written_at, c.ground, coalesce(c.follows, c.item)
		from access.recusal c where c.item in (new.part_of, new.came_of) on conflict do nothing;
	return null;
end $$;
create trigger inherits after insert on item for each row when (new.part_of is not null or new.came_of is not null) execute function recusal_inherited();

-- The wall is around what is said, as in 0006; what follows from it crosses rooms.
drop trigger wall on recusal;
create trigger wall before insert or update on recusal for each row when (new.follows is null) execute function wall_of_item();

-- Lifts a recusal from the whole course, and keeps that it was there. False: there
-- is none.
create function lift_recusal(/* kind */ text, /* item */ text, /* person */ text, /* by */ text, /* in hat */ text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
	said text;
begin
	if not access.writes($1) then
		raise exception 'room % does not write items of this kind', session_user using errcode = '42501';
	end if;
	perform from access.item i where i.id in (select access.course_of($2)) order by i.id for no key update;
	select coalesce(c.follows, c.item) into said from access.recusal c where c.kind = $1 and c.item = $2 and c.person = $3;
	insert into access.recusal_lifted (person, kind, item, ground, by_person, by_hat, written_at, lifted_person, lifted_hat)
		select c.person, c.kind, c.item, c.ground, c.by_person, c.by_hat, c.written_at, $4, $5
		from access.recusal c where c.person = $3 and (c.item = said or c.follows = said);
	delete from access.recusal c where c.person = $3 and (c.item = said or c.follows = said);
	return found;
end $$;

-- As in 0003; what only follows from another item's recusal goes with the item.
create or replace function drop_item(/* kind */ text, /* item */ text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
	if not access.writes($1) then
		raise exception 'room % does not write items of this kind', session_user using errcode = '42501';
	end if;
	delete from access.recusal c where c.kind = $1 and c.item = $2 and c.follows is not null;
	delete from access.item i where i.kind = $1 and i.id = $2;
	return found;
end $$;

-- Whose deputy a hat is: what is done in it carries both names.
alter table hat add deputy_of text not null default '';
revoke execute on all functions in schema access from public;
