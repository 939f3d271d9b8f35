// Package pg is the way to Postgres: the pool, the transaction and its verbs,
// the outbox and the inbox.
//
// What it promises:
//
//   - No Grant, no rows; no record, no view. [Read] gives content only with a
//     Grant, and only after the row of the trail has committed. If the trail
//     cannot be written, the answer is [hub.Unavailable] within two seconds.
//   - A refusal commits a row of its own. Unknown and forbidden run the same
//     statements and leave rows of the same shape (trust.md G7).
//   - What is taken back works from its commit on. A read judges on one
//     snapshot; a command holds the item it relies on, and the whole that it is
//     a part of, until it commits, so that a withdrawal from either waits for the
//     command, or the command sees the withdrawal.
//   - A transaction has one time, [Tx.Now]. The trail adds the database's clock.
//   - A fact that is told is published if and only if its transaction commits,
//     after the fact before it under the same key, and applied once.
//   - The database itself fills in which room wrote: every room signs in with a
//     login role of its own, and owns nothing.
//   - What a room changes in the access facts is of the kinds that its door plate
//     names ([RoomSchema].Writes), whatever its program says: the database refuses
//     all else, and to the program that is an error like any other (Internal).
//     Several rooms may write one kind.
//
// A function that is given a [Tx] may be run more than once ([DB.Command]
// retries), so it changes nothing but through the Tx, and it calls no method of
// [DB]: a transaction that waits for another connection can wait for ever.
//
// # Joining the access facts
//
// A room selects its content and the access facts in one statement:
//
//	select r.*, c.box
//	  from access.relations($1, $2, $3, $4, $5) r
//	  join concern c on c.id = r.id
//	 where c.id = $6
//
// with append(tx.Me(), id) as arguments, and scans r.* into [Relation.Into].
// access.relations gives a row for every item there is, with an empty relation
// where the actor has none; it gives no row at all to somebody whose hat is not
// in force. It is inlined by Postgres: a condition on c.id or r.id reaches the
// index. No row is not an error to return early with: [Read] takes
// [pgx.ErrNoRows] and answers it as it answers a refusal.
//
// A list finds the same by [Tx.Listing]: it looks closely at what access.near names
// (what was given to the actor or the authority, what they may not see, what the actor
// wrote), and at the rest of what the authority owns by its state alone. Whatever comes
// to count in access.relations must find its items in access.near.
//
// # Wholes and parts
//
// An item may be a part of another ([Item].PartOf): a request is a part of a
// case. An assignment on the whole counts on its parts, and a recusal does; a
// share does not, and nothing on a part counts on its whole. A part has no parts.
// [Tx.EndAssignments] and [Tx.RevokeAll] on the whole reach the parts too, also
// those of a kind that the room does not write.
package pg
