-- The trail itself is made by pkg/pg, for every room to write and for this one to
-- read. This room keeps nothing of its own yet: its tree comes beside the trail.
select 1;
