-- Lists of many, without counting them: what somebody may see is gathered where it
-- is little, and where it is not a list is walked in its order.
drop index share_receiver;
create index share_receiver on share (receiver, kind, named, basis, sender_kind, until_at, item) where ended_at is null;
drop index assignment_person;
create index assignment_person on assignment (person, kind, item) where ended_at is null;
drop index recusal_person;
create index recusal_person on recusal (person, kind, item);
drop index item_author;
create index item_author on item (author, kind, id);
drop index item_group;
create index item_group on item (controller, kind, state, received_by, id);
create index item_kind on item (kind, state, received_by, controller);

-- The items of a kind that given names, and those that the actor wrote, but of each
-- way to them so many at most: who finds so many by one way has not found all.
-- What ended is left out: it counts for nothing in relations. Each is in the order
-- of its index: else Postgres, who does not know whose they are, may look through
-- the whole table for what is not there.
create function near(/* person */ text, /* authority */ text, /* at */ timestamptz, /* kind of item */ text, /* so many */ int, /* and of shares */ int)
returns table (id text, way text)
language sql stable as $$
	(select a.item, 'assigned' from access.assignment a where a.person = $1 and a.kind = $4 and a.ended_at is null and $3 < a.until_at order by a.item limit $5)
	union all
	(select p.id, 'part' from access.assignment a join access.item p on p.part_of = a.item where a.person = $1 and a.ended_at is null and $3 < a.until_at and p.kind = $4 limit $5)
	union all
	(select c.item, 'recused' from access.recusal c where c.person = $1 and c.kind = $4 order by c.item limit $5)
	union all
	(select p.id, 'recused part' from access.recusal c join access.item p on p.part_of = c.item where c.person = $1 and p.kind = $4 limit $5)
	union all
	(select g.item, 'glass' from access.glass g where g.person = $1 and g.kind = $4 and g.ended_at is null and $3 < g.until_at limit $5)
	union all
	(select i.id, 'wrote' from access.item i where i.author = $1 and i.kind = $4 order by i.id limit $5)
	union all
	(select s.item, 'shared' from access.share s where s.receiver = $2 and s.kind = $4 and s.ended_at is null and $3 < s.until_at order by s.named, s.basis, s.sender_kind, s.until_at, s.item limit $6)
$$;

-- The attributes of what near names, with the items that have them. A last row says
-- by which ways there may be more.
create function few(/* person */ text, /* authority */ text, /* role */ text, /* its kind */ text, /* at */ timestamptz, /* kind of item */ text, /* so many */ int, /* and of shares */ int)
returns table (relation text, received_by text, state text, assigned boolean, author boolean, recused boolean, classes text, basis text, shared_by text, glass boolean, ids text[], ways text[])
language sql stable as $$
	with near as materialized (select n.id, n.way from access.near($1, $2, $5, $6, $7, $8) n)
	select r.relation, r.received_by, r.state, r.assigned, r.author, r.recused, r.classes, r.basis, r.shared_by, r.glass, array_agg(r.id), '{}'::text[]
	from (select distinct n.id from near n) n
	cross join lateral (select * from access.relations($1, $2, $3, $4, $5) r where r.id = n.id and r.kind = $6 offset 0) r
	group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
	union all
	select '', '', '', false, false, false, '', '', '', false, '{}', array_agg(w.way)
	from (select n.way from near n group by n.way having count(*) >= case n.way when 'shared' then $8 else $7 end) w having count(*) > 0
$$;

-- The states in which the authority has items of a kind, and who received them:
-- from one to the next in the index (item_group, which is why they are in the order
-- of id too), however many there are.
create function groups(/* person */ text, /* authority */ text, /* role */ text, /* its kind */ text, /* at */ timestamptz, /* kind of item */ text)
returns table (state text, received_by text)
language sql stable as $$
	with recursive g as (
		(select i.state, i.received_by from access.item i where i.controller = $2 and i.kind = $6 order by i.state, i.received_by, i.id limit 1)
		union all
		select n.state, n.received_by from g cross join lateral (select i.state, i.received_by from access.item i
			where i.controller = $2 and i.kind = $6 and (i.state, i.received_by) > (g.state, g.received_by) order by i.state, i.received_by, i.id limit 1) n
	)
	select g.state, g.received_by from g where $3 = 'system' or exists (select from access.hat t where t.person = $1 and t.authority = $2 and t.role = $3 and t.kind = $4
		and t.from_at <= $5 and $5 < t.until_at)
$$;

-- On which terms anything of a kind is shared with an authority, and in which states
-- there is anything of a kind, whoever received it: from one to the next, as groups.
create function terms(/* authority */ text, /* kind of item */ text) returns table (named text, basis text, sender_kind text)
language sql stable as $$
	with recursive g as (
		(select s.named, s.basis, s.sender_kind from access.share s where s.receiver = $1 and s.kind = $2 and s.ended_at is null order by s.named, s.basis, s.sender_kind limit 1)
		union all
		select n.named, n.basis, n.sender_kind from g cross join lateral (select s.named, s.basis, s.sender_kind from access.share s where s.receiver = $1 and s.kind = $2
			and s.ended_at is null and (s.named, s.basis, s.sender_kind) > (g.named, g.basis, g.sender_kind) order by s.named, s.basis, s.sender_kind limit 1) n
	)
	select g.named, g.basis, g.sender_kind from g
$$;
create function stages(/* kind of item */ text) returns table (state text, received_by text)
language sql stable as $$
	with recursive g as (
		(select i.state, i.received_by from access.item i where i.kind = $1 order by i.state, i.received_by limit 1)
		union all
		select n.state, n.received_by from g cross join lateral (select i.state, i.received_by from access.item i
			where i.kind = $1 and (i.state, i.received_by) > (g.state, g.received_by) order by i.state, i.received_by limit 1) n
	)
	select g.state, g.received_by from g
$$;
revoke execute on all functions in schema access from public;
