-- By what a person is found beside the number: blind indexes of each part of the
-- name and of the birth date, under the same keys as those of the number and so
-- inside one controller only (A008). One alone finds nobody: a search needs a mark
-- of every identifier, and the rules say which are enough (A063). Not unique, for
-- the same reason as the number's (A023).
create table found_by (
  mark    text not null,
  subject text not null references subject (id) on delete cascade,
  primary key (mark, subject)
);
create index found_by_subject on found_by (subject);

grant select, insert, update, delete on found_by to person;
