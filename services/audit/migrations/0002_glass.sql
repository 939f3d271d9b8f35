-- Of which break-glass it was told that its review is late, so that it is told once.
create table glass_told (
	glass text not null,
	level text not null,
	at    timestamptz not null,
	primary key (glass, level)
);
grant select, insert on glass_told to audit;
