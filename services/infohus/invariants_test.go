package main

// holds holds the invariants of domain.md 2.2 against everything that is kept,
// and that state, history, outbox and trail tell the same story.
func (s *script) holds() {
	s.Helper()
	for what, query := range map[string]string{
		"1: a concern of the police that a municipality can reach before it is released": `select count(*) from intake.concern c join access.share h on h.item = c.id
			where c.received_by = 'police' and c.state in ('draft', 'received', 'police_check', 'acute', 'police_only')`,
		"1: a disclosure without a row in the trail (L1)": `select count(*) from access.share h where not exists (select from audit.trail t
			where t.act = 'disclose' and t.object_id = h.item and t.recipient = h.receiver and t.person = h.by_person and t.basis = h.basis and t.why_ref <> '')`,
		"2: police_only and something else than the outcome is kept of the check": `select count(*) from intake.concern where state = 'police_only' and check_outcome <> 'police_only'`,
		"3: a column that speaks of decisions (L45)": `select count(*) from information_schema.columns where table_schema in ('intake', 'person', 'portal')
			and (column_name like '%decision%' or column_name like '%afgoerelse%')`,
		"5: a child's clock that is not 24 hours from the receipt, or is missing": `select count(*) from intake.concern where received_at is not null
			and child_due is distinct from case when child <> 'no' then received_at + interval '24 hours' end`,
		"5: a child's clock that nobody was told of in time": `select count(*) from intake.concern c where child_due is not null and child_outcome = '' and child_told > 0
			and child_told <> (select count(*) from intake.outbox o where o.envelope->>'type' = 'intake.step.overdue.v1'
			and o.envelope->'data'->>'step' = 'child' and o.envelope->'data'->>'concern' = c.id)`,
		"6: a triage that ended without the word of both": `select count(*) from intake.concern c where state in ('unfounded', 'other_track', 'case') and (
			select count(*) from (select distinct on (party) party, outcome, track from intake.judgement j where j.concern = c.id order by party, n desc) last
			where last.outcome = c.state and last.track = c.track) <> 2`,
		"7: a state without a clock":                              `select count(*) from intake.concern where state in ('draft', 'received', 'police_check', 'acute', 'police_only', 'triage') and step_due is null`,
		"7: a concern without a rule and a date of erasure (L22)": `select count(*) from intake.concern where erase_at is null or retention_rule = '' or erase_at < created_at`,
		"7: a word of an overdue step that says more": `select count(*) from intake.outbox where envelope->>'type' = 'intake.step.overdue.v1'
			and (select count(*) from jsonb_object_keys(envelope->'data')) <> 5`,
		"a concern whose history ends elsewhere": `select count(*) from intake.concern c where state <> (select s.state from intake.step s where s.concern = c.id order by n desc limit 1)`,
		"a step without a row in the trail, or a row without a step": `select abs((select count(*) from intake.step) - (select count(*) from audit.trail where outcome = 'allow' and object_kind = 'concern'
			and object_version > 0 and act in ('collect', 'change', 'decide') and writer = 'intake' and person <> 'system'
			and exists (select from intake.concern c where c.id = object_id)))`,
		"a concern without the fact that it was received, or with two": `select count(*) from intake.concern c where (received_at is not null) <> (1 = (select count(*) from intake.outbox o
			where o.envelope->>'type' = 'intake.concern.received.v1' and o.envelope->>'subject' = c.id))`,
		"an answer of the police without its fact": `select count(*) from intake.step s where s.action in ('release', 'keep', 'acute') and not exists (select from intake.outbox o
			where o.envelope->>'type' = 'intake.check.completed.v1' and o.envelope->>'subject' = s.concern and (o.envelope->>'time')::timestamptz = s.at)`,
		"a concern that was put before the police without the fact": `select count(*) from intake.concern c where state in ('police_check', 'acute', 'police_only', 'triage', 'case')
			and 1 <> (select count(*) from intake.outbox o where o.envelope->>'type' = 'intake.check.requested.v1' and o.envelope->>'subject' = c.id)`,
		"an end without its fact, or a fact without its end": `select abs((select count(*) from intake.concern where state in ('unfounded', 'other_track', 'case'))
			- (select count(*) from intake.outbox where envelope->>'type' = 'intake.concern.triaged.v1')) + abs((select count(*) from intake.concern where state = 'rerouted')
			- (select count(*) from intake.outbox where envelope->>'type' = 'intake.concern.rerouted.v1'))`,
		"an assignment given or ended without its fact and its row": `select abs((select count(*) from access.assignment where why = 'colleague')
			- (select count(*) from audit.trail where act = 'grant' and outcome = 'allow' and writer = 'intake')) + abs((select count(*) from access.assignment where why = 'colleague' and ended_by is not null)
			- (select count(*) from audit.trail where act = 'revoke' and outcome = 'allow' and writer = 'intake')) + abs((select count(*) from intake.outbox where envelope->>'type' = 'intake.access.changed.v1')
			- (select count(*) from audit.trail where act in ('grant', 'revoke') and outcome = 'allow' and writer = 'intake'))`,
		"a fact that was not published": `select count(*) from intake.outbox where published_at is null`,
		"a dead letter":                 `select (select count(*) from portal.dead) + (select count(*) from person.dead) + (select count(*) from intake.dead) + (select count(*) from assessment.dead) + (select count(*) from referral.dead)`,
	} {
		if n := s.One(query); n != "0" {
			s.Errorf("%s × %s", n, what)
		}
	}
}
