-- What of the trail nobody else has confirmed, and what happens when it is shown that it was
-- longer once, or another: see docs/trail.md. Of these tables no role of a room changes or
-- deletes anything.

-- When somebody showed that the log was longer, or another, than the database has it: by a
-- checkpoint that our own key signed. Once for each such checkpoint.
create table closed (
	id      text primary key,
	witness text not null,        -- the verifier key of who showed it
	size    bigint not null,      -- how many leaves that checkpoint has
	root    bytea not null,       -- and its root
	note    text not null,        -- it, as it was signed: the evidence
	had     bigint not null,      -- how many leaves the database had
	at      timestamptz not null default clock_timestamp(),
	unique (size, root)
);

-- Who opened the hub again. Why stands in the trail.
create table opened (
	closed    text primary key references closed,
	person    text not null,
	authority text not null,
	at        timestamptz not null default clock_timestamp()
);

-- The hub is closed while one of them was not opened again.
create function is_closed() returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
	select exists (select from audit.closed c where not exists (select from audit.opened o where o.closed = c.id))
$$;

-- How many rows of the trail no checkpoint that so many of these witnesses cosigned is of, and
-- for how long the first of them has waited: since it was signed, or where that has not come
-- since it was written. Null where there is none.
create function unwitnessed(/* witnesses */ text[], /* how many */ int) returns table (rows bigint, waited interval)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
	with until as (select coalesce((select s.size from audit.cosignature s where s.witness = any ($1) group by s.size having count(*) >= $2 order by s.size desc limit 1), 0) as size),
	there as (select coalesce((select l.start + cardinality(l.rows) from audit.leaves l order by l.start desc limit 1), 0) as size),
	waits as (select count(*) as rows, min(p.at) as at from audit.pending p)
	select t.size - u.size + w.rows, clock_timestamp() - least((select c.at from audit.checkpoint c where c.size > u.size order by c.size limit 1), w.at)
	from until u, there t, waits w
$$;
revoke all on function is_closed(), unwitnessed(text[], int) from public;

-- As in 0004. While the hub is closed nothing is recorded but refusals, what is taken back
-- and how the hub itself is run; and what cannot be recorded is not shown, passed on or done (L19).
create or replace function number_row() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
	if new.outcome <> 'deny' and new.act not in ('admin', 'revoke') and audit.is_closed() then
		raise exception 'audit: the hub is closed' using errcode = 'IH001';
	end if;
	if new.id is null then
		new.id := nextval('audit.trail_id_seq');
		insert into audit.pending (id, at) values (new.id, new.at);
	end if;
	return new;
end $$;
