-- Who did what a breach is about, in clear as the trail has it, so that they do not close it;
-- by which rule and when it is erased (L22), which moves on with each step; and that when the
-- authority became aware was corrected: the clock runs by the last.
alter table breach_step add column people text[] not null default '{}', add column retention_rule text, add column erase_at timestamptz, add column aware_at timestamptz;
update breach_step set retention_rule = 'trail', erase_at = at + interval '24 months', people = case when rows ->> 'person' <> '' then array[rows ->> 'person'] else '{}' end;
alter table breach_step alter column retention_rule set not null, alter column erase_at set not null, alter column people drop default,
	drop constraint breach_step_step_check,
	add constraint breach_step_step_check check (step in ('registered', 'gathered', 'described', 'informed', 'notified', 'closed', 'corrected')),
	add constraint breach_step_aware check ((step = 'corrected') = (aware_at is not null));

-- A warning is told once of each time that the clock was set to.
alter table breach_told add column aware_at timestamptz;
update breach_told t set aware_at = b.aware_at from breach b where b.id = t.breach;
alter table breach_told alter column aware_at set not null, drop constraint breach_told_pkey, add primary key (breach, aware_at, hours);
