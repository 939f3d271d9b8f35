-- Who has access is gone through at least each quarter (L56). A hat begins here when
-- set-up first wrote it; it is confirmed, or ended, by somebody of its authority, or
-- by the hub where nobody did and the structure file says so. Written by whichever
-- room writes items of the kind hat.
alter table hat add known_at timestamptz not null default now();
alter table hat add ended_at timestamptz; -- before the time that the structure file says

create table certified (
	hat       text not null references hat,
	ended     boolean not null,
	by_person text not null,
	by_hat    text not null,
	at        timestamptz not null, -- by the hub's clock
	writer    name not null default session_user
);
create index certified_hat on certified (hat, at);

-- Confirms a hat that is in force, or ends it at once. False: it is not in force.
create function certify_hat(/* hat */ text, /* ended */ boolean, /* by */ text, /* in hat */ text, /* at */ timestamptz) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
	if not access.writes('hat') then
		raise exception 'room % does not write hats', session_user using errcode = '42501';
	end if;
	perform from access.hat h where h.id = $1 and h.from_at <= $5 and $5 < h.until_at for update;
	if not found then
		return false;
	end if;
	insert into access.certified (hat, ended, by_person, by_hat, at) values ($1, $2, $3, $4, $5);
	if $2 then
		update access.hat h set until_at = $5, ended_at = $5 where h.id = $1;
	end if;
	return true;
end $$;
revoke execute on all functions in schema access from public;
