-- Decisions of samples and anomalies are held against their rows as breaches and answers are.
drop index trail_registers;
create index trail_registers on trail (object_kind, object_id, object_version) where object_kind in ('breach', 'extract', 'sample', 'anomaly') and outcome = 'allow' and object_version > 0;
