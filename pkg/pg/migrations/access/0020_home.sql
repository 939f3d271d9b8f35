-- Where whom something is about lives, as blind indexes under the keys of the numbers: of the
-- line of the address, and of street, number and postcode (the house). Of nobody with a
-- protected address, and only where a sign-in carries the employee's own. They are held
-- against those of the people who work here for the weekly list of anomalies alone (P10):
-- nothing that anybody does or is shown depends on them.
create table subject_home (
	subject text not null,
	kind    text not null check (kind in ('home', 'house')),
	mark    text not null,
	primary key (subject, kind, mark)
);
create index subject_home_mark on subject_home (mark);

-- The addresses that an issuer said of an employee before: for two years, or until they work
-- here no more.
create table home_before (
	person   text not null,
	mark     text not null,
	until_at timestamptz not null,
	primary key (person, mark)
);

create function keep_home() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
	insert into access.home_before (person, mark, until_at) values (old.person, old.mark, clock_timestamp()) on conflict (person, mark) do update set until_at = excluded.until_at;
	return null;
end $$;
create trigger keep_home after delete on person_mark for each row when (old.issuer like '% home') execute function keep_home();

-- As in 0015, and what is two years old.
create or replace function forget_marks(/* at */ timestamptz) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
	delete from access.person_mark p where not exists (select from access.hat h where h.person = p.person and $1 < h.until_at);
	delete from access.home_before b where b.until_at < $1 - interval '2 years' or not exists (select from access.hat h where h.person = b.person and $1 < h.until_at);
$$;

-- Keeps where a subject lives, in place of what was there; nothing forgets it.
create function mark_home(/* subject */ text, /* kinds */ text[], /* marks */ text[]) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
	delete from access.subject_home s where s.subject = $1;
	insert into access.subject_home (subject, kind, mark) select $1, k, m from unnest($2, $3) n (k, m) on conflict do nothing;
$$;

-- As in 0015, and where it lives goes with it.
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
	delete from access.subject_home m where m.subject = $1;
	return gone;
end $$;

-- Where the address of somebody who works here meets that of whom something is about: the same
-- (household), one of before (former), or the house or one beside it (neighbour). That somebody is
-- whom it is about, access.own says. It puts no two together whom things are about (L28).
create view same_home as
	select distinct p.person, s.subject, 'household' as how from person_mark p join subject_home s on s.mark = p.mark and s.kind = 'home' where p.issuer like '% home'
	union all
	select distinct b.person, s.subject, 'former' from home_before b join subject_home s on s.mark = b.mark and s.kind = 'home'
		where not exists (select from person_mark p join subject_home o on o.mark = p.mark where p.person = b.person and o.subject = s.subject and o.kind = 'home')
	union all
	select distinct p.person, s.subject, 'neighbour' from person_mark p join subject_home s on s.mark = p.mark and s.kind = 'house' where p.issuer like '% house'
		and not exists (select from person_mark o join subject_home t on t.mark = o.mark where o.person = p.person and t.subject = s.subject and t.kind = 'home');

revoke execute on all functions in schema access from public;
