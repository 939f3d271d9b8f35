-- What every room keeps beside its noun: what it has told, what it has been
-- told, what could not be read, and what it has been asked to do once.

-- The record of what was said. envelope is what goes on the wire.
create table outbox (
	id           bigint generated always as identity primary key,
	key          text not null,
	n            bigint not null, -- under the key, contiguous
	envelope     jsonb not null,
	told_at      timestamptz not null,
	published_at timestamptz,
	unique (key, n)
);
create index outbox_waiting on outbox (id) where published_at is null;

-- The last number under each key: per consumer, and in all (consumer '').
create table outbox_key (
	key      text not null,
	consumer text not null,
	last     bigint not null,
	primary key (key, consumer)
);

-- What has been applied, and how far each key has come.
create table inbox (
	id         text primary key,
	source     text not null,
	type       text not null,
	key        text not null,
	n          bigint not null,
	applied_at timestamptz not null
);
create table inbox_key (
	source text not null,
	key    text not null,
	last   bigint not null,
	primary key (source, key)
);

-- Facts held because the one before them has not come: for the alarm.
create table inbox_gap (
	source text not null,
	key    text not null,
	waits  bigint not null, -- the lowest number that has come too early
	last   bigint not null, -- the number it follows
	since  timestamptz not null,
	primary key (source, key)
);

create table dead (
	id        text primary key,
	at        timestamptz not null,
	raw       bytea not null,
	reason    text not null,
	revive_at timestamptz, -- somebody asked for it to be tried again
	done_at   timestamptz  -- and it was applied
);

create table idempotency (
	person    text not null,
	operation text not null,
	key       text not null,
	hash      bytea not null,
	receipt   jsonb,
	kept_at   timestamptz not null,
	primary key (person, operation, key)
);
create index idempotency_age on idempotency (kept_at);
