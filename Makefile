# A thin layer over Meson; `make help` tells what there is.  Every target first
# makes sure that the packages it needs are installed.

PREFIX ?= /usr/local
DESTDIR ?=
BUILD := build

# Debian's own first: another Python's meson may come earlier in PATH.
MESON = $(firstword $(wildcard /usr/bin/meson) meson)
NINJA = $(firstword $(wildcard /usr/bin/ninja) ninja)
GCOVR = $(firstword $(wildcard /usr/bin/gcovr) gcovr)
NEED := scripts/install-packages

# Progress on a terminal, silence in a log unless something fails.
COMPILE = if test -t 1; then quiet=; else quiet=--quiet; fi; \
	$(NINJA) $$quiet -C $(BUILD)
SETUP = out=$$($(MESON) setup $(1) 2>&1) || { echo "$$out"; exit 1; }

.PHONY: all build demo test sweep fuzz fuzz-merge valgrind bench install \
	coverage help clean
.NOTPARALLEL:

all: build
	@echo "built $(BUILD)/libgnezdo.so and $(BUILD)/examples/"

build:
	@$(NEED) build
	@test -f $(BUILD)/build.ninja || { \
		echo "setting up $(BUILD)/"; \
		$(call SETUP,-Dtests=false $(BUILD)); }
	@$(COMPILE)

demo: build
	@./demo/run $(BUILD)

test:
	@$(NEED) build test
	@exec tests/run

# Every scenario of tests/sweep over new seeds.
HOURS ?= 1

sweep:
	@$(NEED) build test
	@exec tests/sweep/run --hours $(HOURS) $(ARGS)

# Each target of tests/fuzz for SECONDS; ARGS names some of them.
SECONDS ?= 60

fuzz:
	@$(NEED) build test fuzz
	@exec tests/fuzz/run --seconds $(SECONDS) $(ARGS)

# What was found into the corpus of the tree, made as small as can be.
fuzz-merge:
	@$(NEED) build test fuzz
	@exec tests/fuzz/run --merge $(ARGS)

# The conformance suite over each backend; it takes a while.
valgrind:
	@$(NEED) build test
	@exec tests/run --only valgrind

# LOADS=64,exact and ROUNDS=9 choose; ARGS="--quick" and the like go to
# bench/run. What is measured beside gnezdo is not needed: go on without it.
LOADS ?=
ROUNDS ?=

bench: build
	@$(NEED) bench || echo "going on without them"
	@$(call SETUP,--reconfigure -Dbench=true $(BUILD))
	@$(COMPILE)
	@./bench/run $(BUILD) $(if $(LOADS),--only $(LOADS)) \
		$(if $(ROUNDS),--rounds $(ROUNDS)) $(ARGS)

install: build
	@$(call SETUP,--reconfigure --prefix="$(PREFIX)" $(BUILD))
	@$(COMPILE)
	@DESTDIR="$(DESTDIR)" $(MESON) install -C $(BUILD) --no-rebuild --quiet
	@test -n "$(DESTDIR)" || test "$$(id -u)" != 0 || ldconfig
	@echo "installed in $(DESTDIR)$(PREFIX)"

# The numbers are printed even if a test fails; the exit code tells of it.
# ARGS=--list names the branches that no test took.
coverage:
	@$(NEED) build test coverage
	@tests/run --only coverage; status=$$?; \
		tests/coverage/report.py $(ARGS) $(BUILD)/test-coverage \
			$(GCOVR) && \
		tests/coverage/count.py $(BUILD)/test-coverage && exit $$status

clean:
	@rm -rf $(BUILD)

help:
	@echo 'make            the libraries and the examples, in $(BUILD)/'
	@echo 'make demo       build, then a guided tour of what it does'
	@echo 'make test       every test, in each of the builds of tests/run'
	@echo 'make sweep      every scenario of tests/sweep on new seeds, HOURS=$(HOURS)'
	@echo 'make fuzz       libFuzzer on each target of tests/fuzz, SECONDS=$(SECONDS)'
	@echo 'make fuzz-merge put into the corpus what make fuzz has found'
	@echo 'make valgrind   the conformance suite under Valgrind'
	@echo 'make bench      build, then measure beside other libraries, LOADS=64,exact'
	@echo 'make install    into PREFIX ($(PREFIX)), under DESTDIR if given'
	@echo 'make coverage   run the tests; print the lines and branches they took'
	@echo 'make clean      remove $(BUILD)/'
	@echo 'tests/run --help tells how to run some of the tests'
