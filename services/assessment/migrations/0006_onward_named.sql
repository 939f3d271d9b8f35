-- Of whom a step was, where it was of one authority: to whom the case may be passed
-- on, and to whom no longer. Of older steps it is not known here; the log has it.
alter table step add column authority text not null default '';
