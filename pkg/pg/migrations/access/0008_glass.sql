-- Break-glass: somebody sets need-to-know inside the own authority aside for one
-- item, for some minutes (L9; trust.md A052-A056). What it opens is policy; here is
-- only that it was broken, by whom, until when, and what became of it.
--
-- A row without from_at opens nothing: it waits for a second person (A053). No
-- column that says what was asked for can be changed, so a yes is to exactly what
-- was read (A049).
create table glass (
	id            text primary key,
	kind          text not null,
	item          text not null references item,
	owner         text not null,               -- the item's controller then: whose DPO reviews it
	person        text not null,
	hat           text not null,
	authority     text not null,
	role          text not null,
	category      text not null,
	reason        bytea not null,              -- sealed with the subject's key
	marks         text[] not null default '{}', -- keyed digests of the reason, to find one that was used before
	near          boolean not null default false, -- it is nearly one of the same person's earlier reasons
	minutes       int not null check (minutes between 1 and 60),
	asked_at      timestamptz not null,
	from_at       timestamptz,
	until_at      timestamptz check (until_at > from_at and until_at <= from_at + interval '60 minutes'),
	second_person text check (second_person <> person), -- who said yes: another person, whatever the account
	second_hat    text,
	writer        name not null default session_user,
	written_at    timestamptz not null default clock_timestamp(),
	ended_by      text,
	ended_at      timestamptz,
	ended_writer  name,
	check ((from_at is null) = (until_at is null)),
	check ((second_person is null) = (second_hat is null))
);
create index glass_item on glass (item);
create index glass_person on glass (person, asked_at);
create index glass_owner on glass (owner, asked_at);

-- What the owner's DPO found. One finding, which stays, and never the grantee's own.
create table glass_review (
	glass      text primary key references glass,
	outcome    text not null check (outcome in ('justified', 'not_justified', 'breach')),
	by_person  text not null,
	by_hat     text not null,
	writer     name not null default session_user,
	written_at timestamptz not null default clock_timestamp()
);

create trigger wall before insert or update on glass for each row execute function wall_of_item();

-- It is opened once, by the second person's yes, and it ends once; nothing else
-- ever changes.
create function glass_once() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
	if old.ended_by is not null then
		raise exception 'what has ended stays ended' using errcode = '23000';
	end if;
	if new.from_at is distinct from old.from_at or new.until_at is distinct from old.until_at
		or new.second_person is distinct from old.second_person or new.second_hat is distinct from old.second_hat then
		if old.from_at is not null or new.from_at is null or new.second_person is null then
			raise exception 'a glass is opened once, by a second person' using errcode = '23000';
		end if;
	end if;
	if new.ended_by is not null then
		new.ended_at := clock_timestamp();
		new.ended_writer := session_user;
	end if;
	return new;
end $$;
create trigger glass_once before update on glass for each row execute function glass_once();

create function not_ones_own() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
	if not exists (select from access.glass g where g.id = new.glass and g.from_at is not null and new.by_person not in (g.person, coalesce(g.second_person, ''))) then
		raise exception 'nobody reviews his own break-glass' using errcode = '23514';
	end if;
	return new;
end $$;
create trigger not_ones_own before insert on glass_review for each row execute function not_ones_own();

-- As in 0004 and 0005, and whether the actor has broken the glass of the item in
-- this very post: of the item alone, never of its parts or its whole (A056).
drop function mine(text, text, text, text, timestamptz);
drop function hold(text, text, text, text, timestamptz, text, text);
drop function relations(text, text, text, text, timestamptz);
create function relations(/* person */ text, /* authority */ text, /* role */ text, /* its kind */ text, /* at */ timestamptz)
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
			select h.item, string_agg(distinct k.class collate "C", ',' order by k.class collate "C") as classes, h.basis, h.sender_kind, max(h.from_at) as newest
			from access.share h
			join access.basis b on b.code = h.basis and b.from_at <= $5 and $5 < b.until_at
			cross join lateral unnest(h.classes) as k (class)
			where h.receiver = $2 and h.ended_at is null and h.from_at <= $5 and $5 < h.until_at
			group by h.item, h.basis, h.sender_kind
		) g order by g.item, g.newest desc, g.basis, g.sender_kind
	) s on s.item = i.id
	where $3 = 'system' or exists (select from access.hat t where t.person = $1 and t.authority = $2 and t.role = $3 and t.kind = $4
		and t.from_at <= $5 and $5 < t.until_at)
$$;

create function mine(/* person */ text, /* authority */ text, /* role */ text, /* its kind */ text, /* at */ timestamptz)
returns table (kind text, id text, about text, controller text, received_by text, state text, relation text,
	assigned boolean, author boolean, recused boolean, classes text, basis text, shared_by text, glass boolean)
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
	assigned boolean, author boolean, recused boolean, classes text, basis text, shared_by text, glass boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
	perform from access.lock_item($6, $7);
	perform from access.hat t where t.person = $1 and t.authority = $2 and t.role = $3 for share;
	return query select r.* from access.relations($1, $2, $3, $4, $5) r where r.id = $7 and r.kind = $6;
end $$;
revoke execute on all functions in schema access from public;
