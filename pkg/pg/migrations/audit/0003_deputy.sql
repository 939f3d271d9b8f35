-- For whom it was done, where a deputy did it: the hat that the deputy's stands in
-- for. Both names belong to the act, whatever the structure file says later (A014).
alter table audit.trail add deputy_of text not null default '';
