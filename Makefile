# SPDX-License-Identifier: GPL-2.0-only
# stacksweep. "make help" lists the targets.
export CGO_ENABLED = 1

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.7.0

.PHONY: help test-race test-long release release-check site deploy-check sweep test build bench bench-compare bench-peers fuzz test-asan test-boot livepatch-live lint corpus corpus-check report-web report-web-check findings pairs kernels kernel-sframe test-kernel-sframe \
	findings-sframe deps test-deps kernel-deps clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 20

sweep: build ## sweep the built-in scenarios
	bin/stacksweep sweep

build: deps ## build bin/stacksweep
	go build -buildvcs=auto -o bin/stacksweep ./cmd/stacksweep

test: deps test-deps ## run all tests, and say at the end which were skipped and why; REQUIRE=all makes each of these a failure
	go test -json -timeout 60m ./... | go run ./tools/testreport

bench: deps ## run the benchmarks: points per second, ns per recorded instruction
	go test -run '^$$' -bench . -benchmem ./...

bench-compare: deps ## compare the benchmarks with those of another revision: make bench-compare BASE=rev
	tools/bench-compare.sh $(BASE)

bench-peers: build test-deps ## compare with what one would take instead: gdb that steps QEMU and unwinds at each instruction
	go run ./tools/bench-peers

FUZZTIME = 10s

fuzz: deps ## fuzz every parser and protocol, FUZZTIME=10s each
	go run ./tools/fuzz -time $(FUZZTIME)

# The recorder's C under AddressSanitizer and UndefinedBehaviorSanitizer. Go allocates memory of its own; leaks are not looked for.
test-asan: export ASAN_OPTIONS = detect_leaks=0
test-asan: export UBSAN_OPTIONS = halt_on_error=1:print_stacktrace=1
test-asan: export CGO_CFLAGS = -g -O1 -fsanitize=undefined -fno-sanitize-recover=undefined
test-asan: export CGO_LDFLAGS = -fsanitize=undefined
test-asan: deps ## run the tests of emu, and of sweeps with faults and taken exceptions, with the C side under ASan and UBSan
	go test -asan -count=1 -timeout 30m ./emu/...
	go test -asan -count=1 -timeout 30m -run 'Taken|Fault|Interrupt|Exception|Witness|TestLaps$$|Stream' ./sweep

# Tests that expect something within milliseconds are left out.
test-race: deps ## run the tests of what works with several goroutines under the race detector
	go test -race -count=1 ./internal/shard ./internal/mutate ./internal/walls ./internal/parallel
	go test -race -count=1 -run 'Interpreter|Planted' ./unwind/flow ./unwind/tablecheck
	go test -race -count=1 -run 'Interrupted|PointsAreHandedOver|GoroutinesAhead|Progress|StreamAhead' ./sweep
	go test -race -count=1 -run 'Conversation|Clients|Cancel|CtrlC|Frames|Serve|Close|BadTargets' ./internal/gdbstub ./unwind/external ./emu/remote

test-long: deps test-deps ## sweep runs of 10⁸ instructions by 1, 2 and 8 goroutines in at most 256 MiB; takes minutes
	STACKSWEEP_LONG=1 go test -count=1 -timeout 60m -v -run TestHundredMillion ./sweep

lint: deps ## gofmt, go vet, staticcheck
	@files=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$files" || { echo "not gofmt-ed: $$files"; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...

corpus: ## build the corpus again; needs the cross compiler and fetches a current assembler
	@tools=$$(go run ./tools/toolchain) && \
	$(MAKE) -s -C scenarios/corpus/src TOOLS=$$tools OUT=$(CURDIR)/bin/corpus && \
	cp bin/corpus/corpus.elf scenarios/corpus/corpus.elf

corpus-check: test-deps ## fail if the committed corpus is not what its sources give
	@tools/corpus-check.sh

KERNELS = 6.12

pairs: build ## sweep all pairs of the built-in scenarios, and, taken, of a kernel's traced functions: KERNELS="6.12 7.3"; 5 minutes
	bin/stacksweep sweep -mode pairs
	for k in $(KERNELS); do bin/stacksweep sweep -mode pairs -deliver taken "kernel/$$k/fgraph*" kernel/$$k/kretprobe || exit; done

