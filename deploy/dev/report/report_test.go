package main

import (
	"strings"
	"testing"
)

const run = `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: quiet\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:1: wanted 1\n"}
{"Action":"fail","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:1: CANNOT RUN: no browser\n"}
{"Action":"skip","Package":"p","Test":"TestC"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p"}
`

func TestReport(t *testing.T) {
	var out strings.Builder
	got, err := read(strings.NewReader(run), &out)
	if err != nil {
		t.Fatal(err)
	}
	got.print(&out, true)
	if got.passed != 1 || got.failed != 1 || got.skipped != 1 || len(got.cannot) != 1 {
		t.Errorf("counted %+v", got)
	}
	for _, want := range []string{"wanted 1", "TestC (p): no browser", "FAIL\tp", "CI=true"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("does not say %q:\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), "quiet") {
		t.Errorf("tells what passed")
	}
}
