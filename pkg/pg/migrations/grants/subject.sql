-- What a room that writes subjects may do besides: {room}.
grant execute on function access.put_subject(text, text, text, text), access.drop_subject(text, text) to {room};
grant execute on function access.mark_subjects(text[], text[], text[], text[]), access.mark_home(text, text[], text[]), access.own_number(text, text[]) to {room};
