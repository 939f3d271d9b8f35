-- Which step is over its time limit, for those who are told of which concern.
alter table notice add column step text not null default '';
