# reseller_report. `make help` lists the targets.

# The one place where the version is edited is META.json.
EXTVERSION := $(shell sed -n 's/^   "version": "\(.*\)",$$/\1/p' META.json)
PG_CONFIG ?= pg_config
export PG_CONFIG EXTVERSION

# Only the installation needs root.
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

EXAMPLE := examples/reseller_page

.PHONY: all install uninstall clean help deps core-unit-tests build-unit-tests unit-tests ready demo demo-cluster example check \
	check-sql format fuzz lint check-clients check-cluster check-controls check-coverage check-example check-faults \
	check-isolation check-matrix check-mutants check-packages check-pg-upgrade check-replication check-sanitizers check-seeding \
	check-update bench bench-compare bench-growth deb dist image-layout

all install uninstall:
	@$(PG_CONFIG) --pgxs >/dev/null 2>&1 && [ -f "$$($(PG_CONFIG) --pgxs)" ] || \
		{ echo "PostgreSQL's server headers are missing; run: make deps" >&2; exit 1; }
	@$(MAKE) --no-print-directory -C extension $@
	@$(MAKE) --no-print-directory -C materializer $@

clean:
	rm -rf build $(EXAMPLE)/node_modules
	find extension -name '*.[do]' -delete -o -name '*.so' -delete

help:
	@echo 'make deps     install the Debian packages that are missing'
	@echo 'make          build the extension and reseller-materializer'
	@echo 'make install  install both into the PostgreSQL of PG_CONFIG'
	@echo 'make demo     set up, load lifelike usage into a private cluster and print the page; KEEP=1 leaves it up'
	@echo 'make demo-cluster  three application databases, a reporting database and its standby; what is killed loses nothing'
	@echo 'make example  the same usage on the page "Reseller and companies" in a browser; PORT=8080 says where'
	@echo 'make check    set up and run all tests on a private cluster'
	@echo 'make check-sql    the SQL tests alone; ONLY="rebuild prune" names them'
	@echo 'make unit-tests   build and run the tests that need no server'
	@echo 'make format   lay out the C++ sources'
	@echo 'make lint     clang-tidy, cppcheck, the layout of the sources and the way of their includes'
	@echo 'make fuzz     the differential fuzzer; MINUTES=30, or SEED=... STEPS=... to replay; CONCURRENT=5: so many processes at once'
	@echo 'Longer suites, docs/testing.md:'
	@echo 'make check-clients      drivers, PgBouncer, PostGraphile and LibreOffice Base ask and get what psql gets'
	@echo 'make check-cluster      three publishers, a subscriber and its standby: each is killed, and nothing is lost'
	@echo 'make check-controls     builds with one law broken each must fail a test'
	@echo 'make check-coverage     the lines of extension and service that no test reaches'
	@echo 'make check-example      the page of make example in headless Chromium; screenshots in build/example'
	@echo 'make check-faults       a fault at every call to the server; FAULTS=, SCENARIOS=, EVERY='
	@echo 'make check-isolation    every two things side by side in every order; ONLY=, AGAINST='
	@echo 'make check-matrix       make check and make demo in chroots of Debian 12, 13, testing, experimental; ON="trixie" names some'
	@echo 'make check-mutants      breaks SAMPLE=100 places of extension/ one at a time; a test must notice; SEED=, ONLY=, DEEP=1'
	@echo 'make check-packages     Debian packages are built twice, installed, upgraded and purged in chroots; ON="trixie" names some'
	@echo 'make check-pg-upgrade   pg_upgrade from 15 to 18 with changes that wait; OLD= and NEW= name other pg_configs'
	@echo 'make check-replication  standbys, promotion and logical replication'
	@echo 'make check-sanitizers   the tests under AddressSanitizer, UndefinedBehaviorSanitizer, ThreadSanitizer and valgrind'
	@echo 'make check-update       a database of 0.1.0, built from the history, is updated and answers the same'
	@echo 'make check-seeding      seed ROWS=10000000 under writers, through a crash'
	@echo 'Packages, docs/packages.md, all of the last commit:'
	@echo 'make deb      Debian packages of the extension, for each PostgreSQL of the release, and of the service, in build/deb'
	@echo 'make dist     the archive for PGXN, in build/'
	@echo 'make image-layout   share/ and lib/ of the extension for an image volume, in build/image/'
	@echo 'make bench    measure the speed that docs/performance.md promises; ONLY="reports copy"; MINUTES=30 for the steady state'
	@echo 'make bench-compare BEFORE=revision   the same on the build of an earlier revision in turn, and the ratios; ONLY=, ROUNDS=7'
	@echo 'make bench-growth   draw how cost grows, to build/growth/; ONLY="companies odd"; BEFORE=revision adds its lines; QUICK=1'

deps:
	@.ci/deps

