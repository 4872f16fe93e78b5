# reseller_report: the extension, built over PGXS. `make help` lists the targets.

PG_CONFIG ?= pg_config
# The one place where the version is edited is META.json.
EXTVERSION := $(shell sed -n 's/^   "version": "\(.*\)",$$/\1/p' META.json)

PURE = item period
SERVER = access accumulator attach capture delta dependency figures holding lease materialize module money raw report row \
	source sql summary

MODULE_big = reseller_report
OBJS = $(patsubst %,extension/%.o,$(PURE) $(SERVER))
EXTENSION = build/reseller_report
DATA_built = build/reseller_report--$(EXTVERSION).sql
NO_INSTALLCHECK = 1
EXTRA_CLEAN = build $(OBJS:.o=.d)

# Server headers as system headers: their warnings would hide ours.
PG_CPPFLAGS = -isystem $(shell $(PG_CONFIG) --includedir-server) -DRESELLER_REPORT_VERSION='"$(EXTVERSION)"'
PG_CXXFLAGS = -std=c++17 -O2 -Wall -Wextra -Wno-register -fvisibility=hidden -MMD -MP

PGXS := $(shell $(PG_CONFIG) --pgxs)

# Targets that need no server headers yet must work on a machine that has none.
ifneq ($(wildcard $(PGXS)),)
# PGXS links with the C compiler, which would leave out the C++ library; bitcode for JIT gains nothing here.
override COMPILER = $(CXX) $(CXXFLAGS)
override with_llvm = no
include $(PGXS)
override COMPILER = $(CXX) $(CXXFLAGS)

all: build/reseller_report.control

build/reseller_report--$(EXTVERSION).sql: sql/reseller_report.sql
	@mkdir -p build
	cp $< $@

build/reseller_report.control: extension/reseller_report.control META.json
	@mkdir -p build
	sed 's/@VERSION@/$(EXTVERSION)/' $< > $@

-include $(OBJS:.o=.d)
else
all install:
	@echo "PostgreSQL's server headers are missing; run: make deps" >&2; exit 1
clean:
	rm -rf build extension/*.o extension/*.d reseller_report.so
endif

UNIT_TESTS = period item usage

build/unit-%: tests/unit/%_test.cpp tests/unit/main.cpp $(wildcard extension/*.hpp) $(patsubst %,extension/%.cpp,$(PURE))
	@mkdir -p build
	$(CXX) -std=c++17 -O1 -g -Wall -Wextra -Iextension -o $@ $< tests/unit/main.cpp $(patsubst %,extension/%.cpp,$(PURE))

.PHONY: help deps unit check demo bench
help:
	@echo 'make deps     install the packages that are missing (Debian)'
	@echo 'make          build the extension'
	@echo 'make install  install it into the PostgreSQL of PG_CONFIG'
	@echo 'make demo     set up, load lifelike usage into a private cluster and print the page (KEEP=1 leaves it up)'
	@echo 'make check    set up and run all tests on a private cluster'
	@echo 'make bench    measure the bars of docs/performance.md on a private cluster'
