-- A concern (bekymringshenvendelse). What it says of people stands in
-- intake.words, sealed; here stand references, codes, states and times.
create table concern (
  id              text primary key,
  subject         text not null,               -- reference in the room person; also the subject's key
  reporter_key    text,                        -- the reporter's own key (L51)
  author          text not null,               -- the person who wrote it, or 'anonymous'
  controller      text not null,               -- the authority that received it (GDPR art. 4(7))
  received_by     text not null,               -- its kind
  municipality    text not null,               -- the subject's municipality in this matter
  police          text not null,               -- the police district
  state           text not null,
  version         int  not null default 1,
  purpose         text not null,
  basis           text not null,               -- own processing
  channel         text not null default '',
  reporter_kind   text not null default '',
  urgency         text not null default '',
  child           text not null default '',
  statements      jsonb not null default '[]', -- kind, date and first_hand of each; the words are sealed
  check_outcome   text not null default '',
  triage_outcome  text not null default '',
  track           text not null default '',
  created_at      timestamptz not null,
  received_at     timestamptz,
  step_due        timestamptz,                 -- when the present step should be done
  step_told       smallint not null default 0, -- 1 owner, 2 deputy, 3 manager have been told that it is overdue
  child_due       timestamptz,                 -- L25: 24 hours
  child_told      smallint not null default 0,
  child_outcome   text not null default '',    -- notified, not_needed
  retention_rule  text not null,               -- L22: no object without a rule and a date
  erase_at        timestamptz not null
);
create index concern_subject on concern (subject);
create index concern_step_due on concern (step_due) where step_due is not null;
create index concern_child_due on concern (child_due) where child_due is not null and child_outcome = '';

-- One sealed text about people. The place of each is bound into its box, so
-- that no box can be moved to another row or field (A091).
create table words (
  concern text not null references concern (id) on delete cascade,
  field   text not null,                       -- why_now, statements.0, reporter_name, …
  key     text not null,                       -- whose key sealed it
  box     bytea not null,
  primary key (concern, field)
);

-- One coordinator's triage. A change of mind appends; the last one counts.
create table judgement (
  concern text not null references concern (id) on delete cascade,
  n       int  not null,
  party   text not null check (party in ('municipality', 'police')),
  person  text not null,
  at      timestamptz not null,
  outcome text not null,
  track   text not null default '',
  box     bytea not null,                      -- the rationale, under the subject's key
  primary key (concern, n)
);

-- What was done with it, when and by whom: the concern's own history.
create table step (
  concern text not null references concern (id) on delete cascade,
  n       int  not null,
  at      timestamptz not null,
  action  text not null,
  state   text not null,                       -- where it led
  person  text not null,
  hat     text not null,
  primary key (concern, n)
);

-- Codes for the anonymous reporter to come back with: only a hash is kept.
create table slip (
  hash    bytea primary key,
  concern text not null references concern (id) on delete cascade
);

grant select, insert, update, delete on concern, words, slip to intake;
grant select, insert on judgement, step to intake;
