-- Who was told of for a try at what they are too close to, of which thing, on which day:
-- once each. And until when the trail has been gone through.
create table tried_told (
	authority text not null,
	person    text not null,
	thing     text not null,
	day       date not null,
	primary key (authority, person, thing, day)
);
create table tried_until (
	one boolean primary key default true check (one),
	at  timestamptz not null
);
grant select, insert, delete on tried_told to audit;
grant select, insert, update on tried_until to audit;
