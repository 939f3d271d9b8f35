-- What somebody asked of the rules before they shared, and was answered: kept on
-- their word, about nobody. It is written once and stays.
create table advice (
  id        text primary key,
  at        timestamptz not null,
  hat       text not null,      -- who asked
  name      text not null,      -- as it was then
  role      text not null,
  authority text not null,
  advice    jsonb not null      -- the question and every answer, with the revision of the rules
);
grant select, insert on advice to portal;
