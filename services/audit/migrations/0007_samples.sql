-- Look-ups that are drawn by lot for an authority's data-protection officer to go through
-- (L20): since when, and by what they were drawn when it was seen last. Nobody is without
-- a row here from the first round on.
create table sampling (
	authority text primary key,
	since     timestamptz not null, -- when the first period begins
	weeks     int not null,
	size      int not null
);
grant select, insert, update (weeks, size) on sampling to audit;

-- What was drawn from of a period. Periods follow one another without a gap, also where
-- none is to be drawn; what was drawn stays as it was.
create table sample (
	id         text primary key,
	authority  text not null,
	rule       text not null check (rule in ('data', 'people', 'log')),
	from_at    timestamptz not null,
	until_at   timestamptz not null check (until_at > from_at),
	weeks      int not null check (weeks > 0),     -- how long the period was to be
	size       int not null check (size >= 0),     -- how many were to be drawn
	eligible   int not null check (eligible >= 0), -- of how many
	checkpoint text not null,                      -- what the seed is made of, with its cosignatures; '' where none was to be drawn
	seed       bytea not null,
	drawn_at   timestamptz not null default clock_timestamp(),
	unique (authority, rule, from_at)
);
grant select, insert on sample to audit;

-- The rows of the trail that were drawn.
create table sampled (
	id     text primary key,
	sample text not null references sample,
	place  int not null check (place > 0), -- the first has the lowest rank
	row    bigint not null,
	at     timestamptz not null,           -- of that row
	person text not null,                  -- who looked
	object text not null,                  -- at what
	unique (sample, row)
);
grant select, insert on sampled to audit;

-- What an officer decided of one. Who was asked can be decided of later; what is found in
-- order or not stays found.
create table sample_decision (
	sampled     text not null references sampled,
	n           int not null check (n > 0),
	outcome     text not null check (outcome in ('in_order', 'not_in_order', 'asked')),
	decided_by  text not null,
	decided_hat text not null,
	decided_at  timestamptz not null,
	primary key (sampled, n)
);
grant select, insert on sample_decision to audit;

create function sample_once() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
	if exists (select from audit.sample_decision d where d.sampled = new.sampled and d.outcome <> 'asked') then
		raise exception 'what was found of a look-up stays found' using errcode = '23000';
	end if;
	if exists (select from audit.sampled s where s.id = new.sampled and s.person = new.decided_by) then
		raise exception 'nobody decides of their own look-up' using errcode = '23000';
	end if;
	return new;
end $$;
create trigger sample_once before insert on sample_decision for each row execute function sample_once();
