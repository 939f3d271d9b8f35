-- The rows that say which leaves' rows were forgotten (trust.md P3, docs/trail.md): few, and
-- asked for where a row is gone.
create index trail_forgot on trail (at) where act = 'erase' and object_kind = 'leaves' and outcome = 'allow';
