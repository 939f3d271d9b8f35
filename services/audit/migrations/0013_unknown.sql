-- Whether an answer is about a reference that its authority's log knows nothing of, which may be
-- mistyped: whoever hands it out says that they looked.
alter table extract add unknown boolean not null default false;
grant update (unknown) on extract to audit;
