package schema

import (
	_ "embed"
	"io"
)

//go:embed users/users.sql
var users string

// PrintUsers writes the statements that make a writer, an owner of the schema
// and a reader. They are no migration: they need passwords, and the right to create users.
func PrintUsers(w io.Writer) error {
	_, err := io.WriteString(w, users)
	return err
}
