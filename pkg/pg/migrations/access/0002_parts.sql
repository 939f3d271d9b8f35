-- A thing may be a part of another: a request is a part of a case. An assignment
-- on the whole counts on its parts, and so does a recusal; a share does not. A
-- part stays with its whole and has no parts, so two steps always find all.
alter table item add part_of text references item;
create index item_part_of on item (part_of) where part_of is not null;

create function part_of_a_whole() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
	if not exists (select from access.item w where w.id = new.part_of and w.part_of is null) then
		raise exception 'a part is a part of a whole' using errcode = '23514';
	end if;
	return new;
end $$;
create trigger part_of_a_whole before insert or update of part_of on item for each row
	when (new.part_of is not null) execute function part_of_a_whole();

-- As in 0001, and with what counts from the whole.
create or replace function relations(/* person */ text, /* authority */ text, /* role */ text, /* its kind */ text, /* at */ timestamptz)
returns table (kind text, id text, about text, controller text, received_by text, state text, relation text,
	assigned boolean, author boolean, recused boolean, classes text, basis text)
language sql stable as $$
	select i.kind, i.id, i.about, i.controller, i.received_by, i.state,
		case when i.controller = $2 then 'own' when s.classes is not null then 'shared' else '' end,
		exists (select from access.assignment a where a.item in (i.id, i.part_of) and a.person = $1
			and a.ended_at is null and a.from_at <= $5 and $5 < a.until_at),
		i.author = $1,
		exists (select from access.recusal c where c.item in (i.id, i.part_of) and c.person = $1),
		coalesce(s.classes, ''), coalesce(s.basis, '')
	from access.item i
	left join lateral (
		select string_agg(distinct k.class collate "C", ',' order by k.class collate "C") as classes, h.basis
		from access.share h
		join access.basis b on b.code = h.basis and b.from_at <= $5 and $5 < b.until_at
		cross join lateral unnest(h.classes) as k (class)
		where h.item = i.id and h.receiver = $2 and h.ended_at is null and h.from_at <= $5 and $5 < h.until_at
		group by h.basis order by max(h.from_at) desc, h.basis limit 1
	) s on true
	where $3 = 'system' or exists (select from access.hat t where t.person = $1 and t.authority = $2 and t.role = $3 and t.kind = $4
		and t.from_at <= $5 and $5 < t.until_at)
$$;

create or replace function mine(/* person */ text, /* authority */ text, /* role */ text, /* its kind */ text, /* at */ timestamptz)
returns table (kind text, id text, about text, controller text, received_by text, state text, relation text,
	assigned boolean, author boolean, recused boolean, classes text, basis text)
language sql stable as $$
	select r.* from (
		select i.id from access.item i where i.controller = $2
		union select i.id from access.item i where i.author = $1
		union select a.item from access.assignment a where a.person = $1 and a.ended_at is null
		union select p.id from access.assignment a join access.item p on p.part_of = a.item where a.person = $1 and a.ended_at is null
		union select s.item from access.share s where s.receiver = $2 and s.ended_at is null
	) m join access.relations($1, $2, $3, $4, $5) r on r.id = m.id
	where r.relation <> '' or r.assigned or r.author
$$;

-- Locks an item until the transaction ends, and before it the whole it is a part
-- of: everybody in this order, so that nobody waits in a circle. Whoever ends
-- something on the whole so waits for the commands on its parts, and they for it.
create function lock_item(/* kind */ text, /* item */ text) returns setof item
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
	perform from access.item w where w.id = (select i.part_of from access.item i where i.kind = $1 and i.id = $2) for no key update;
	return query select i.* from access.item i where i.kind = $1 and i.id = $2 for no key update;
end $$;

create or replace function hold(text, text, text, text, timestamptz, /* kind of item */ text, /* item */ text)
returns table (kind text, id text, about text, controller text, received_by text, state text, relation text,
	assigned boolean, author boolean, recused boolean, classes text, basis text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
	perform from access.lock_item($6, $7);
	perform from access.hat t where t.person = $1 and t.authority = $2 and t.role = $3 for share;
	return query select r.* from access.relations($1, $2, $3, $4, $5) r where r.id = $7 and r.kind = $6;
end $$;
revoke execute on all functions in schema access from public;
