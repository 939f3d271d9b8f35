-- A subject (borger, den registrerede): the person that a concern is about, at
-- one controller. Nothing here says who it is; what does lies in identity,
-- sealed under the subject's own key, which bears the subject's id in the vault.
-- The same person at two controllers is two subjects, and nothing joins them.
create table subject (
  id            text primary key,
  controller    text not null,             -- whose data it is (GDPR art. 4(7)): the municipality of an institution
  category      text not null check (category in ('of_concern', 'released', 'victim', 'contact')), -- L40
  band          text not null check (band in ('under_18', '18_25', 'over_25', 'unknown')),
  protected     boolean not null,          -- name and address protection (L31)
  number        text not null check (number in ('given', 'none', 'unknown')),
  named         boolean not null,
  registered_at timestamptz not null,
  registered_by text not null,             -- the person who did
  authority     text not null,             -- where that person worked
  purpose       text not null,
  basis         text not null
);
create index subject_unused on subject (registered_at);

-- One sealed text about a subject: name, cpr, birth_date, address, language.
-- Its place is bound into the box (A091).
create table identity (
  subject text not null references subject (id) on delete cascade,
  field   text not null check (field in ('name', 'cpr', 'birth_date', 'address', 'language')),
  box     bytea not null,
  primary key (subject, field)
);

-- Blind indexes of the number, for matching inside one controller only (A008):
-- keyed hashes, whose keys lie in the vault for each controller and period.
-- Not unique on purpose: a unique violation would tell somebody that a person
-- is here whom they may not know of (A023).
create table number_mark (
  mark    text not null,
  subject text not null references subject (id) on delete cascade,
  primary key (mark, subject)
);
create index number_mark_subject on number_mark (subject);

-- The periods in which a controller has made blind indexes: a search tries each.
create table period (
  controller text not null,
  period     text not null,
  primary key (controller, period)
);

-- On which day a subject moves to another age band (L27). The day is a blind
-- index too: whoever reads the table learns no birthday.
create table move (
  mark    text not null,
  subject text not null references subject (id) on delete cascade,
  band    text not null check (band in ('18_25', 'over_25')),
  primary key (subject, band)
);
create index move_mark on move (mark);

-- The day up to which birthdays have been kept: one row.
create table birthday (
  one  boolean primary key default true check (one),
  done date not null
);

-- What was erased. The row stays for ever: it is written with the erasure, the
-- key is destroyed after it, and again at every start, so that a key that came
-- back with a backup goes again before anything is read (F36).
create table tombstone (
  subject   text primary key,
  erased_at timestamptz not null,
  why       text not null check (why in ('draft_discarded', 'unused')),
  destroyed boolean not null default false
);
create index tombstone_left on tombstone (subject) where not destroyed;

grant select, insert, update, delete on subject, identity, number_mark, move to person;
grant select, insert on period to person;
grant select, insert, update on birthday to person;
grant select, insert on tombstone to person;
grant update (destroyed) on tombstone to person;
