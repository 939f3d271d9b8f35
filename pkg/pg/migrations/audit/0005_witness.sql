-- What witnesses at other authorities cosigned: see docs/trail.md. The table is the trail's
-- owner's, and of what is in it no role of a room changes or deletes anything.
create table cosignature (
	size    bigint not null references checkpoint, -- of the checkpoint that it is on
	witness text not null,                         -- the verifier key
	line    text not null,                         -- as it stands under the checkpoint
	at      timestamptz not null default clock_timestamp(),
	primary key (witness, size)
);
create index cosignature_size on cosignature (size);
