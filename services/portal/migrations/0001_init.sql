-- A sign-in: one person at one browser. The browser has the secret, and here is
-- only its hash, so that whoever reads this table can sign in as nobody.
create table session (
  id       text primary key,          -- what the trail calls it
  hash     bytea not null unique,     -- SHA-256 of the secret; another after every change of hat
  ticket   bytea not null unique,     -- of the sign-in it came from: spent by it (A036)
  person   text not null,
  issuer   text not null,
  sub      text not null,
  loa      text not null,
  hat      text not null default '',  -- the one worn
  begun_at timestamptz not null,
  used_at  timestamptz not null,
  ended_at timestamptz                -- signed out
);
create index session_begun on session (begun_at);

-- A form that was posted when the sign-in had ended or another hat was worn.
-- Sealed; the key is in a cookie of the browser it came from, and nowhere else.
create table kept (
  id      text primary key,
  person  text not null,
  box     bytea not null,
  kept_at timestamptz not null
);
create index kept_at on kept (kept_at);

-- A notice: that something happened, to whom it should be said, and no content.
-- To a person at an authority, or to a role at an authority.
create table notice (
  id        text primary key,
  n         bigint generated always as identity, -- in the order they were told: facts of one concern come in order
  word      text not null,             -- which sentence: portal.notice.<word>
  concern   text not null default '',  -- where it leads; '' nowhere
  authority text not null,
  role      text not null default '',
  person    text not null default '',
  due       timestamptz,
  at        timestamptz not null,
  check ((role = '') <> (person = ''))
);
create index notice_role on notice (authority, role, at);
create index notice_person on notice (person, authority, at);
create index notice_at on notice (at);

-- Who has read it.
create table notice_read (
  notice  text not null references notice (id) on delete cascade,
  person  text not null,
  read_at timestamptz not null,
  primary key (notice, person)
);

grant select, insert, delete on session, kept, notice, notice_read to portal;
grant update (hash, hat, used_at, ended_at) on session to portal;