UNITS := change item membership numeric_codec packing period step step_pieces usage
UNIT_FLAGS := -std=c++17 -O1 -g -Wall -Wextra -Iextension -MMD -MP
UNIT_OBJECTS := $(patsubst %.cpp,build/units/%.o,tests/unit/main.cpp $(wildcard extension/core/*.cpp))

build/units/%.o: %.cpp
	@mkdir -p $(@D)
	$(CXX) $(UNIT_FLAGS) -c -o $@ $<

$(UNITS:%=build/unit-%): build/unit-%: build/units/tests/unit/%_test.o $(UNIT_OBJECTS)
	$(CXX) $(UNIT_FLAGS) -o $@ $^

-include $(UNIT_OBJECTS:.o=.d) $(UNITS:%=build/units/tests/unit/%_test.d)

# Both build in materializer/: with -j, too, one after the other.
ifneq ($(filter all,$(MAKECMDGOALS)),)
build-unit-tests: | all
endif

core-unit-tests: $(UNITS:%=build/unit-%)

build-unit-tests: core-unit-tests
	@$(MAKE) --no-print-directory -C materializer unit-tests

unit-tests: build-unit-tests
	@for unit in build/unit-*; do echo "$$unit"; "$$unit" --minimal --no-version || exit 1; done

# In steps of their own: the tools for the second may be there only after the first.
ready: deps
	@$(MAKE) -s --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j $(shell nproc)) all build-unit-tests
	@$(SUDO) $(MAKE) -s --no-print-directory install

demo: ready
	@examples/demo

demo-cluster: ready
	@examples/cluster/run

# Debian's npm does not go with a Node.js from elsewhere, which brings its own.
$(EXAMPLE)/node_modules/.package-lock.json: $(EXAMPLE)/package-lock.json
	@command -v npm >/dev/null || .ci/deps nodejs npm
	@cd $(EXAMPLE) && npm ci --no-progress
	@touch $@

example: ready $(EXAMPLE)/node_modules/.package-lock.json
	@$(EXAMPLE)/run

check-example: ready $(EXAMPLE)/node_modules/.package-lock.json
	@command -v chromium >/dev/null || .ci/deps chromium
	@$(EXAMPLE)/tests/run

check: ready
	@tests/run

# SQL tests alone: those that ONLY names, or all.
check-sql: ready
	@tests/run $(if $(ONLY),$(patsubst %,tests/sql/%.sql,$(ONLY)),tests/sql/*.sql)

format: deps
	@.ci/deps clang-format-14
	@tests/lint/format --fix

lint: deps
	@.ci/deps clang-format-14 clang-tidy-14 cppcheck
	@tests/lint/run

fuzz: ready
	@tests/fuzz/run $(if $(SEED),seed=$(SEED)) $(if $(CONCURRENT),concurrent=$(CONCURRENT)) \
		$(if $(STEPS),steps=$(STEPS),minutes=$(or $(MINUTES),10))

check-clients: ready
	@.ci/deps $$(tests/clients/run packages)
	@tests/clients/run fetch
	@tests/clients/run

check-controls: ready
	@tests/controls/run

check-coverage: ready
	@tests/coverage/run

check-mutants: ready
	@tests/mutants/run sample=$(or $(SAMPLE),100) $(if $(SEED),seed=$(SEED)) $(if $(ONLY),only=$(ONLY)) $(if $(AGAIN),again=$(AGAIN)) \
		$(if $(DEEP),deep=1)

check-sanitizers: ready
	@.ci/deps valgrind
	@tests/sanitizers/run

check-update: ready
	@prove tests/update/since-0.1.0

check-seeding: ready
	@ROWS=$(or $(ROWS),10000000) bash tests/fault/seeding.sh

check-cluster: ready
	@prove tests/replication/cluster.t

check-replication: ready
	@prove -j 2 tests/replication/*.t

check-isolation: ready
	@tests/isolation/run $(if $(ONLY),only=$(ONLY)) $(if $(AGAINST),against=$(AGAINST))

check-faults: ready
	@tests/fault/points $(if $(FAULTS),faults=$(FAULTS)) $(if $(SCENARIOS),scenarios=$(SCENARIOS)) $(if $(EVERY),every=$(EVERY))

check-matrix:
	@$(SUDO) env MATRIX='$(MATRIX)' DO='$(DO)' tests/matrix/run $(ON)

check-packages:
	@$(SUDO) env MATRIX='$(MATRIX)' tests/packages/run $(ON)

# In a chroot that has both, or here where OLD and NEW name both.
check-pg-upgrade:
	@$(if $(OLD),tests/update/pg_upgrade '$(OLD)' '$(NEW)',$(SUDO) env MATRIX='$(MATRIX)' tests/packages/pg_upgrade)

bench: ready
	@bench/run $(ONLY)

bench-compare: ready
	@bench/compare '$(BEFORE)' $(ONLY)

bench-growth: ready
	@.ci/deps gnuplot-nox
	@BEFORE='$(BEFORE)' bench/growth/run $(ONLY)

deb:
	@.ci/deps $$(packaging/deb packages)
	@packaging/deb

dist:
	@mkdir -p build
	git archive --prefix=reseller_report-$(EXTVERSION)/ -o build/reseller_report-$(EXTVERSION).zip HEAD

# As extension_control_path and dynamic_library_path of PostgreSQL 18 want it.
image-layout: IMAGE = $(CURDIR)/build/image/$(shell $(PG_CONFIG) --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
image-layout:
	@$(MAKE) --no-print-directory -C extension all install DESTDIR= datadir='$(IMAGE)/share' pkglibdir='$(IMAGE)/lib'
