-- What the room audit may do with the trail besides: it alone reads it, and makes its tree.
grant usage on schema audit to audit;
grant select on audit.trail, audit.reason, audit.pending, audit.leaves, audit.node, audit.checkpoint to audit;
grant insert (start, rows, entries) on audit.leaves to audit;
grant insert (level, n, hash) on audit.node to audit;
grant insert (size, note) on audit.checkpoint to audit;
grant execute on function audit.make_months(), audit.months_until() to audit;
grant select on audit.cosignature to audit;
grant insert (size, witness, line) on audit.cosignature to audit;
grant select on audit.closed, audit.opened to audit;
grant insert (id, witness, size, root, note, had) on audit.closed to audit;
grant insert (closed, person, authority) on audit.opened to audit;
grant select on access.same_home to audit;
