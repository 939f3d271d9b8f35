# Infohus: make run, make tour, make test. GNU make 3.81 or newer.

GO      ?= go
BIN     := bin/infohus
# A clone that belongs to somebody else (root's, opened by a user) has no readable history; then build without it.
VCS     := $(shell git status >/dev/null 2>&1 && echo true || echo false)
# Memory is cheaper than time: a compiler or linker that does not collect its garbage below this size takes half the time.
COMPILE := GOGC=off GOMEMLIMIT=1500MiB
BUILD   := $(COMPILE) $(GO) build -buildvcs=$(VCS)
ROOMS   ?=
# The hub's own tests take as long as all others together, so they begin first. In these packages nothing runs beside anything, or it is raced in another.
PLAIN   := ./docs ./policies/book $(addprefix ./pkg/,structure event hub hubtest bus/local pdf tree service witness) ./deploy $(addprefix ./deploy/dev/,deep report)
TESTS   ?= ./services/infohus $(filter-out ./services/infohus ./deploy/dev/interop $(PLAIN),$(sort $(shell grep -rL --include='*_test.go' '^//go:build' . | xargs -n 1 dirname)))
# Tests that take much data, the browser's, and those that one hand plays step by step, are built without the race detector: there is nothing beside
# anything in them, or it is raced elsewhere with less. Whatever stands in such a file is one.
VOLUME   = $(shell grep -rl --include='*_test.go' '^//go:build !race' .)
VOLUMES  = ^($(subst $(SPACE),|,$(filter-out TestBrowser,$(shell sed -n 's/^func \(Test[A-Za-z0-9_]*\).*/\1/p' $(VOLUME)))))
HUB      = ./services/infohus/
EMPTY    :=
SPACE    := $(EMPTY) $(EMPTY)
# The race detector needs a C compiler.
RACE     = $(shell printf 'int main(void){return 0;}' | $$($(GO) env CC) -x c - -o /dev/null 2>/dev/null && echo -race)

.PHONY: help run setup tour test interop bench deep reset build modules screenshots

help:
	@echo 'make run     start a hub on http://127.0.0.1:8080 (INFOHUS_LISTEN moves it), with everything it needs'
	@echo 'make tour    play a concern against the running hub, and tell the story'
	@echo 'make test    run every test; says at the end what could not run on this machine'
	@echo 'make interop the trail beside other people'"'"'s witnesses and logs'
	@echo 'make bench   measure'
	@echo 'make deep    the tests that take long, and fuzzing; writes docs/deep.md'
	@echo 'make setup   prepare your own Postgres and NATS servers (see deploy/)'
	@echo 'make reset   forget the data of make run'
	@echo 'make screenshots   take the pictures in docs/screenshots anew'

run: build
	@exec $(BIN) run $(ROOMS)

setup: build
	@exec $(BIN) setup

tour: build
	@exec $(BIN) tour

reset: build
	@exec $(BIN) reset

modules:
	@command -v $(GO) >/dev/null || { echo 'Go is missing: install Go 1.26 or newer from https://go.dev/dl'; exit 1; }
	@n=0; until $(GO) mod download; do n=$$((n+1)); \
	  if [ $$n -ge 5 ]; then echo 'The modules could not be fetched: is there a way out to the Go module proxy (go env GOPROXY)?'; exit 1; fi; \
	  echo "→ fetching modules failed; again in $$((n*2)) s"; sleep $$((n*2)); done

# The first build compiles some 900 packages; awk counts them so that one sees it live. The second build says what the first could not.
build: modules
	@test -x $(BIN) || echo '→ building (the first time takes a few minutes)'
	@mkdir -p bin
	@$(BUILD) -v -o $(BIN) ./services/infohus 2>&1 | awk '/^[^ :]+$$/ && ++n % 100 == 0 { print "  …", n, "packages"; fflush() }'
	@$(BUILD) -o $(BIN) ./services/infohus

