-- Lists of many. To most of what one's own authority controls one is nothing more
-- than that: the attributes follow from the item's own row. So what was given, few
-- however many items there are, is looked at closely, by relations, which defines
-- what a person is to a thing; the rest is taken, and counted, by group.
drop index item_controller;
create index item_group on item (controller, kind, state, received_by);
create index recusal_person on recusal (person);

-- What a share names, sorted, each class once: worked out when it is written, and not
-- for each list.
create function joined(text[]) returns text language sql immutable parallel safe as $$
	select coalesce(string_agg(distinct k.class collate "C", ',' order by k.class collate "C"), '') from unnest($1) k (class)
$$;
alter table share add named text not null generated always as (access.joined(classes)) stored;

-- As in 0008, the same attributes; only what several shares name together is put
-- together anew.
create or replace function relations(/* person */ text, /* authority */ text, /* role */ text, /* its kind */ text, /* at */ timestamptz)
returns table (kind text, id text, about text, controller text, received_by text, state text, relation text,
	assigned boolean, author boolean, recused boolean, classes text, basis text, shared_by text, glass boolean)
language sql stable as $$
	select i.kind, i.id, i.about, i.controller, i.received_by, i.state,
		case when i.controller = $2 then 'own' when s.classes is not null then 'shared' else '' end,
		exists (select from access.assignment a where a.item = i.id and a.person = $1 and a.ended_at is null and a.from_at <= $5 and $5 < a.until_at)
			or i.part_of is not null and exists (select from access.assignment a where a.item = i.part_of and a.person = $1
				and a.ended_at is null and a.from_at <= $5 and $5 < a.until_at),
		i.author = $1,
		exists (select from access.recusal c where c.item = i.id and c.person = $1)
			or i.part_of is not null and exists (select from access.recusal c where c.item = i.part_of and c.person = $1),
		coalesce(s.classes, ''), coalesce(s.basis, ''), coalesce(s.sender_kind, ''),
		exists (select from access.glass g where g.item = i.id and g.person = $1 and g.authority = $2 and g.role = $3
			and g.ended_at is null and g.from_at <= $5 and $5 < g.until_at)
	from access.item i
	left join (
		select distinct on (g.item) g.item, g.classes, g.basis, g.sender_kind from (
			select h.item, case when min(h.named) = max(h.named) then min(h.named) else access.joined(string_to_array(string_agg(h.named, ','), ',')) end as classes,
				h.basis, h.sender_kind, max(h.from_at) as newest
			from access.share h
			join access.basis b on b.code = h.basis and b.from_at <= $5 and $5 < b.until_at
			where h.receiver = $2 and h.ended_at is null and h.from_at <= $5 and $5 < h.until_at and h.named <> ''
			group by h.item, h.basis, h.sender_kind
		) g order by g.item, g.newest desc, g.basis, g.sender_kind
	) s on s.item = i.id
	where $3 = 'system' or exists (select from access.hat t where t.person = $1 and t.authority = $2 and t.role = $3 and t.kind = $4
		and t.from_at <= $5 and $5 < t.until_at)
$$;

-- Every item on which something was ever given to the actor or the authority, or
-- that they may not see: too many rather than too few. Whatever comes to count in
-- relations must find its items here.
create function given(/* person */ text, /* authority */ text) returns table (id text)
language sql stable as $$
	select a.item from access.assignment a where a.person = $1 and a.ended_at is null
	union select p.id from access.assignment a join access.item p on p.part_of = a.item where a.person = $1 and a.ended_at is null
	union select c.item from access.recusal c where c.person = $1
	union select p.id from access.recusal c join access.item p on p.part_of = c.item where c.person = $1
	union select s.item from access.share s where s.receiver = $2 and s.ended_at is null
	union select g.item from access.glass g where g.person = $1 and g.ended_at is null
$$;

