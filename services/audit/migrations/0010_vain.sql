-- What an officer decided of a look-up that is about somebody they are too close to does not
-- count (A012). Another officer says what they find, as they may of every one: so nobody
-- learns anything by it.
alter table sample_decision add column counts boolean not null default true;
alter table sample_decision alter column counts drop default;

create or replace function sample_once() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
	if exists (select from audit.sample_decision d where d.sampled = new.sampled and d.decided_by = new.decided_by and d.outcome <> 'asked') then
		raise exception 'what somebody found of a look-up stays found' using errcode = '23000';
	end if;
	if exists (select from audit.sampled s where s.id = new.sampled and s.person = new.decided_by) then
		raise exception 'nobody decides of their own look-up' using errcode = '23000';
	end if;
	return new;
end $$;