# Six streams beside one another: where one waits, another works. What the others share is compiled once, beside the first. The hub's own tests of much
# data are a stream, and those that one hand plays step by step two, by their first letter; what the other packages have of either comes when the plain ones are done.
# Tests may have more garbage than is usual too; and what they write lies in memory where there is room, for a hub of its own is a thousand files to each.
# What only tests is built without what a debugger wants, and what is not the bulk of its work (most others' packages, ours) without inlining.
UNINLINED = -l -dwarf=false
QUICK     = '-gcflags=all=-dwarf=false' '-gcflags=github.com/...=$(UNINLINED)' '-gcflags=github.com/open-policy-agent/...=-dwarf=false' '-gcflags=google.golang.org/...=$(UNINLINED)'
COMPILED = $(COMPILE) $(GO) list -export -deps -test
LEAN     = -vet=off -ldflags='-s -w'
STREAM   = GOGC=400 $(GO) test $(LEAN) -timeout 30m -json
# The hub's plain tests, linked once for their four streams.
HUBTEST  = cd $(HUB) && GOGC=400 $(GO) tool test2json -t -p github.com/infohus/infohus/services/infohus '$(CURDIR)/bin/hub.test' -test.v=test2json -test.paniconexit0 -test.timeout=30m
MEMORY  := /dev/shm
ROOM     = [ -w $(MEMORY) ] && [ "$$(df -Pk $(MEMORY) | awk 'NR == 2 { print $$4 }')" -gt 8000000 ]
test: export GOFLAGS := $(GOFLAGS) $(QUICK)
test: modules
	@echo '→ gofmt'
	@bad=$$(gofmt -l deploy docs pkg policies services) && test -z "$$bad" || { echo "not gofmt'd: $$bad"; exit 1; }
	@mkdir -p bin && $(BUILD) -o bin/report ./deploy/dev/report
	@$(GO) run ./deploy/dev/postgres
	@if $(ROOM); then mine=$(MEMORY)/infohus-$$(id -u); export GOTMPDIR=$${TMPDIR:-/tmp} TMPDIR=$$mine; \
	  if mkdir -m 755 $$mine 2>/dev/null; then trap 'exit 130' INT TERM; trap 'rm -rf $$mine || { sleep 2; rm -rf $$mine; }' EXIT; fi; fi; \
	if [ -n '$(RACE)' ]; then \
	  bin/report -once "$(COMPILED) $(sort $(HUB) $(dir $(VOLUME))) >/dev/null && $(COMPILE) $(GO) test -c $(LEAN) -o bin/hub.test $(HUB)" \
	    "race: $(COMPILED) $(RACE) $(TESTS) >/dev/null && $(STREAM) $(RACE) $(TESTS)" \
	    "plain: $(COMPILE) $(GO) vet ./... && $(STREAM) $(PLAIN) && $(STREAM) -run '$(VOLUMES)\$$' $(filter-out $(HUB),$(sort $(dir $(VOLUME))))" \
	    "steps: $(HUBTEST) -test.run '$(VOLUMES)\$$' -test.skip '^Test(Volume|[A-H])'" \
	    "more: $(HUBTEST) -test.run '$(VOLUMES)\$$' -test.skip '^Test[^A-H]'" \
	    "volume: $(HUBTEST) -test.run '^TestVolume'" \
	    "browser: $(HUBTEST) -test.run '^TestBrowser\$$'"; \
	else bin/report -once "$(COMPILE) $(GO) vet ./..." "all: echo 'CANNOT RUN: the race detector: no C compiler here (apt-get install gcc libc6-dev)'; $(STREAM) ./..."; fi

# A module of its own, so that theirs do not enter the hub's. It compiles SQLite: a minute or two the first time.
interop:
	@$(GO) run ./deploy/dev/postgres
	@cd deploy/dev/interop && $(GO) vet ./... && $(GO) test ./...

bench: modules
	@INFOHUS_TEST_DURABLE=1 $(GO) test -tags bench -run '^$$' -bench . -benchmem -p 1 -timeout 60m ./...
	@cd deploy/dev/interop && INFOHUS_TEST_DURABLE=1 $(GO) test -run '^$$' -bench . -benchtime 5x ./...

# The clock's test alone, then walks, the rules and changes to them, every page, then each target of fuzzing: more than an hour on two cores;
# ONLY names a part. docs/deep.md is what they came to.
FUZZ     ?= 1m
ONLY     ?=
deep: modules
	@mkdir -p bin && $(GO) build -o bin/deep ./deploy/dev/deep
	@bin/deep -to docs/deep.md -fuzz $(FUZZ) -only '$(ONLY)'

screenshots: modules
	@$(GO) test ./services/infohus -run '^TestBrowser$$/^screenshots$$' -count=1 -screenshots='$(CURDIR)/docs/screenshots'
