-- Lists by whom they are about, and by a reference or its end.
create index offer_subject on offer (subject);
create index offer_end on offer (right(id, 6));
