-- An assessment holds until a day, and comes back as a task then; and so does a
-- case whose circle lost those who work with the young only (L27).
alter table task drop constraint task_why_check;
alter table task add constraint task_why_check check (why in ('gap', 'dissent', 'expiry', 'grown', 'outgrown'));
