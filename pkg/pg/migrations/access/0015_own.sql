-- Whoever works here may be whom something is about. A sign-in may carry the
-- employee's own number, and a subject may have one: both stand here as the blind
-- indexes that the room person keeps of numbers, a key for each controller and
-- period, and never as numbers. Where one of each is the same, the employee is the
-- subject. Nothing is written where they meet: whoever writes one side can learn
-- nothing of the other (A008, A023), no order of the two is missed, and it holds for
-- what comes later, and for exactly as long as the marks do.
--
-- No room reads the marks. What they come to, own, every room may, as a recusal.
create table person_mark (
	person text not null,
	issuer text not null, -- who said the number: each answers for its own word only
	mark   text not null,
	primary key (person, issuer, mark)
);
create table subject_mark (
	subject text not null,
	mark    text not null,
	primary key (subject, mark)
);
create index subject_mark_mark on subject_mark (mark);

-- In which periods which controller has marks: a sign-in makes one for each.
create table number_period (
	controller text not null,
	period     text not null,
	primary key (controller, period)
);

create view own as select p.person, s.subject from person_mark p join subject_mark s on s.mark = p.mark;

-- What an issuer says of a person's number now; what it said before is no more.
create function put_marks(/* person */ text, /* issuer */ text, /* marks */ text[]) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
	delete from access.person_mark p where p.person = $1 and p.issuer = $2 and not p.mark = any($3);
	insert into access.person_mark (person, issuer, mark) select $1, $2, m from unnest($3) m on conflict do nothing;
$$;

-- Forgets the numbers of those who have no hat any more, now or to come.
create function forget_marks(/* at */ timestamptz) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
	delete from access.person_mark p where not exists (select from access.hat h where h.person = p.person and $1 < h.until_at)
$$;

create function number_periods() returns table (controller text, period text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
	select n.controller, n.period from access.number_period n order by 1, 2
$$;

-- Keeps marks of subjects' numbers, each with whose it is and of which period.
create function mark_subjects(/* controllers */ text[], /* periods */ text[], /* subjects */ text[], /* marks */ text[]) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
	insert into access.number_period (controller, period) select distinct c, p from unnest($1, $2) n (c, p) on conflict do nothing;
	insert into access.subject_mark (subject, mark) select s, m from unnest($3, $4) n (s, m) on conflict do nothing;
$$;

-- Whether one of the marks is of the person's own number: of what was typed, and of
-- no subject.
create function own_number(/* person */ text, /* marks */ text[]) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
	select exists (select from access.person_mark p where p.person = $1 and p.mark = any($2))
$$;

-- As in 0001, and its marks go with it.
create or replace function drop_subject(/* subject */ text, /* but for this item */ text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
	gone boolean;
begin
	perform from access.subject s where s.id = $1 for update;
	if exists (select from access.item i where i.about = $1 and i.id <> $2) then
		return false;
	end if;
	delete from access.subject s where s.id = $1;
	gone := found;
	delete from access.subject_mark m where m.subject = $1;
	return gone;
end $$;

-- As in 0013, and whoever is whom the item is about is recused from it. All items of
-- one course are about the same subject.
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
			group by h.item, h.basis, h.sender_kind
		) g order by g.item, g.newest desc, g.basis, g.sender_kind
	) s on s.item = i.id
	where $3 = 'system' or exists (select from access.hat t where t.person = $1 and t.authority = $2 and t.role = $3 and t.kind = $4
		and t.from_at <= $5 and $5 < t.until_at)
$$;

-- As in 0013, and what is about the actor. Who that is, is looked up first, and then
-- what is about them: else Postgres may look through every item for what is not there.
create or replace function given(/* person */ text, /* authority */ text) returns table (id text)
language sql stable as $$
	select a.item from access.assignment a where a.person = $1 and a.ended_at is null
	union select p.id from access.assignment a join access.item p on p.part_of = a.item where a.person = $1 and a.ended_at is null
	union select c.item from access.recusal c where c.person = $1
	union select p.id from access.recusal c join access.item p on p.part_of = c.item where c.person = $1
	union select i.id from (select distinct o.subject from access.own o where o.person = $1 offset 0) o
		cross join lateral (select i.id from access.item i where i.about = o.subject offset 0) i
	union select s.item from access.share s where s.receiver = $2 and s.ended_at is null
	union select g.item from access.glass g where g.person = $1 and g.ended_at is null
$$;

-- As in 0014, and what is about the actor.
create or replace function near(/* person */ text, /* authority */ text, /* at */ timestamptz, /* kind of item */ text, /* so many */ int, /* and of shares */ int)
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
	(select s.item, 'shared' from access.share s where s.receiver = $2 and s.kind = $4 and s.ended_at is null and $3 < s.until_at order by s.named, s.basis, s.sender_kind, s.until_at, s.item limit $6)
$$;
revoke execute on all functions in schema access from public;
