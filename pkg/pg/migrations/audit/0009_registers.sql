-- What the officers keep in registers of their own, each step with its row here: so that what is
-- gone from a register is found in no time, however long the trail is.
create index trail_registers on trail (object_kind, object_id, object_version) where object_kind in ('breach', 'extract') and outcome = 'allow' and object_version > 0;
