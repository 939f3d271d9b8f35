-- When something was received, asked or signed is the hub's to say, once, and nobody's to
-- change afterwards, this room's neither (A061). What happened outside has the day that
-- somebody typed, which a later version may correct beside the first.
create function recorded() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
	raise exception 'when something was recorded stays' using errcode = '23000';
end $$;
create trigger recorded before update on concern for each row when (old.created_at is distinct from new.created_at or old.author is distinct from new.author
	or old.received_at is not null and old.received_at is distinct from new.received_at) execute function recorded();
