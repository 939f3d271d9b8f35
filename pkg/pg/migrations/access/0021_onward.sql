-- To whom whose something is has said that it may be passed on, where its terms are that
-- it is asked first (L1): every room that gives a third authority anything of it asks.
-- Who said so, and when, is with the room that lets them say it, and in the log. What was
-- said before this table was there lets nobody in more until it is said again.
create table onward (
	item      text not null references item on delete cascade,
	authority text not null,
	primary key (item, authority)
);

-- Says it, or takes it back, and whether that changed anything.
create function let_on(/* kind */ text, /* item */ text, /* authority */ text, /* yes */ boolean) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
	if not access.writes($1) then
		raise exception 'room % does not write items of this kind', session_user using errcode = '42501';
	end if;
	if $4 then
		insert into access.onward (item, authority) select i.id, $3 from access.item i where i.kind = $1 and i.id = $2 on conflict do nothing;
	else
		delete from access.onward o using access.item i where i.kind = $1 and i.id = $2 and o.item = i.id and o.authority = $3;
	end if;
	return found;
end $$;

revoke execute on all functions in schema access from public;
