-- When something was received, asked or signed is the hub's to say, once, and nobody's to
-- change afterwards, this room's neither (A061). What happened outside has the day that
-- somebody typed, which a later version may correct beside the first.
create function recorded() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
	raise exception 'when something was recorded stays' using errcode = '23000';
end $$;
create trigger recorded before update on offer for each row when (old.made_at is distinct from new.made_at or old.sent_at is not null and old.sent_at is distinct from new.sent_at) execute function recorded();
create trigger recorded before update on consent for each row when (old.at is distinct from new.at or old.signed_on is distinct from new.signed_on or old.ended_at is not null and old.ended_at is distinct from new.ended_at) execute function recorded();
