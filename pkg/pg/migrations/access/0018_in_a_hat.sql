-- An assignment is to a person in a hat: as what, at which authority (L56, one hat at a time; A13).
-- It is not to the post itself: a post that is given again for a year, or at another
-- department, in the same role at the same authority, keeps what was given in it. A
-- deputy's own post is its own, and what was given in it counts in it.
alter table assignment add authority text not null default '', add role text not null default '';

-- Of what was given before, the hat is known where the person took it themselves, else
-- where only one of the hats that they had then can be meant: of the giver's own authority,
-- where colleagues alone are let in so. Where it cannot be known it was to nobody: that
-- has ended, so that they can be let in again.
alter table assignment disable trigger user;
update assignment a set authority = h.authority, role = h.role from hat h where h.id = a.by_hat and h.person = a.person and a.by_person = a.person;
update assignment a set authority = one.authority, role = one.role from (
	select a.id, min(h.authority) as authority, min(h.role) as role
	from assignment a join hat h on h.person = a.person and a.from_at < h.until_at
	where a.role = '' and (a.why not in ('colleague', 'substitute') or h.authority = (select g.authority from hat g where g.id = a.by_hat))
	group by a.id having count(distinct (h.authority, h.role)) = 1) one where one.id = a.id;
update assignment set ended_by = 'system', ended_at = clock_timestamp(), ended_writer = session_user where role = '' and ended_by is null;
alter table assignment enable trigger user;

alter table assignment alter authority drop default, alter role drop default,
	add constraint in_a_hat check (authority <> '' and role <> '' or ended_at is not null);
drop index assignment_person;
create index assignment_person on assignment (person, authority, kind, item) where ended_at is null;

-- As in 0016, and whoever is let in, is so in the hat they were let in with.
create or replace function relations(/* person */ text, /* authority */ text, /* role */ text, /* its kind */ text, /* at */ timestamptz)
returns table (kind text, id text, about text, controller text, received_by text, state text, relation text,
	assigned boolean, author boolean, recused boolean, classes text, basis text, shared_by text, glass boolean)
language sql stable as $$
	select i.kind, i.id, i.about, i.controller, i.received_by, i.state,
		case when i.controller = $2 then 'own' when s.classes is not null then 'shared' else '' end,
		exists (select from access.assignment a where a.item = i.id and a.person = $1 and a.authority = $2 and a.role = $3
				and a.ended_at is null and a.from_at <= $5 and $5 < a.until_at)
			or i.part_of is not null and exists (select from access.assignment a where a.item = i.part_of and a.person = $1 and a.authority = $2 and a.role = $3
				and a.ended_at is null and a.from_at <= $5 and $5 < a.until_at),
		i.author = $1,
		exists (select from access.recusal c where c.item = i.id and c.person = $1)
			or i.part_of is not null and exists (select from access.recusal c where c.item = i.part_of and c.person = $1)
			or exists (select from access.own o where o.person = $1 and o.subject = i.about),
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
				and (b.agreements is null or (h.basis, h.sender) in (select c.basis, c.party from access.cooperates($2, $5) c))
			group by h.item, h.basis, h.sender_kind
		) g order by g.item, g.newest desc, g.basis, g.sender_kind
	) s on s.item = i.id
	where $3 = 'system' or exists (select from access.hat t where t.person = $1 and t.authority = $2 and t.role = $3 and t.kind = $4
		and t.from_at <= $5 and $5 < t.until_at)
$$;

-- As in 0017, of what was given at the authority.
create or replace function near(/* person */ text, /* authority */ text, /* at */ timestamptz, /* kind of item */ text, /* so many */ int, /* and of shares */ int, /* in states */ text[])
returns table (id text, way text)
language sql stable as $$
	(select a.item, 'assigned' from access.assignment a where a.person = $1 and a.authority = $2 and a.kind = $4 and a.ended_at is null and $3 < a.until_at order by a.item limit $5)
	union all
	(select p.id, 'part' from access.assignment a join access.item p on p.part_of = a.item where a.person = $1 and a.authority = $2 and a.ended_at is null and $3 < a.until_at and p.kind = $4 limit $5)
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
revoke execute on all functions in schema access from public;
