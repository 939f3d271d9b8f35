-- What a room that writes items may do besides: {room}. Of which kind, the walls
-- hold.
grant insert (id, kind, about, controller, received_by, state, author, part_of, came_of) on access.item to {room};
grant update (about, controller, received_by, state) on access.item to {room};
grant insert (id, kind, item, person, authority, role, why, from_at, until_at, by_person, by_hat) on access.assignment to {room};
grant update (ended_by) on access.assignment to {room};
grant insert (id, kind, item, about, classes, sender, sender_kind, receiver, basis, purpose, necessity, terms, from_at, until_at, by_person, by_hat) on access.share to {room};
grant update (ended_by) on access.share to {room};
grant insert (person, kind, item, ground, by_person, by_hat) on access.recusal to {room};
grant insert (id, kind, item, owner, person, hat, authority, role, category, reason, marks, near, minutes, asked_at, from_at, until_at) on access.glass to {room};
grant update (from_at, until_at, second_person, second_hat, ended_by) on access.glass to {room};
grant execute on function access.lock_item(text, text), access.drop_item(text, text), access.hold_subject(text) to {room};
grant execute on function access.let_on(text, text, text, boolean) to {room};
grant execute on function access.lift_recusal(text, text, text, text, text) to {room};
