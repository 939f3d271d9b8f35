-- The course of a case from the recommendation on. Its state is with the access
-- facts (access.item), where the room assessment moves it too. What is said of
-- people stands in sealed; here stand references, codes, states and times.
create table course (
  case_id        text primary key,
  concern        text not null,                -- what the case came from
  subject        text not null,                -- reference in the room person; also the subject's key
  municipality   text not null,                -- the controller
  police         text not null,
  version        int  not null default 1,
  assessed       int  not null default 0,      -- the version of the joint assessment signed last; 0 for none
  next_at        timestamptz not null,         -- a case without a next date cannot exist
  step_told      smallint not null default 0,  -- 1 owner, 2 deputy, 3 manager have been told that it is overdue
  followups      int  not null default 0,
  round          int  not null default 0,      -- of closing and of opening again: proposals of earlier rounds are history
  closing_from   text not null default '',     -- where the case stood when the closing began
  resume_at      timestamptz,                  -- its next date then
  closed_at      timestamptz,
  reason         text not null default '',     -- why it was closed
  retention_rule text not null,                -- L22
  erase_at       timestamptz not null
);
create index course_next on course (next_at) where closed_at is null;

-- Help offered to one authority, or to a department of one's own, with its
-- measure. Its state is with the access facts.
create table offer (
  id          text primary key,
  case_id     text not null references course on delete cascade,
  subject     text not null,
  sender      text not null,                   -- the authority that offers: its controller
  receiver    text not null,                   -- the authority that receives
  department  text not null default '',
  hats        text[] not null default '{}',    -- who receives it there
  dimension   text not null,
  measure     text not null,                   -- a code of the catalogue
  kind        text not null check (kind in ('talk', 'plain', 'exit', 'notification')),
  until_age   int  not null default 0,         -- it ends by itself when the person is this old (L27); 0 for never
  consent     text not null default '',        -- the consent that it rests on
  answer      text not null default '' check (answer in ('', 'taken_up', 'not_taken_up', 'other')),
  status      text not null default '',        -- of the measure
  outcome     text not null default '',
  owner_hat   text not null default '',        -- who answers for the measure
  owner       text not null default '',        -- the person
  version     int  not null default 1,
  made_at     timestamptz not null,
  by_person   text not null,
  by_hat      text not null,
  sent_at     timestamptz,
  due_at      timestamptz not null,            -- when an answer is hoped for
  answered_at timestamptz,
  ended_at    timestamptz,
  next_at     timestamptz not null,            -- when it is looked at next
  told        smallint not null default 0
);
create index offer_case on offer (case_id);
create index offer_next on offer (next_at) where ended_at is null;

-- How a measure goes: a line for each note of it.
create table progress (
  offer     text not null references offer on delete cascade,
  n         int  not null,
  at        timestamptz not null,
  person    text not null,
  hat       text not null,
  status    text not null,
  owner_hat text not null,
  start_on  date,
  end_on    date,
  talk      jsonb,                             -- status, mode, identity, guardian: codes
  primary key (offer, n)
);

-- A consent that the person has signed (L8).
create table consent (
  id         text primary key,
  case_id    text not null references course on delete cascade,
  signed_on  date not null,
  fields     text[] not null,
  recipients text[] not null,
  person     text not null,
  hat        text not null,
  at         timestamptz not null,
  ended_at   timestamptz,
  ended_by   text not null default ''
);
create index consent_case on consent (case_id);

-- A follow-up: the next date is what it is for.
create table followup (
  case_id   text not null references course on delete cascade,
  n         int  not null,
  at        timestamptz not null,
  person    text not null,
  hat       text not null,
  movements jsonb not null,                    -- dimension and movement: codes
  new_signs boolean not null default false,
  next_at   timestamptz not null,
  primary key (case_id, n)
);

-- What comes back: a gap of the assessment, the test of a dissent, a birthday. It
-- stands until a follow-up ticks it.
create table task (
  id       text primary key,
  case_id  text not null,
  version  int  not null,                      -- of the assessment
  why      text not null check (why in ('gap', 'dissent', 'outgrown')),
  n        int  not null,
  due_at   timestamptz not null,
  at       timestamptz not null,
  followup int,                                -- the follow-up that ticked it
  unique (case_id, version, why, n)
);

-- What each party has said about closing a case, or about opening it again.
create table proposal (
  case_id   text not null references course on delete cascade,
  round     int  not null,
  what      text not null check (what in ('close', 'reopen')),
  n         int  not null,
  person    text not null,
  hat       text not null,
  authority text not null,
  reason    text not null default '',
  informed  text not null default '',
  ground    text not null default '',          -- the number of databeskyttelsesloven § 22
  share     text not null default '',          -- of opening again: the municipality's new share to the police
  at        timestamptz not null,
  primary key (case_id, round, n)
);

-- What was done, when and by whom.
create table step (
  case_id text not null references course on delete cascade,
  n       int  not null,
  at      timestamptz not null,
  action  text not null,
  offer   text not null default '',
  state   text not null,
  person  text not null,
  hat     text not null,
  primary key (case_id, n)
);

grant select, insert, update, delete on course, offer, consent, task to referral;
grant select, insert, delete on progress, followup, proposal, step to referral;
