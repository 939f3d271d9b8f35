-- A triage that was given before its concern was taken back is kept, and counts no more.
alter table judgement add column void boolean not null default false;
grant update (void) on judgement to intake;
