-- The register of breaches of personal data security (GDPR art. 33(5), L52): what was
-- registered, and each step since. A step is added, and none is changed; what it says
-- stands sealed in its box. In clear there are times, codes and references, as in the trail.
create table breach (
	id             text primary key,
	authority      text not null,        -- whose register it stands in
	aware_at       timestamptz not null, -- when the authority became aware: the clock runs from here
	kinds          text[] not null check (kinds <> '{}'),
	tracks         text[] not null check (tracks <> '{}'),
	registered_at  timestamptz not null check (registered_at >= aware_at),
	registered_by  text not null,
	registered_hat text not null
);
create index breach_authority on breach (authority, registered_at);

create table breach_step (
	breach  text not null references breach,
	n       int not null check (n > 0),
	step    text not null check (step in ('registered', 'gathered', 'described', 'informed', 'notified', 'closed')),
	says    text[] not null,      -- which texts are in the box, by name
	rows    jsonb,                -- which rows of the trail were gathered
	box     bytea not null,       -- sealed with the authority's key
	content bytea not null,       -- SHA-256 of what is in it
	at      timestamptz not null,
	person  text not null,
	hat     text not null,
	primary key (breach, n)
);
create unique index breach_once on breach_step (breach, step) where step in ('registered', 'notified', 'closed');

-- Which warnings were told, so that each is told once; the last is that the time has run out.
create table breach_told (
	breach text not null references breach,
	hours  int not null,
	at     timestamptz not null,
	primary key (breach, hours)
);
grant select, insert on breach, breach_step, breach_told to audit;
