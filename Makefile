# Everything a developer or a user runs. CONTRIBUTING.md tells more.
GO   ?= go
ARGS ?=

.PHONY: build demo test race overload archive fast check bench bench-latency bench-growth bench-diff eval chaos dashboards plugin clean

build: ## the one binary
	$(GO) build -o spikeline .

demo: build ## a real outage on embedded Kafka and ClickHouse; ARGS=--exit ends when it is over
	./spikeline demo $(ARGS)

fast: ## the tests that need nothing but Go: seconds
	$(GO) test ./...

test: ## all tests, against a real Kafka broker and the real ClickHouse engine
	@command -v java >/dev/null || { echo "make test needs Java 17 for the Kafka broker: install openjdk-17-jre-headless"; exit 1; }
	@command -v mvn >/dev/null || { echo "make test needs Maven to fetch the Kafka broker: install maven"; exit 1; }
	@command -v npm >/dev/null || { echo "make test needs npm to fetch the ClickHouse engine: install nodejs and npm"; exit 1; }
	@python3 -c 'import venv' 2>/dev/null || { echo "make test needs Python 3 with venv to read exports as others do: install python3-venv"; exit 1; }
	@command -v cc >/dev/null || { echo "make test needs a C compiler for Go's race detector: install gcc"; exit 1; }
	@node --version >/dev/null && test -x "$${CHROMIUM:-/usr/bin/chromium}" || { echo "make test needs Node and Chromium to draw the pages: install nodejs and chromium, or name one with CHROMIUM"; exit 1; }
	@command -v jq >/dev/null || { echo "make test needs jq, as commands do that replay tells for logs of other kinds: install jq"; exit 1; }
	@mkdir -p dist/counts
	SPIKELINE_COUNTS=$(CURDIR)/dist/counts $(GO) test -tags wire -timeout 20m $(ARGS) ./...
	@cat dist/counts/*
	$(RACE) -run TestAWorkerLeaves $(ARGS) ./internal/e2e
	$(MAKE) -C dashboards/plugin test

overload: ## ten times what a worker can take, for five minutes; make test holds a short one
	$(GO) test -tags "wire soak" -count=1 -v -timeout 60m -run TestFiveMinutesOfOverload ./internal/e2e

archive: ## ten gigabytes of lines through a replay, and the memory that they take
	$(GO) test -tags soak -count=1 -v -timeout 60m -run TestAnArchiveOfAnySize ./internal/replay $(ARGS)

# Workers under test are the test binary itself, so that they are race-built too; a race ends them, and the test fails.
RACE = GORACE=halt_on_error=1 $(GO) test -race -tags wire -timeout 60m
race: ## every wire test and a short campaign, all race-built
	$(RACE) -p 1 $(ARGS) ./ingest/... ./processor/... ./sink/... ./internal/... ./bench/chaos

check: ## format, vet, lint, import rules, known vulnerabilities
	@test -z "$$(gofmt -l . | grep -v node_modules)" || { echo "gofmt would change:"; gofmt -l .; exit 1; }
	$(GO) vet ./... && $(GO) vet -tags wire ./...
	$(GO) tool -modfile=internal/tools/go.mod staticcheck -tags wire ./...
	@$(GO) tool -modfile=internal/tools/go.mod govulncheck ./... || { s=$$?; [ $$s -eq 3 ] && exit 3; echo "govulncheck could not ask its database: no network? Known vulnerabilities were not checked."; }
	$(GO) test ./internal/layout

bench: ## whole processes beside their peers on one topic, then the hot paths one by one
	$(GO) test -tags "wire bench" -count=1 -v -timeout 60m -run TestThroughput ./bench/throughput $(ARGS)
	$(GO) test -run '^$$' -bench . -benchtime 1s ./ingest/... ./processor/... ./sink

bench-latency: ## from a record's arrival in Kafka to partials and rows, at three loads
	$(GO) test -tags "wire bench" -count=1 -v -timeout 60m -run TestLatency ./bench/throughput $(ARGS)

bench-growth: ## cost and memory as records, services, pops, partitions and windows grow; and of the judge
	$(GO) test -tags "wire bench" -count=1 -v -timeout 60m -run 'Growth$$' ./bench/throughput $(ARGS)

bench-diff: ## the same, beside those of another revision: make bench-diff BASE=rev
	@test -n "$(BASE)" || { echo "name the revision to compare with: make bench-diff BASE=HEAD~1"; exit 2; }
	rm -rf dist/base && git worktree prune && git worktree add -q --detach dist/base $(BASE)
	cd dist/base && $(GO) test -run '^$$' -bench . -benchtime 200ms -count 6 ./ingest/accesslog ./processor/window ./processor/detect > ../base.txt || true
	$(GO) test -run '^$$' -bench . -benchtime 200ms -count 6 ./ingest/accesslog ./processor/window ./processor/detect > dist/head.txt
	git worktree remove --force dist/base
	$(GO) tool -modfile=internal/tools/go.mod benchstat dist/base.txt dist/head.txt

eval: ## every outage and thousands of quiet service-weeks through the real detector, beside two peers
	$(GO) run ./bench/eval $(ARGS)

dashboards: ## the dashboards' and alert rules' files, from their code
	cd dashboards && $(GO) generate .

plugin: ## the Grafana data source, back end and front end, as an installable folder: dashboards/plugin/dist
	$(MAKE) -C dashboards/plugin

SEED    ?= 1
MINUTES ?= 10
chaos: ## a campaign of faults over real processes; a failing SEED can be replayed
	$(GO) test -tags wire -count=1 -v -timeout 120m -run TestResultsAreExactWhateverDies ./bench/chaos -seed $(SEED) -minutes $(MINUTES)

clean:
	rm -rf spikeline dist
