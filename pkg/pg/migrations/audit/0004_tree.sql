-- The trail in monthly partitions, and what its Merkle tree is kept in: see docs/trail.md.
-- Every table here is the trail's owner's, as which nobody can sign in. No role of a room
-- changes or deletes anything in them; where something goes, an owner's trigger has seen
-- that it stands in full in what takes its place.

-- What was written so far moves into the partitions. Identity columns of partitioned tables
-- came with PostgreSQL 17, so that a trigger numbers the rows.
alter table trail rename to trail_before;
alter table trail_before rename constraint trail_pkey to trail_before_pkey;
create table trail (like trail_before including defaults including constraints including storage) partition by range (at);
alter table trail
	add form smallint not null default 1,                -- how a leaf commits to the row: pkg/tree
	add salt uuid not null default gen_random_uuid(),    -- 16 bytes, so that nobody guesses a row from its leaf
	add constraint trail_pkey primary key (id, at);      -- of one id there is one row: recomputing finds two

-- Rows that are no leaf yet. They become visible in another order than that of their ids,
-- so that no cursor over the ids would see them all.
create table pending (
	id bigint primary key,
	at timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Leaves by their index, in runs: for each the row that it commits to, and its entry of 32 bytes.
-- A run has 256 leaves and begins at a multiple of it, or is of those after the last such run.
create table leaves (
	start   bigint primary key check (start >= 0),
	rows    bigint[] not null,    -- ids in the trail
	entries bytea not null,
	since   timestamptz not null, -- between the first and the last of these rows' times,
	until   timestamptz not null  -- which says in which partitions they are
);
alter table leaves alter entries set storage external; -- random: nothing to compress

-- The hashes above the leaves: of level l and number n the Merkle tree hash of the 256^l leaves
-- from n * 256^l on. 256 of them that follow one another are a tile.
create table node (
	level smallint not null check (level between 1 and 7),
	n     bigint not null check (n >= 0),
	hash  bytea not null check (octet_length(hash) = 32),
	primary key (level, n)
);

-- Every checkpoint that was signed.
create table checkpoint (
	size bigint primary key check (size > 0),
	note text not null,
	at   timestamptz not null default clock_timestamp()
);

-- Partitions for this month and the three after it. It gives until when there are some, without
-- a hole from now on. Attaching does not keep those waiting who write.
create function make_months() returns timestamptz
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
	month timestamptz := date_trunc('month', clock_timestamp());
	name text;
begin
	perform pg_advisory_xact_lock(hashtextextended('infohus months', 0));
	for i in 0..3 loop
		name := 'trail_' || to_char(month, 'YYYY_MM');
		if to_regclass('audit.' || name) is null then
			execute format('create table audit.%I (like audit.trail including defaults including constraints including storage)', name);
			execute format('alter table audit.trail attach partition audit.%I for values from (%L) to (%L)', name, month, month + interval '1 month');
		end if;
		month := month + interval '1 month';
	end loop;
	return audit.months_until();
end $$;

-- Until when there are partitions, without a hole from now on.
create function months_until() returns timestamptz
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
	month timestamptz := date_trunc('month', clock_timestamp());
begin
	while exists (select from pg_inherits i join pg_class c on c.oid = i.inhrelid
			where i.inhparent = 'audit.trail'::regclass and not i.inhdetachpending and c.relname = 'trail_' || to_char(month, 'YYYY_MM')) loop
		month := month + interval '1 month';
	end loop;
	return month;
end $$;

revoke all on function make_months(), months_until() from public;
do $$
declare
	month timestamptz;
begin
	perform set_config('timezone', 'UTC', true);
	for month in select date_trunc('month', at) from audit.trail_before group by 1 loop
		execute format('create table audit.%I partition of audit.trail for values from (%L) to (%L)', 'trail_' || to_char(month, 'YYYY_MM'), month, month + interval '1 month');
	end loop;
end $$;
select make_months();

create sequence trail_id as bigint;
insert into trail select b.* from trail_before b;
select setval('trail_id', last_value, is_called) from trail_id_seq;
insert into pending select id, at from trail;

-- Whoever could write before may write on.
do $$
declare
	room record;
begin
	for room in select grantee, string_agg(quote_ident(column_name), ', ') as columns from information_schema.column_privileges
			where table_schema = 'audit' and table_name = 'trail_before' and privilege_type = 'INSERT' and grantee <> 'trail_owner' group by grantee loop
		execute format('grant insert (%s) on audit.trail to %I', room.columns, room.grantee);
	end loop;
	for room in select distinct grantee from information_schema.table_privileges
			where table_schema = 'audit' and table_name = 'trail_before' and privilege_type = 'SELECT' and grantee <> 'trail_owner' loop
		execute format('grant select on audit.trail to %I', room.grantee);
	end loop;
end $$;
drop table trail_before;
alter sequence trail_id rename to trail_id_seq;
alter sequence trail_id_seq owned by trail.id;

create index trail_controller on trail (controller, at);
create index trail_authority on trail (authority, at);
create index trail_object on trail (object_id, at);
create index trail_person on trail (person, at);
create index trail_at on trail using brin (at);
create index trail_subjects on trail using gin (subjects);

-- A row is numbered, and waits to become a leaf. One that comes with a number is put back by
-- the owner, and was a leaf, or waits, already; if not, it is found to be none.
create function number_row() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
	if new.id is null then
		new.id := nextval('audit.trail_id_seq');
		insert into audit.pending (id, at) values (new.id, new.at);
	end if;
	return new;
end $$;
create trigger number_row before insert on trail for each row execute function number_row();

-- Leaves are taken only where the tree ends, and of rows that wait. A run of 256 takes the
-- place of the shorter ones that it repeats.
create function take_leaves() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
	size bigint := coalesce((select l.start + cardinality(l.rows) from audit.leaves l order by l.start desc limit 1), 0);
	edge bigint := size - size % 256;
	many int := cardinality(new.rows);
	held bigint[] := '{}';
	bytes bytea := '';
	fresh int;
begin
	if many not between 1 and 256 or array_ndims(new.rows) <> 1 or array_lower(new.rows, 1) <> 1 or octet_length(new.entries) <> 32 * many then
		raise exception 'audit: this is no run of leaves' using errcode = 'check_violation';
	end if;
	if many = 256 and new.start = edge then
		select coalesce(array_agg(x.id order by l.start, x.i), '{}'), coalesce(min(l.since), 'infinity'), coalesce(max(l.until), '-infinity')
			into held, new.since, new.until from audit.leaves l cross join lateral unnest(l.rows) with ordinality x (id, i) where l.start >= edge;
		select coalesce(string_agg(l.entries, '' order by l.start), '') into bytes from audit.leaves l where l.start >= edge;
		if held <> new.rows[1:size - edge] or bytes <> substr(new.entries, 1, 32 * (size - edge)::int) then
			raise exception 'audit: these leaves are others' using errcode = 'check_violation';
		end if;
		delete from audit.leaves l where l.start >= edge;
	elsif new.start = size and size % 256 + many < 256 then
		new.since := 'infinity';
		new.until := '-infinity';
	else
		raise exception 'audit: the tree does not end there' using errcode = 'check_violation';
	end if;
	with gone as (delete from audit.pending p where p.id = any (new.rows[cardinality(held) + 1:many]) returning p.at)
		select count(*), least(new.since, min(g.at)), greatest(new.until, max(g.at)) into fresh, new.since, new.until from gone g;
	if fresh <> many - cardinality(held) then
		raise exception 'audit: a leaf of a row that does not wait' using errcode = 'check_violation';
	end if;
	return new;
end $$;
create trigger take_leaves before insert on leaves for each row execute function take_leaves();

-- A checkpoint is of more than the one before it, and of no more than there is.
create function take_checkpoint() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
	if new.size <= (select max(c.size) from audit.checkpoint c)
		or new.size > coalesce((select l.start + cardinality(l.rows) from audit.leaves l order by l.start desc limit 1), 0) then
		raise exception 'audit: a checkpoint of that size cannot follow' using errcode = 'check_violation';
	end if;
	return new;
end $$;
create trigger take_checkpoint before insert on checkpoint for each row execute function take_checkpoint();
revoke all on function number_row(), take_leaves(), take_checkpoint() from public;
