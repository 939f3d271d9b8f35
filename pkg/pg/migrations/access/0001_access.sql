-- The access facts: who works where as what, who has been given what, and what
-- has been taken back. One schema for all rooms, so that a withdrawal is one
-- commit. Facts only: what follows from them is policy.

-- One post of one person. Written by setup from the structure file.
create table hat (
	id         text primary key,
	person     text not null,
	name       text not null,
	authority  text not null,
	kind       text not null,
	department text not null default '',
	role       text not null,
	from_at    timestamptz not null,
	until_at   timestamptz not null,
	issuer     text not null default '', -- who vouches for the identity, and
	sub        text not null default ''  -- under which name (OIDC iss, sub)
);
create index hat_person on hat (person);
create index hat_sub on hat (issuer, sub);

-- The legal bases in force. Written by setup from the structure file.
create table basis (
	code     text primary key,
	source   text not null,
	from_at  timestamptz not null,
	until_at timestamptz not null
);

-- Agreements between authorities. Written by setup from the structure file.
create table agreement (
	id       text primary key,
	parties  text[] not null,
	basis    text not null references basis,
	from_at  timestamptz not null,
	until_at timestamptz not null
);

-- Every revision of policy code and data that a decision was made by. Never deleted.
create table revision (
	revision   text primary key,
	document   bytea not null,
	writer     name not null default session_user,
	written_at timestamptz not null default clock_timestamp()
);

-- A thing that access is about. Its content is with the room that wrote it.
create table item (
	id          text primary key,
	kind        text not null,
	about       text not null,
	controller  text not null,
	received_by text not null default '',
	state       text not null,
	author      text not null default '',
	writer      name not null default session_user,
	written_at  timestamptz not null default clock_timestamp()
);
create index item_controller on item (controller, kind, state);
create index item_about on item (about);
create index item_author on item (author);

-- A person whom something may be written about: at whom, registered by whom,
-- and of which age band. Names are with the room that knows them.
create table subject (
	id         text primary key,
	controller text not null,
	author     text not null,
	band       text not null,
	writer     name not null default session_user,
	written_at timestamptz not null default clock_timestamp()
);

create table assignment (
	id           text primary key,
	kind         text not null,
	item         text not null references item,
	person       text not null,
	why          text not null,
	from_at      timestamptz not null,
	until_at     timestamptz not null,
	by_person    text not null,
	by_hat       text not null,
	writer       name not null default session_user,
	written_at   timestamptz not null default clock_timestamp(),
	ended_by     text,
	ended_at     timestamptz,
	ended_writer name
);
create index assignment_item on assignment (item);
create index assignment_person on assignment (person) where ended_at is null;

create table share (
	id           text primary key,
	kind         text not null,
	item         text not null references item,
	about        text not null,
	classes      text[] not null,
	sender       text not null,
	receiver     text not null,
	basis        text not null references basis,
	purpose      text not null,
	necessity    bytea not null, -- sealed with the subject's key
	terms        text not null default '',
	from_at      timestamptz not null,
	until_at     timestamptz not null,
	by_person    text not null,
	by_hat       text not null,
	writer       name not null default session_user,
	written_at   timestamptz not null default clock_timestamp(),
	ended_by     text,
	ended_at     timestamptz,
	ended_writer name
);
create index share_item on share (item);
create index share_receiver on share (receiver) where ended_at is null;

create table recusal (
	person     text not null,
	kind       text not null,
	item       text not null references item,
	by_person  text not null,
	by_hat     text not null,
	writer     name not null default session_user,
	written_at timestamptz not null default clock_timestamp(),
	primary key (item, person)
);

-- What has ended stays ended, and the database says when and by which room.
create function end_once() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
	if old.ended_by is not null or new.ended_by is null then
		raise exception 'what has ended stays ended' using errcode = '23000';
	end if;
	new.ended_at := clock_timestamp();
	new.ended_writer := session_user;
	return new;
