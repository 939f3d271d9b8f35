-- What the data-protection officer's desk asks of ten million rows (docs/bench.md). Each
-- index has only those rows that the two by authority and time would look for too long.

-- The own people at others' data, beside the own data.
create index trail_abroad on trail (authority, at) where controller <> authority;

-- Refusals, and what is rarer than to look: of the own data, and by the own people.
create index trail_refused on trail (controller, at) where outcome = 'deny';
create index trail_refused_to on trail (authority, at) where outcome = 'deny';
create index trail_done on trail (controller, act, at) where act not in ('consult', 'search');
create index trail_done_by on trail (authority, act, at) where act not in ('consult', 'search');
