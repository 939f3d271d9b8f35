-- Lists by whom they are about, and by a reference or its end.
create index cases_subject on cases (subject);
create index cases_end on cases (right(id, 6));
