package main

import (
	"context"
	"testing"
)

func keyboard(t *testing.T, ctx context.Context)    {}
func kept(t *testing.T, ctx context.Context)        {}
func screenshots(t *testing.T, ctx context.Context) {}
