-- Of which kind the authority is that shared something: the law carries a share
-- from that kind to the receiver's, and it may be another than the controller's
-- (the police invite other authorities to the municipality's case, D15). Until
-- now only controllers shared.
alter table share add sender_kind text not null default '';
update share s set sender_kind = i.received_by from item i where i.id = s.item;

-- Of shares by several kinds of authority, or on several bases, the newest counts.
drop function mine(text, text, text, text, timestamptz);
drop function hold(text, text, text, text, timestamptz, text, text);
drop function relations(text, text, text, text, timestamptz);
create function relations(/* person */ text, /* authority */ text, /* role */ text, /* its kind */ text, /* at */ timestamptz)
returns table (kind text, id text, about text, controller text, received_by text, state text, relation text,
	assigned boolean, author boolean, recused boolean, classes text, basis text, shared_by text)
language sql stable as $$
	select i.kind, i.id, i.about, i.controller, i.received_by, i.state,
		case when i.controller = $2 then 'own' when s.classes is not null then 'shared' else '' end,
		exists (select from access.assignment a where a.item in (i.id, i.part_of) and a.person = $1
			and a.ended_at is null and a.from_at <= $5 and $5 < a.until_at),
		i.author = $1,
		exists (select from access.recusal c where c.item in (i.id, i.part_of) and c.person = $1),
		coalesce(s.classes, ''), coalesce(s.basis, ''), coalesce(s.sender_kind, '')
	from access.item i
	left join lateral (
		select string_agg(distinct k.class collate "C", ',' order by k.class collate "C") as classes, h.basis, h.sender_kind
		from access.share h
		join access.basis b on b.code = h.basis and b.from_at <= $5 and $5 < b.until_at
		cross join lateral unnest(h.classes) as k (class)
		where h.item = i.id and h.receiver = $2 and h.ended_at is null and h.from_at <= $5 and $5 < h.until_at
		group by h.basis, h.sender_kind order by max(h.from_at) desc, h.basis, h.sender_kind limit 1
	) s on true
	where $3 = 'system' or exists (select from access.hat t where t.person = $1 and t.authority = $2 and t.role = $3 and t.kind = $4
		and t.from_at <= $5 and $5 < t.until_at)
$$;

create function mine(/* person */ text, /* authority */ text, /* role */ text, /* its kind */ text, /* at */ timestamptz)
returns table (kind text, id text, about text, controller text, received_by text, state text, relation text,
	assigned boolean, author boolean, recused boolean, classes text, basis text, shared_by text)
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

create function hold(text, text, text, text, timestamptz, /* kind of item */ text, /* item */ text)
returns table (kind text, id text, about text, controller text, received_by text, state text, relation text,
	assigned boolean, author boolean, recused boolean, classes text, basis text, shared_by text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
	perform from access.lock_item($6, $7);
	perform from access.hat t where t.person = $1 and t.authority = $2 and t.role = $3 for share;
	return query select r.* from access.relations($1, $2, $3, $4, $5) r where r.id = $7 and r.kind = $6;
end $$;
revoke execute on all functions in schema access from public;
