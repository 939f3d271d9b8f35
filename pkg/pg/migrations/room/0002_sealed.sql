-- One sealed text about people: of which thing, which field, under whose key.
-- Place and key are bound into the box, so that none can be moved (A091).
create table sealed (
	item  text not null,
	field text not null,
	key   text not null,
	box   bytea not null,
	primary key (item, field)
);
