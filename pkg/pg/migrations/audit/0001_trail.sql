-- The trail: one row for each act, written in the act's own transaction.
-- Services may insert the columns that they know, and nothing else; the
-- database fills in id, at and writer. No content: references, codes, digests.
create table audit.trail (
	id             bigint generated always as identity primary key,
	at             timestamptz not null default clock_timestamp(),
	writer         name not null default session_user,
	said_at        timestamptz not null, -- the hub's own clock, at the begin of the transaction
	person         text not null,
	hat            text not null,
	authority      text not null,
	role           text not null,
	issuer         text not null,
	loa            text not null,
	session        text not null,
	request        text not null,
	cause          text not null,        -- correlation id, across rooms
	act            text not null check (act in ('collect', 'change', 'consult', 'search', 'disclose', 'combine',
		'export', 'erase', 'decide', 'grant', 'revoke', 'admin')),
	outcome        text not null check (outcome in ('allow', 'deny')),
	question       text not null,        -- the question's name and struct, and the revision that
	input          jsonb not null,       -- answered it: the decision can be made again
	revision       text not null,
	reasons        text[] not null,
	obligations    text[] not null,
	object_kind    text not null,
	object_id      text not null,
	object_version integer not null,
	controller     text not null,        -- whose data
	subjects       text[] not null,      -- pseudonyms
	fields         text[] not null,      -- what was shown
	purpose        text not null,
	basis          text not null,
	recipient      text not null,
	rows           integer not null,
	why_ref        text not null,        -- the sealed justification, and
	why_digest     bytea                 -- the SHA-256 of its box
);
create index trail_controller on audit.trail (controller, at);
create index trail_authority on audit.trail (authority, at);
create index trail_object on audit.trail (object_id, at);
create index trail_person on audit.trail (person, at);
create index trail_at on audit.trail using brin (at);
create index trail_subjects on audit.trail using gin (subjects);

-- Justifications, sealed for the data-protection officer of one authority.
create table audit.reason (
	ref       text primary key,
	authority text not null,
	box       bytea not null,
	at        timestamptz not null default clock_timestamp(),
	writer    name not null default session_user
);

