-- A case (sag) of an Infohus Kommune. Its state is with the access facts
-- (access.item), where the room referral moves it too. What is said of people
-- stands in sealed, sealed; here stand references, codes, states and times.
create table cases (
  id             text primary key,
  concern        text not null unique,         -- what it came from
  subject        text not null,                -- reference in the room person; also the subject's key
  municipality   text not null,                -- whose Infohus Kommune it is: the controller
  police         text not null,
  version        int  not null default 1,
  round          int  not null default 1,      -- the version of the assessment that is worked on, or was signed last
  begun_at       timestamptz not null,
  opened_at      timestamptz,
  closed_at      timestamptz,
  next_at        timestamptz not null,         -- a case without a next date cannot exist
  step_told      smallint not null default 0,  -- 1 owner, 2 deputy, 3 manager have been told that it is overdue
  retention_rule text not null,                -- L22
  erase_at       timestamptz not null
);
create index cases_next on cases (next_at) where closed_at is null;

-- Which coordinator has confirmed the circle.
create table opening (
  case_id text not null references cases (id) on delete cascade,
  party   text not null check (party in ('municipality', 'police')),
  person  text not null,
  hat     text not null,
  at      timestamptz not null,
  primary key (case_id, party)
);

-- The circle: who was proposed from the structure file, who was invited.
create table member (
  id         text primary key,
  case_id    text not null references cases (id) on delete cascade,
  hat        text not null,
  person     text not null,
  authority  text not null,
  department text not null default '',
  role       text not null,
  state      text not null check (state in ('proposed', 'invited', 'ended')),
  assignment text not null default '',
  share      text not null default '',
  until_at   timestamptz,
  by_person  text not null default '',
  at         timestamptz not null,
  unique (case_id, hat)
);

-- Questions to one authority, or to a department of one's own.
create table request (
  id         text primary key,
  case_id    text not null references cases (id) on delete cascade,
  asker      text not null,                    -- the authority that asks
  authority  text not null,                    -- the one that is asked
  department text not null default '',
  state      text not null check (state in ('asked', 'settled', 'retracted')),
  outcome    text not null default '' check (outcome in ('', 'answered', 'nothing', 'declined')),
  answer     text not null default '',         -- the answer's id
  share      text not null default '',
  version    int  not null default 1,
  asked_at   timestamptz not null,
  due_at     timestamptz not null,
  told       smallint not null default 0,
  settled_at timestamptz,
  by_person  text not null,
  by_hat     text not null
);
create index request_case on request (case_id);
create index request_due on request (due_at) where state = 'asked';

-- A graded answer. The words are in sealed; here are kind, source, date and data class of each statement.
create table answer (
  id         text primary key,
  request    text not null references request (id) on delete cascade,
  case_id    text not null references cases (id) on delete cascade,
  subject    text not null,
  controller text not null,                    -- the authority that answers
  grade      smallint not null,                -- 0 nothing relevant, 1 contact, 2 conclusion, 3 facts
  statements jsonb not null default '[]',
  state      text not null check (state in ('released', 'withdrawn')),
  version    int  not null default 1,
  person     text not null,
  hat        text not null,
  at         timestamptz not null
);
create index answer_case on answer (case_id);

-- A meeting of an Infohus Kommune, and which cases are on its agenda (D17, L44).
create table meeting (
  id           text primary key,
  municipality text not null,
  at           timestamptz not null,
  by_person    text not null,
  made_at      timestamptz not null,
  unique (municipality, at)
);
create table agenda (
  meeting    text not null references meeting (id) on delete cascade,
  case_id    text not null references cases (id) on delete cascade,
  held_at    timestamptz,
  attendance jsonb not null default '[]',      -- hats, and whether they were there
  no_note    text not null default '',         -- why there is no note: a code
  primary key (meeting, case_id)
);
create index agenda_case on agenda (case_id);

-- A version of the joint assessment. edit counts what was saved in it.
create table assessment (
  case_id            text not null references cases (id) on delete cascade,
  version            int  not null,
  state              text not null check (state in ('draft', 'signed')),
  edit               int  not null default 0,
  instrument         text not null,
  instrument_version text not null,
  drafter            text not null,            -- the person who saved it last; must sign
  drafter_hat        text not null,
  begun_at           timestamptz not null,
  saved_at           timestamptz not null,
  valid_until        date,
  text               bytea,                    -- hash of what it says, with a sealed salt
  content            bytea,                    -- hash of that and of the dissents: what is signed
  cites              jsonb not null default '[]', -- which dimension cites which answer
  inform             text not null default '' check (inform in ('', 'now', 'later', 'exempt')),
  inform_ground      text not null default '', -- the number of databeskyttelsesloven § 22
  inform_again       date,
  inform_hat         text not null default '',
  inform_at          timestamptz,
  signed_at          timestamptz,
  primary key (case_id, version)
);
-- Signatures over the hash of what was written; one byte changed voids them.
create table signature (
  case_id   text not null,
  version   int  not null,
  n         int  not null,
  party     text not null check (party in ('municipality', 'police')),
  person    text not null,
  hat       text not null,
  at        timestamptz not null,
  hash      bytea not null,
  voided_at timestamptz,
  primary key (case_id, version, n),
  foreign key (case_id, version) references assessment on delete cascade
);
create unique index signature_once on signature (case_id, version, person) where voided_at is null; -- identity, not account
create table dissent (
  case_id   text not null,
  version   int  not null,
  n         int  not null,
  person    text not null,
  hat       text not null,
  authority text not null,
  about     text not null,                     -- level, or a dimension's code
  due_at    timestamptz not null,              -- when its test comes back
  at        timestamptz not null,
  hash      bytea not null,                    -- of what it says, with a sealed salt
  primary key (case_id, version, n),
  foreign key (case_id, version) references assessment on delete cascade
);

-- What was done with the case, when and by whom.
create table step (
  case_id text not null references cases (id) on delete cascade,
  n       int  not null,
  at      timestamptz not null,
  action  text not null,
  state   text not null,
  person  text not null,
  hat     text not null,
  primary key (case_id, n)
);

grant select, insert, update, delete on cases, member, request, answer, meeting, agenda, assessment, signature to assessment;
grant select, insert, delete on opening to assessment;
grant select, insert on dissent, step to assessment;
