package main

import (
	"strings"
	"time"
)

// holds holds the invariants of domain.md 2.2 against everything that is kept,
// and that state, history, outbox and trail tell the same story.
func (s *script) holds() {
	s.Helper()
	for what, query := range map[string]string{
		"1: a concern of the police that a municipality can reach before it is released": `select count(*) from intake.concern c join access.share h on h.item = c.id
			where c.received_by = 'police' and c.state in ('draft', 'received', 'police_check', 'acute', 'police_only') and h.ended_by is null`,
		"1: a concern that was taken back, or never given, and that another authority can reach or its people are let into": `select count(*) from intake.concern c where state in ('draft', 'received')
			and (exists (select from access.share h where h.item = c.id and h.ended_by is null) or exists (select from access.assignment a where a.item = c.id and a.ended_by is null and a.authority <> c.controller))`,
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
		"6: a triage that ended without the word of both": `select count(*) from intake.concern c where state in ('unfounded', 'other_track', 'case', 'case_closed') and (
			select count(*) from (select distinct on (party) party, outcome, track from intake.judgement j where j.concern = c.id and not j.void order by party, n desc) last
			where last.outcome = replace(c.state, 'case_closed', 'case') and last.track = c.track) <> 2`,
		"7: a state without a clock":                              `select count(*) from intake.concern where state in ('draft', 'received', 'police_check', 'acute', 'police_only', 'triage') and step_due is null`,
		"7: a concern without a rule and a date of erasure (L22)": `select count(*) from intake.concern where erase_at is null or retention_rule = '' or erase_at < created_at`,
		"7: a word of an overdue step that says more": `select count(*) from intake.outbox where envelope->>'type' = 'intake.step.overdue.v1'
			and (select count(*) from jsonb_object_keys(envelope->'data')) <> 5`,
		"a concern whose history ends elsewhere": `select count(*) from intake.concern c where replace(state, 'case_closed', 'case') <> (
			select replace(s.state, 'case_closed', 'case') from intake.step s where s.concern = c.id order by n desc limit 1)`,
		"a step without a row in the trail, or a row without a step": `select abs((select count(*) from intake.step) - (select count(*) from audit.trail where outcome = 'allow' and object_kind = 'concern'
			and object_version > 0 and (act in ('collect', 'change', 'decide') or act = 'revoke' and recipient <> '') and writer = 'intake' and person <> 'system'
			and exists (select from intake.concern c where c.id = object_id)))`,
		"a concern without the fact that it was received, or with two": `select count(*) from intake.concern c where (received_at is not null) <> (1 = (select count(*) from intake.outbox o
			where o.envelope->>'type' = 'intake.concern.received.v1' and o.envelope->>'subject' = c.id))`,
		"an answer of the police without its fact": `select count(*) from intake.step s where s.action in ('release', 'keep', 'acute') and not exists (select from intake.outbox o
			where o.envelope->>'type' = 'intake.check.completed.v1' and o.envelope->>'subject' = s.concern and (o.envelope->>'time')::timestamptz = s.at)`,
		"a concern that was put before the police without the fact": `select count(*) from intake.concern c where (select count(*) from intake.step s
			where s.concern = c.id and s.action in ('submit', 'forward') and s.state = 'police_check') <> (select count(*) from intake.outbox o where o.envelope->>'type' = 'intake.check.requested.v1' and o.envelope->>'subject' = c.id)`,
		"a concern that was taken back without the fact, or without a row at both ends": `select count(*) from intake.step s where s.action = 'recall' and (1 <> (select count(*) from intake.outbox o
			where o.envelope->>'type' = 'intake.concern.recalled.v1' and o.envelope->>'subject' = s.concern and (o.envelope->>'time')::timestamptz = s.at)
			or not exists (select from audit.trail a join audit.trail b using (request, object_id, recipient) where a.object_id = s.concern and a.act = 'revoke' and b.act = 'revoke'
				and a.controller <> b.controller and b.controller = b.recipient and a.why_ref <> '' and b.why_ref = ''))`,
		"an end without its fact, or a fact without its end": `select abs((select count(*) from intake.concern where state in ('unfounded', 'other_track', 'case', 'case_closed'))
			- (select count(*) from intake.outbox where envelope->>'type' = 'intake.concern.triaged.v1')) + abs((select count(*) from intake.concern where state = 'rerouted')
			- (select count(*) from intake.outbox where envelope->>'type' = 'intake.concern.rerouted.v1'))`,
		"an assignment given or ended without its fact and its row": `select abs((select count(*) from access.assignment where why = 'colleague')
			- (select count(*) from audit.trail where act = 'grant' and outcome = 'allow' and object_kind = 'concern' and question <> 'glass')) + abs((select count(*) from access.assignment where kind = 'concern' and ended_by is not null)
			- (select count(*) from audit.trail where act = 'revoke' and recipient = '' and outcome = 'allow' and object_kind = 'concern' and question <> 'glass')) + abs((select count(*) from intake.outbox where envelope->>'type' = 'intake.access.changed.v1')
			- (select count(*) from audit.trail where act in ('grant', 'revoke') and recipient = '' and outcome = 'allow' and object_kind = 'concern' and question <> 'glass'))`,
		"a fact that was not published": `select count(*) from intake.outbox where published_at is null`,
		"a dead letter":                 `select (select count(*) from portal.dead) + (select count(*) from person.dead) + (select count(*) from intake.dead) + (select count(*) from assessment.dead) + (select count(*) from referral.dead)`,
	} {
		if n := s.One(query); n != "0" {
			s.Errorf("%s × %s", n, what)
		}
	}
}

