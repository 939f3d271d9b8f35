-- What a room's login role may do. Run at every setup, for every room: {room}.
grant usage on schema {room}, access, audit to {room};

grant select, insert on {room}.outbox, {room}.inbox, {room}.dead, {room}.outbox_key, {room}.inbox_key, {room}.inbox_gap, {room}.idempotency to {room};
grant select, insert, delete on {room}.sealed to {room};
grant update (key, box) on {room}.sealed to {room};
grant update (published_at) on {room}.outbox to {room};
grant update (last) on {room}.outbox_key, {room}.inbox_key to {room};
grant update (waits, last, since) on {room}.inbox_gap to {room};
grant delete on {room}.inbox_gap, {room}.idempotency to {room};
grant update (reason, revive_at, done_at) on {room}.dead to {room};
grant update (hash, receipt, kept_at) on {room}.idempotency to {room};

-- Of the access facts every room reads all, and keeps the policy it decides by.
-- What an earlier set-up gave beyond that is taken back.
revoke all on all tables in schema access from {room};
revoke all on all functions in schema access from {room};
grant select on access.hat, access.basis, access.agreement, access.revision, access.item, access.assignment, access.share, access.recusal, access.recusal_lifted, access.certified, access.glass, access.glass_review to {room};
grant select on access.policy, access.own, access.onward to {room};
grant insert (revision, document) on access.revision to {room};
grant execute on function access.relations(text, text, text, text, timestamptz) to {room};
grant execute on function access.near(text, text, timestamptz, text, int, int, text[]), access.few(text, text, text, text, timestamptz, text, int, int, text[]), access.rare(text, text[]) to {room};
grant execute on function access.groups(text, text, text, text, timestamptz, text), access.terms(text, text), access.stages(text) to {room};
grant execute on function access.joined(text[]), access.cooperates(text, timestamptz) to {room};
grant execute on function access.hold(text, text, text, text, timestamptz, text, text) to {room};

grant insert (said_at, person, hat, authority, role, issuer, loa, session, request, cause, act, outcome, question, input, revision,
	reasons, obligations, object_kind, object_id, object_version, controller, subjects, fields, purpose, basis, recipient, rows,
	why_ref, why_digest, deputy_of) on audit.trail to {room};
grant insert (ref, authority, box) on audit.reason to {room};
grant execute on function audit.is_closed(), audit.unwitnessed(text[], int) to {room};
