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

revoke execute on all functions in schema access from public;
