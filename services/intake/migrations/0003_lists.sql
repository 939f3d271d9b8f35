-- Lists by whom they are about, and by a reference or its end.
create index concern_end on concern (right(id, 6));
