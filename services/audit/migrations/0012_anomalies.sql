-- The weekly list of anomalies (P10): what stood out in a week of what an authority's own people
-- looked up, by which rules, and how many more there were than the list takes. Weeks follow one
-- another without a gap; what was put on a list stays as it was.
create table anomaly_week (
	authority text not null,
	from_at   timestamptz not null,
	until_at  timestamptz not null check (until_at > from_at),
	rules     jsonb not null,                    -- from when on something was put on it
	beyond    int not null check (beyond >= 0),  -- found, and not put on it
	drawn_at  timestamptz not null default clock_timestamp(),
	primary key (authority, from_at)
);

create table anomaly (
	id        text primary key,
	authority text not null,
	from_at   timestamptz not null,
	place     int not null check (place > 0),
	kind      text not null,
	people    text[] not null check (people <> '{}'), -- who looked
	subject   text not null,                          -- at whom, a pseudonym; '' where at many
	objects   text[] not null,                        -- what they opened
	figures   int[] not null,                         -- of the sentence
	first_at  timestamptz not null,
	last_at   timestamptz not null,
	foreign key (authority, from_at) references anomaly_week,
	unique (authority, from_at, place)
);

-- What an officer decided of one, as of what was drawn by lot; it does not count where they are
-- too close to whom it is about (A012).
create table anomaly_decision (
	anomaly     text not null references anomaly,
	n           int not null check (n > 0),
	outcome     text not null check (outcome in ('in_order', 'not_in_order', 'asked')),
	decided_by  text not null,
	decided_hat text not null,
	decided_at  timestamptz not null,
	counts      boolean not null,
	primary key (anomaly, n)
);
grant select, insert on anomaly_week, anomaly, anomaly_decision to audit;

create function anomaly_once() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
	if exists (select from audit.anomaly_decision d where d.anomaly = new.anomaly and d.decided_by = new.decided_by and d.outcome <> 'asked') then
		raise exception 'what somebody found of an anomaly stays found' using errcode = '23000';
	end if;
	if exists (select from audit.anomaly a where a.id = new.anomaly and new.decided_by = any(a.people)) then
		raise exception 'nobody decides of their own look-ups' using errcode = '23000';
	end if;
	return new;
end $$;
create trigger anomaly_once before insert on anomaly_decision for each row execute function anomaly_once();