// holdsCases is holds for cases, from the opening to the closing and again. Where
// the invariants of domain.md 2.2 (by number), 2.6 and 2.7 are held besides, in
// the walk: 1 and 2 in [walk.strict]; 4, that a declined question keeps nothing
// from going on, by the model, whose steps ask for no answer; 6, that silence looks
// unanswered, in [query.looks]; 7, that a passed date is told of, in [real.clocked];
// 2.7, that nothing rests on a consent that is withdrawn, in [affair.revoke].
func (s *script) holdsCases() {
	s.Helper()
	now := s.Now().Format(time.RFC3339Nano)
	standing := strings.NewReplacer( // what has run out gives nothing any more, and nobody needs to end it
		"h.ended_by is null", "h.ended_by is null and h.until_at > '"+now+"'",
		"a.ended_by is null", "a.ended_by is null and a.until_at > '"+now+"'")
	for what, query := range map[string]string{
		"2: a case of a concern that the police have alone":   `select count(*) from assessment.cases k join intake.concern c on c.id = k.concern where c.state not in ('case', 'case_closed')`,
		"2: a triage to a case without the case, or with two": `select count(*) from intake.concern c where state in ('case', 'case_closed') and 1 <> (select count(*) from assessment.cases k where k.concern = c.id)`,
		"3: a column that speaks of decisions (L45)": `select count(*) from information_schema.columns where table_schema in ('assessment', 'referral')
			and (column_name like '%decision%' or column_name like '%afgoerelse%')`,
		"4: a fact that tells what an answer was": `select count(*) from (select envelope->'data' as d from assessment.outbox where envelope->>'type' = 'assessment.info.settled.v1'
			union all select envelope->'data' from referral.outbox where envelope->>'type' = 'referral.referral.answered.v1') f where (select count(*) from jsonb_object_keys(d)) <> 3`,
		"6: an outcome of a question that nobody gave":                                      `select count(*) from assessment.request where (state = 'settled') <> (outcome <> '') or outcome = 'unanswered'`,
		"7: a case that is open and has no next date, no rule and no date of erasure (L22)": `select count(*) from assessment.cases where next_at is null or erase_at is null or retention_rule = ''`,
		"7: a word of an overdue case that says more":                                       `select count(*) from assessment.outbox where envelope->>'type' = 'assessment.case.overdue.v1' and (select count(*) from jsonb_object_keys(envelope->'data')) <> 5`,
		"something that is given on a closed case, and is not the police's reference": `select count(*) from access.item i join access.item c on c.id = coalesce(i.part_of, i.id) and c.kind = 'case' and c.state = 'closed'
			where exists (select from access.assignment a where a.item = i.id and a.ended_by is null)
			or exists (select from access.share h where h.item = i.id and h.ended_by is null and not (i.kind = 'case' and h.sender = i.controller and h.receiver = 'mvs-politi'))`,
		"something that is given on a question or an offer of a closed case": `select count(*) from (select q.id, '' as kind, q.state from assessment.request q join access.item c on c.id = q.case_id and c.state = 'closed'
				union all select o.id, o.kind, i.state from referral.offer o join access.item c on c.id = o.case_id and c.state = 'closed' join access.item i on i.id = o.id) o
			where not (o.kind = 'notification' and o.state in ('taken_up', 'offer_ended')) and (exists (select from access.assignment a where a.item = o.id and a.ended_by is null)
				or exists (select from access.share h where h.item = o.id and h.ended_by is null))`,
		"a question or an answer that was taken back and is still given": `select count(*) from access.item i where i.state in ('retracted', 'withdrawn', 'offer_withdrawn')
			and (exists (select from access.assignment a where a.item = i.id and a.ended_by is null) or exists (select from access.share h where h.item = i.id and h.ended_by is null))`,
		"somebody who is let into a case and not in its circle": `select count(*) from access.assignment a where a.kind = 'case' and a.ended_by is null
			and not exists (select from assessment.member m where m.assignment = a.id and m.state = 'invited')`,
		"a case that one identity, or one party, closed alone": `select count(*) from referral.course c join access.item i on i.id = c.case_id and i.state = 'closed' where 2 > (
			select least(count(distinct p.person), count(distinct p.authority)) from referral.proposal p where p.case_id = c.case_id and p.what = 'close' and p.reason = c.reason
			and p.round = (select max(round) from referral.proposal p where p.case_id = c.case_id and p.what = 'close'))
			and not exists (select from referral.step s join access.hat h on h.id = s.hat and h.authority = i.controller where s.case_id = c.case_id and s.action = 'take_back')`,
		"something that is still given of a case that was taken back": `select count(*) from referral.step s join access.share h on h.item = s.case_id and h.ended_by is null where s.action = 'take_back'`,
		"a case that one identity opened again": `select count(*) from (select s.case_id from referral.step s where s.action = 'reopen' and s.state = 'assessment') r where 2 > (
			select count(distinct person) from referral.step s where s.case_id = r.case_id and s.action = 'reopen')`,
		"a case that is open without the word of both": `select count(*) from assessment.cases c join access.item i on i.id = c.id and i.state <> 'opening' where 2 <> (select count(distinct party) from assessment.opening o where o.case_id = c.id)
			and c.opened_at is not null`,
		"a version that is signed without its drafter and both parties, or over something else": `select count(*) from assessment.assessment v where v.state = 'signed' and (
			3 <> (select count(distinct s.party) + count(distinct s.person) filter (where s.person = v.drafter) from assessment.signature s where s.case_id = v.case_id and s.version = v.version
				and s.voided_at is null and s.hash = v.content) or v.inform = '')`,
		"a signature that stands over something else": `select count(*) from assessment.signature s join assessment.assessment v using (case_id, version) where s.voided_at is null and s.hash is distinct from v.content`,
		"a disclosure without a row in the trail (L1)": `select count(*) from access.share h where h.kind <> 'concern' and not exists (select from audit.trail t where t.act = 'disclose' and t.outcome = 'allow'
			and t.object_id = h.item and t.recipient = h.receiver and t.person = h.by_person and t.basis = h.basis and t.why_ref <> '')`,
		"a share on a housing association, or on no basis":                              `select count(*) from access.share where receiver = 'paraplyen' or basis = ''`,
		"an offer whose identity was shared without the consent that its measure needs": `select count(*) from referral.offer o where o.kind = 'exit' and o.sent_at is not null and o.consent = ''`,
		"4: a question that was declined, with a reason or an answer":                   `select count(*) from assessment.request where outcome = 'declined' and answer <> ''`,
		"6: an answer that a question does not have":                                    `select count(*) from assessment.request q where (q.outcome = 'answered') <> (q.answer <> '')`,
		"S10: a concern that is not closed and opened again with its case": `select count(*) from intake.concern c join access.item i on i.id = c.id left join assessment.cases k on k.concern = c.id
			left join access.item j on j.id = k.id where c.state <> i.state or (c.state = 'case_closed') <> coalesce(j.state = 'closed', false)`,
		"S10: a question, an answer or an offer that is not closed and opened again with its case": `select count(*) from (select id, case_id from assessment.request
			union all select id, case_id from assessment.answer union all select id, case_id from referral.offer) p join access.item i on i.id = p.id join access.item k on k.id = p.case_id
			where (i.state like '%\_closed') <> (k.state = 'closed') and not (i.kind = 'offer' and i.state = 'taken_up')`,
		"2.6: a closed case without a reason, a rule or a date": `select count(*) from referral.course c join access.item i on i.id = c.case_id where (i.state = 'closed')
			<> (c.closed_at is not null) or (i.state = 'closed') <> (c.reason <> '') or c.retention_rule = ''`,
		"2.6: something that is still given of a case that was an error": `select count(*) from referral.course c join access.item i on i.id = c.case_id and i.state = 'closed' where c.reason = 'error' and (
			exists (select from access.share h join access.item x on x.id = h.item where coalesce(x.part_of, x.id) = c.case_id and h.ended_by is null)
			or exists (select from referral.offer o join access.share h on h.item = o.id and h.ended_by is null where o.case_id = c.case_id)
			or exists (select from referral.offer o join access.assignment a on a.item = o.id and a.ended_by is null where o.case_id = c.case_id))`,
		"2.7: an exit that began for somebody under 18": `select count(*) from referral.offer o join access.subject s on s.id = o.subject where o.kind = 'exit' and o.sent_at is not null and s.band not in ('18_25', 'over_25')`,
		"2.7: something that is given on a consent that was withdrawn": `select count(*) from referral.offer o join referral.consent c on c.id = o.consent and c.ended_at is not null where
			exists (select from access.share h where h.item = o.id and h.ended_by is null) or exists (select from access.assignment a where a.item = o.id and a.ended_by is null)`,
		"L27: something that is given for the young to somebody who has come of age": `select count(*) from referral.offer o join access.subject s on s.id = o.subject and s.band in ('18_25', 'over_25') where o.until_age = 18 and (
			exists (select from access.share h where h.item = o.id and h.ended_by is null) or exists (select from access.assignment a where a.item = o.id and a.ended_by is null))`,
		"a case whose history ends elsewhere": `select count(*) from access.item i where i.kind = 'case' and i.state not in ('opening') and i.state <> (select state from (
			select s.at, s.state, 1 as room, s.n from assessment.step s where s.case_id = i.id
			union all select s.at, case when s.offer = '' then s.state else '' end, 2, s.n from referral.step s where s.case_id = i.id and s.offer = '') h order by at desc, room desc, n desc limit 1)
			and not exists (select from referral.step s where s.case_id = i.id)`,
		"a case that was closed without the fact": `select abs((select count(*) from referral.outbox where envelope->>'type' = 'referral.case.closed.v1')
			- (select count(*) from referral.step where action in ('close', 'take_back') and state = 'closed'))`,
		"a fact that was not published": `select (select count(*) from assessment.outbox where published_at is null) + (select count(*) from referral.outbox where published_at is null)`,
		"a dead letter":                 `select (select count(*) from assessment.dead) + (select count(*) from referral.dead) + (select count(*) from intake.dead) + (select count(*) from portal.dead)`,
	} {
		if n := s.One(standing.Replace(query)); n != "0" {
			s.Errorf("%s × %s", n, what)
		}
	}
}
