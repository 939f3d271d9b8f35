-- When a hat was last worn at a browser; and when an authority was last told that
-- its hats wait to be gone through.
create table worn (
  hat text primary key,
  at  timestamptz not null
);
create table review_told (
  authority text primary key,
  at        timestamptz not null
);
grant select, insert, update on worn, review_told to portal;
