package pg

import (
	"context"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/policies"
)

// CertifyHat confirms that a hat is still to be worn, or ends it at once and in
// every room, whatever the structure file says of it later. One that is not in force
// is NotFound.
func (tx *Tx) CertifyHat(ctx context.Context, g policies.Grant, hat hub.ID, end bool) error {
	ok, err := tx.verb(ctx, g, `select access.certify_hat($1, $2, $3, $4, $5)`, hat, end, tx.who.Person, tx.who.Hat.ID, tx.Now)
	if err == nil && !ok {
		err = hub.NotFound()
	}
	return err
}
