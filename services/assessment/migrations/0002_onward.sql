-- To whom the municipality has said that the police may pass a case on, where its
-- terms are that it is asked first.
create table onward (
	case_id   text not null references cases (id) on delete cascade,
	authority text not null,
	person    text not null,
	hat       text not null,
	at        timestamptz not null,
	primary key (case_id, authority)
);
grant select, insert, delete on onward to assessment;
