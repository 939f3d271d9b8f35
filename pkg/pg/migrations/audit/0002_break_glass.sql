-- The act of breaking the glass (trust.md 2.3). What was written before holds by
-- the narrower list, so it is not read through again.
alter table audit.trail drop constraint trail_act_check;
alter table audit.trail add constraint trail_act_check check (act in ('collect', 'change', 'consult', 'search', 'disclose', 'combine',
	'export', 'erase', 'decide', 'break-glass', 'grant', 'revoke', 'admin')) not valid;