kernels: build ## fetch Debian's arm64 kernels into the cache, to be swept
	bin/stacksweep kernel fetch

test-boot: build test-deps ## boot the kernels in the cache, compare what they do with the scenarios, let those with live patching patch themselves
	STACKSWEEP_BOOT=all go test -count=1 -timeout 60m -v ./internal/boot ./internal/live ./internal/livepatch
	STACKSWEEP_BOOT=all go test -count=1 -timeout 60m -v -run 'Boot|Recording|Scripts/record' ./internal/recordings ./emu/remote ./cmd/stacksweep
	STACKSWEEP_BOOT=all go test -run '^$$' -bench Booted ./internal/live

livepatch-live: build kernel-deps test-deps ## build kernels with live patching, boot them, and let them patch themselves; docs/livepatch-live.md
	bin/stacksweep kernel build -compiler gcc-12 -config-fragment boot
	bin/stacksweep kernel build -compiler gcc-12 -config-fragment boot -variant record,slot,detect,loop
	bin/stacksweep kernel livepatch -watch 7.3-sframe-gcc12-boot
	bin/stacksweep kernel livepatch -untraced 7.3-sframe-gcc12-boot
	bin/stacksweep kernel livepatch -kretprobe -watch 7.3-sframe-gcc12-boot
	bin/stacksweep kernel livepatch -kretprobe -untraced 7.3-sframe-gcc12-boot
	for v in record slot detect loop; do bin/stacksweep kernel livepatch 7.3-sframe-gcc12-$$v-boot || exit; done
	for v in record slot detect loop; do bin/stacksweep kernel livepatch -kretprobe 7.3-sframe-gcc12-$$v-boot || exit; done

kernel-sframe: build kernel-deps ## build the newest kernel with SFrame tables, once with gcc 12 and once with a current gcc
	bin/stacksweep kernel build

test-kernel-sframe: build kernel-deps test-deps ## build all variants of it, and run all tests on them
	bin/stacksweep kernel build -all
	STACKSWEEP_ALL_BUILDS=1 go test -count=1 -run BuiltKernel ./...

.PHONY: test-kernel-compilers test-kernel-configs
test-kernel-compilers: build kernel-deps ## build it with every compiler, or COMPILERS, and sweep each: hours
	tools/test-kernels.sh compilers $(COMPILERS)

test-kernel-configs: build kernel-deps ## build it in every configuration that comes along, or CONFIGS, and sweep each: hours
	tools/test-kernels.sh configs $(CONFIGS)

findings-sframe: build kernel-deps ## build all variants of it, and write docs/findings-sframe-kernel.md again
	bin/stacksweep kernel build -all
	tools/findings-sframe.sh

release: deps test-deps ## build what is published into bin/release: static programs for amd64 and arm64, SBOM, checksums
	tools/release.sh

release-check: deps test-deps ## build a release twice, in two folders, and compare the bytes
	tools/release-check.sh

site: build ## render the documents into bin/site, with the HTML report of the suite
	mkdir -p bin/site
	bin/stacksweep sweep -format html=bin/site/report.html
	cd tools/site && go run . -o $(CURDIR)/bin/site $(CURDIR)

deploy-check: build test-deps ## check what is deployed: the manifests, the action, the snippets for CI
	cd deploy/check && go vet .
	(cd deploy/check && go test -json -count=1 -timeout 60m .) | REQUIRE= go run ./tools/testreport

report-web: test-deps ## build the script of the HTML report again; needs node and npm
	cd internal/htmlreport/web && npm ci --silent && npm run --silent build

report-web-check: test-deps ## fail if the committed script of the HTML report is not what its sources give
	go test -count=1 -v -run TestCommittedScript ./internal/htmlreport

findings: build ## write docs/findings*.md again, from a run
	tools/findings.sh

deps:
	@tools/deps.sh

test-deps:
	@tools/deps.sh tests

kernel-deps:
	@tools/deps.sh kernel

clean: ## remove what was built
	rm -rf bin
