-- When something was received, asked or signed is the hub's to say, once, and nobody's to
-- change afterwards, this room's neither (A061). What happened outside has the day that
-- somebody typed, which a later version may correct beside the first.
create function recorded() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
	raise exception 'when something was recorded stays' using errcode = '23000';
end $$;
create trigger recorded before update on cases for each row when (old.begun_at is distinct from new.begun_at or old.opened_at is not null and old.opened_at is distinct from new.opened_at) execute function recorded();
create trigger recorded before update on request for each row when (old.asked_at is distinct from new.asked_at or old.settled_at is not null and old.settled_at is distinct from new.settled_at) execute function recorded();
create trigger recorded before update on answer for each row when (old.at is distinct from new.at or old.person is distinct from new.person) execute function recorded();
create trigger recorded before update on meeting for each row when (old.made_at is distinct from new.made_at) execute function recorded();
create trigger recorded before update on assessment for each row when (old.begun_at is distinct from new.begun_at or old.signed_at is not null and old.signed_at is distinct from new.signed_at) execute function recorded();
create trigger recorded before update on signature for each row when (old.at is distinct from new.at or old.person is distinct from new.person or old.hash is distinct from new.hash
	or old.voided_at is not null and old.voided_at is distinct from new.voided_at) execute function recorded();
