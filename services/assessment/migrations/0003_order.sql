-- The order of the list of cases, which is walked until there is a page of them.
create index cases_order on cases (next_at, id);
