-- Since when a disclosure is recorded at its recipient too, and until when the trail has
-- been gone through for those that stand at one end only.
create table ends_until (
	one   boolean primary key default true check (one),
	since timestamptz not null default clock_timestamp(),
	at    timestamptz not null default clock_timestamp()
);
insert into ends_until default values;
grant select, update (at) on ends_until to audit;

-- Those that do, once each: it has ended when the other end is found after all.
create table one_end (
	id        text primary key,
	row       bigint not null unique, -- the first of its rows in the trail
	at        timestamptz not null,   -- of that row
	source    text not null,
	recipient text not null,
	told_at   timestamptz not null,
	ended_at  timestamptz
);
create index one_end_now on one_end (at) where ended_at is null;
grant select, insert, update (ended_at) on one_end to audit;
