-- The level of concern when a case is closed, by whoever closes it (domain.md 4.7).
alter table proposal add level text not null default '';
