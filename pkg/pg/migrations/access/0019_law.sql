-- A legal basis holds while both say so: the structure file, which says on what this
-- hub relies, and the law as data, which two authorities have signed. The first is
-- kept here, by setup; the second is with the room, which judges the signatures itself
-- and tells each transaction, at its begin, what holds at its instant (infohus.bases), and on
-- which of these a share needs an agreement (infohus.agreed): codes, each with a space on
-- either side. Where nothing was told, nothing holds.
alter table basis rename to relied;

create view basis as
	select r.code, r.source, r.from_at, r.until_at,
		case when strpos(current_setting('infohus.agreed', true), ' ' || r.code || ' ') > 0 then r.agreements end as agreements
	from relied r where strpos(current_setting('infohus.bases', true), ' ' || r.code || ' ') > 0;
