# Everything a developer or a user runs. CONTRIBUTING.md tells more.
GO   ?= go
ARGS ?=

.PHONY: build demo test fast check bench dashboards clean

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
	$(GO) test -tags wire -timeout 20m $(ARGS) ./...

check: ## format, vet, lint, import rules, known vulnerabilities
	@test -z "$$(gofmt -l . | grep -v node_modules)" || { echo "gofmt would change:"; gofmt -l .; exit 1; }
	$(GO) vet ./... && $(GO) vet -tags wire ./...
	$(GO) tool -modfile=internal/tools/go.mod staticcheck ./...
	@$(GO) tool -modfile=internal/tools/go.mod govulncheck ./... || { s=$$?; [ $$s -eq 3 ] && exit 3; echo "govulncheck could not ask its database: no network? Known vulnerabilities were not checked."; }
	$(GO) test ./internal/layout

bench: ## benchmarks of the hot paths
	$(GO) test -run '^$$' -bench . -benchtime 1s ./ingest/... ./processor/...

clean:
	rm -rf spikeline dist