end $$;
create trigger end_once before update on assignment for each row execute function end_once();
create trigger end_once before update on share for each row execute function end_once();

-- What one actor is to every item there is. No row at all without a hat in
-- force; to the hub itself (role system) everything, with no relation. Of shares
-- on several bases those of the newest basis count: no basis carries another's
-- classes. Plain SQL, so that Postgres inlines it into the room's own select.
create function relations(/* person */ text, /* authority */ text, /* role */ text, /* its kind */ text, /* at */ timestamptz)
returns table (kind text, id text, about text, controller text, received_by text, state text, relation text,
	assigned boolean, author boolean, recused boolean, classes text, basis text)
language sql stable as $$
	select i.kind, i.id, i.about, i.controller, i.received_by, i.state,
		case when i.controller = $2 then 'own' when s.classes is not null then 'shared' else '' end,
		exists (select from access.assignment a where a.item = i.id and a.person = $1
			and a.ended_at is null and a.from_at <= $5 and $5 < a.until_at),
		i.author = $1,
		exists (select from access.recusal c where c.item = i.id and c.person = $1),
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

-- The same, of the items that the actor has anything to do with: for lists. It
-- begins from the indexes and not from every item there is.
create function mine(/* person */ text, /* authority */ text, /* role */ text, /* its kind */ text, /* at */ timestamptz)
returns table (kind text, id text, about text, controller text, received_by text, state text, relation text,
	assigned boolean, author boolean, recused boolean, classes text, basis text)
language sql stable as $$
	select r.* from (
		select i.id from access.item i where i.controller = $2
		union select i.id from access.item i where i.author = $1
		union select a.item from access.assignment a where a.person = $1 and a.ended_at is null
		union select s.item from access.share s where s.receiver = $2 and s.ended_at is null
	) m join access.relations($1, $2, $3, $4, $5) r on r.id = m.id
	where r.relation <> '' or r.assigned or r.author
$$;

-- The same for one item, for a command: the item and the hat are locked first,
-- and what they say is read after the wait. One lock per item: every change of
-- its access facts takes the same one.
create function hold(text, text, text, text, timestamptz, /* kind of item */ text, /* item */ text)
returns table (kind text, id text, about text, controller text, received_by text, state text, relation text,
	assigned boolean, author boolean, recused boolean, classes text, basis text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
	perform from access.item i where i.id = $7 and i.kind = $6 for no key update;
	perform from access.hat t where t.person = $1 and t.authority = $2 and t.role = $3 for share;
	return query select r.* from access.relations($1, $2, $3, $4, $5) r where r.id = $7 and r.kind = $6;
end $$;

-- Takes an item of the calling room away, with nothing on it: what was assigned
-- or shared cannot be dropped, because its references stand.
create function drop_item(/* kind */ text, /* item */ text) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
	with gone as (delete from access.item i where i.kind = $1 and i.id = $2 and i.writer = session_user returning 1)
	select exists (select from gone)
$$;

-- Makes a subject known, or changes the age band of one of the same controller.
create function put_subject(/* subject */ text, /* controller */ text, /* author */ text, /* age band */ text) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
	with put as (insert into access.subject as s (id, controller, author, band) values ($1, $2, $3, $4)
		on conflict (id) do update set band = $4 where s.controller = $2 returning 1)
	select exists (select from put)
$$;

-- Reads a subject and keeps it from being forgotten until the command ends.
create function hold_subject(text) returns table (controller text, author text, band text)
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
	select s.controller, s.author, s.band from access.subject s where s.id = $1 for share
$$;

-- Forgets a subject that nothing, or nothing but one item, is about. It waits
-- for the commands that hold it, and looks again after the wait.
create function drop_subject(/* subject */ text, /* but for this item */ text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
	perform from access.subject s where s.id = $1 for update;
	if exists (select from access.item i where i.about = $1 and i.id <> $2) then
		return false;
	end if;
	delete from access.subject s where s.id = $1;
	return found;
end $$;
revoke execute on all functions in schema access from public;
