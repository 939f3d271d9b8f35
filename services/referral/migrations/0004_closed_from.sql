-- How an offer stood when its case was closed, for a case that is opened again.
alter table offer add closed_from text not null default '';