-- Whether the hat is in force.
create function wears(/* person */ text, /* authority */ text, /* role */ text, /* its kind */ text, /* at */ timestamptz) returns boolean
language sql stable as $$
	select $3 = 'system' or exists (select from access.hat t where t.person = $1 and t.authority = $2 and t.role = $3 and t.kind = $4
		and t.from_at <= $5 and $5 < t.until_at)
$$;

-- What the actor is to the items of the own authority, and to those that the actor
-- wrote, as if nothing had been given: true of whatever given does not name.
create function plain(/* person */ text, /* authority */ text, /* role */ text, /* its kind */ text, /* at */ timestamptz)
returns table (kind text, id text, about text, controller text, received_by text, state text, relation text,
	assigned boolean, author boolean, recused boolean, classes text, basis text, shared_by text, glass boolean)
language sql stable as $$
	select i.kind, i.id, i.about, i.controller, i.received_by, i.state, 'own', false, i.author = $1, false, '', '', '', false
	from access.item i where i.controller = $2 and access.wears($1, $2, $3, $4, $5)
	union all
	select i.kind, i.id, i.about, i.controller, i.received_by, i.state, '', false, true, false, '', '', '', false
	from access.item i where i.author = $1 and i.controller <> $2 and access.wears($1, $2, $3, $4, $5)
$$;

create or replace function mine(/* person */ text, /* authority */ text, /* role */ text, /* its kind */ text, /* at */ timestamptz)
returns table (kind text, id text, about text, controller text, received_by text, state text, relation text,
	assigned boolean, author boolean, recused boolean, classes text, basis text, shared_by text, glass boolean)
language sql stable as $$
	with given as materialized (select g.id from access.given($1, $2) g)
	select r.* from given g join access.relations($1, $2, $3, $4, $5) r on r.id = g.id where r.relation <> '' or r.assigned or r.author
	union all
	select p.* from access.plain($1, $2, $3, $4, $5) p where not exists (select from given g where g.id = p.id)
$$;

-- What mine gives of one kind of item, counted by its attributes.
create function sets(text, text, text, text, timestamptz, /* kind of item */ text)
returns table (relation text, received_by text, state text, assigned boolean, author boolean, recused boolean, classes text, basis text, shared_by text, glass boolean, n bigint)
language sql stable as $$
	with given as materialized (
		select r.* from access.given($1, $2) g join access.relations($1, $2, $3, $4, $5) r on r.id = g.id where r.kind = $6),
	wrote as materialized (
		select i.id, i.controller, i.received_by, i.state from access.item i where i.author = $1 and i.kind = $6 and access.wears($1, $2, $3, $4, $5))
	select x.relation, x.received_by, x.state, x.assigned, x.author, x.recused, x.classes, x.basis, x.shared_by, x.glass, sum(x.n)::bigint from (
		select g.relation, g.received_by, g.state, g.assigned, g.author, g.recused, g.classes, g.basis, g.shared_by, g.glass, 1 as n
		from given g where g.relation <> '' or g.assigned or g.author
		union all -- all that is the authority's, as if nobody had been given anything and somebody else had written it
		select 'own', i.received_by, i.state, false, false, false, '', '', '', false, count(*)
		from access.item i where i.controller = $2 and i.kind = $6 and access.wears($1, $2, $3, $4, $5) group by i.state, i.received_by
		union all -- less what has been counted above
		select 'own', g.received_by, g.state, false, false, false, '', '', '', false, -1 from given g where g.controller = $2
		union all -- and what the actor wrote is the actor's own text
		select 'own', w.received_by, w.state, false, v.author, false, '', '', '', false, v.n
		from wrote w cross join (values (true, 1), (false, -1)) v (author, n)
		where w.controller = $2 and not exists (select from given g where g.id = w.id)
		union all
		select '', w.received_by, w.state, false, true, false, '', '', '', false, 1
		from wrote w where w.controller <> $2 and not exists (select from given g where g.id = w.id)
	) x group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 having sum(x.n) > 0
$$;
revoke execute on all functions in schema access from public;
