-- Of which thing a notice is, also where its reader is not told which: whoever is too
-- close to a thing is shown no notice of it.
alter table notice add item text not null default '';
update notice set item = concern;
