-- How often somebody looked something up, by the hour of the clock: what was
-- looked up is not here (A062, A027). Kept for 25 hours.
create table look (
  person    text not null,
  hour      timestamptz not null,
  n         int not null,
  served_at timestamptz not null default '0001-01-01', -- the last one, once they are slowed
  primary key (person, hour)
);
create index look_hour on look (hour);

grant select, insert, update, delete on look to portal;
