-- Every list finds its items by near and groups: what found them otherwise goes.
drop function sets(text, text, text, text, timestamptz, text);
drop function mine(text, text, text, text, timestamptz);
drop function plain(text, text, text, text, timestamptz);
drop function wears(text, text, text, text, timestamptz);
drop function given(text, text);

-- Lists of little among much that was shared: of some states alone, and quicker.
drop function few(text, text, text, text, timestamptz, text, int, int);
drop function near(text, text, timestamptz, text, int, int);

-- Whether there are at most two thousand items of a kind in these states.
create function rare(/* kind of item */ text, /* states */ text[]) returns boolean
language sql stable as $$
	select count(*) <= 2000 from unnest($2) t (state) cross join lateral (
		select from access.item i where i.kind = $1 and i.state = t.state order by i.received_by, i.controller limit 2001) i
$$;

-- As in 0014, and what is about the actor: who that is, is looked up first, and then what is about
-- them, else Postgres may look through every item for what is not there. Of what was shared only items
-- in some states, where they are named: where these are rare, the shares of what is in them, else the state of what the shares are of.
-- Which way to take is asked once, and the way not taken is not begun.
create function near(/* person */ text, /* authority */ text, /* at */ timestamptz, /* kind of item */ text, /* so many */ int, /* and of shares */ int, /* in states */ text[])
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
	(select i.id, 'own' from (select distinct o.subject from access.own o where o.person = $1 offset 0) o
		cross join lateral (select i.id from access.item i where i.about = o.subject and i.kind = $4 offset 0) i limit $5)
	union all
	(select g.item, 'glass' from access.glass g where g.person = $1 and g.kind = $4 and g.ended_at is null and $3 < g.until_at limit $5)
	union all
	(select i.id, 'wrote' from access.item i where i.author = $1 and i.kind = $4 order by i.id limit $5)
	union all
	(select s.item, 'shared' from access.share s where $7 is null and s.receiver = $2 and s.kind = $4 and s.ended_at is null and $3 < s.until_at
		order by s.named, s.basis, s.sender_kind, s.until_at, s.item limit $6)
	union all
	(select s.item, 'shared' from access.share s cross join lateral (select from access.item i where i.id = s.item and i.state = any ($7) offset 0) i
		where $7 is not null and not (select access.rare($4, $7)) and s.receiver = $2 and s.kind = $4 and s.ended_at is null and $3 < s.until_at
		order by s.named, s.basis, s.sender_kind, s.until_at, s.item limit $6)
	union all
	(select i.id, 'shared' from unnest($7) t (state) cross join lateral (
		select i.id from access.item i where i.kind = $4 and i.state = t.state order by i.received_by, i.controller limit 2001) i
		cross join lateral (select from access.share s where s.item = i.id and s.receiver = $2 and s.ended_at is null and $3 < s.until_at limit 1) s
		where $7 is not null and (select access.rare($4, $7)) limit $6)
$$;

create function few(/* person */ text, /* authority */ text, /* role */ text, /* its kind */ text, /* at */ timestamptz, /* kind of item */ text, /* so many */ int, /* and of shares */ int,
	/* in states */ text[])
returns table (relation text, received_by text, state text, assigned boolean, author boolean, recused boolean, classes text, basis text, shared_by text, glass boolean, ids text[], ways text[])
language sql stable as $$
	with near as materialized (select n.id, n.way from access.near($1, $2, $5, $6, $7, $8, $9) n)
	select r.relation, r.received_by, r.state, r.assigned, r.author, r.recused, r.classes, r.basis, r.shared_by, r.glass, array_agg(r.id), '{}'::text[]
	from (select distinct n.id from near n) n
	cross join lateral (select * from access.relations($1, $2, $3, $4, $5) r where r.id = n.id and r.kind = $6 offset 0) r
	group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
	union all
	select '', '', '', false, false, false, '', '', '', false, '{}', array_agg(w.way)
	from (select n.way from near n group by n.way having count(*) >= case n.way when 'shared' then $8 else $7 end) w having count(*) > 0
$$;
revoke execute on all functions in schema access from public;
