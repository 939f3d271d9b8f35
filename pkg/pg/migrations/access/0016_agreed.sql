-- What was shared on a basis that speaks of a cooperation (retsplejeloven § 115 stk. 1-2),
-- or of a registered task area (stk. 3, L5), counts only while an agreement about it is in
-- force between who shared it and who has it: both ways, from its minute to its minute. The
-- row stays as it was written, and counts again where the agreement does.

-- On what an agreement may be that carries what is shared on this basis; null: none is
-- needed. Written by setup, from the law as data and the structure file.
alter table basis add agreements text[];

-- With whom an authority is in an agreement in force, on which bases of a share, and until
-- when. An authority is in none with itself.
create function cooperates(/* authority */ text, /* at */ timestamptz) returns table (basis text, party text, until_at timestamptz)
language sql stable as $$
	select b.code, p.party, max(least(a.until_at, c.until_at))
	from access.agreement a
	join access.basis c on c.code = a.basis and c.from_at <= $2 and $2 < c.until_at
	join access.basis b on a.basis = any(b.agreements)
	cross join lateral unnest(a.parties) p (party)
	where $1 = any(a.parties) and p.party <> $1 and a.from_at <= $2 and $2 < a.until_at
	group by b.code, p.party
$$;

-- As in 0013, the same attributes. Whoever is whom the item is about is recused from it (own): all
-- items of one course are about the same subject. A share that needs an agreement is looked at only
-- while there is one.
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
				and (b.agreements is null or (h.basis, h.sender) in (select c.basis, c.party from access.cooperates($2, $5) c))
			group by h.item, h.basis, h.sender_kind
		) g order by g.item, g.newest desc, g.basis, g.sender_kind
	) s on s.item = i.id
	where $3 = 'system' or exists (select from access.hat t where t.person = $1 and t.authority = $2 and t.role = $3 and t.kind = $4
		and t.from_at <= $5 and $5 < t.until_at)
$$;
revoke execute on all functions in schema access from public;
