# SPDX-License-Identifier: GPL-2.0-or-later
#
# make                 build the three programs into build/
# make demo            a private host with two networked containers (root; installs what is missing)
# make check           all tests, in private namespaces (root)
# make check-static    clang-tidy, cppcheck, gcc -fanalyzer, shellcheck, check-style
# make bench           times beside runc, crun and the CNI plugins (root)
# make compare-hooks   hook tests passed by ours, crun and runc, as a table (root)
# make install         programs, man pages, completions   (DESTDIR, PREFIX)
# make uninstall       removes exactly what install put there
# make clean
#
# V=1 shows the commands, WERROR=1 makes warnings errors, SANITIZE=1 builds with ASan and UBSan into
# build-san/ (also with check). Two more trees come of the same rules: build-fault/ (make fault),
# where a test can make any step fail, and build-fuzz/ (make fuzz), libFuzzer's programs.

PREFIX   ?= /usr/local
VERSION  := 0.1.0
CC       ?= cc
AR       ?= ar
CFLAGS   ?= -O2 -g

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	    -Wformat=2 -Wvla -Wpointer-arith -Wwrite-strings -Wundef -Wcast-qual -Wswitch-enum \
	    -Wimplicit-fallthrough -Wnull-dereference
HARDEN   := -fPIE -fstack-protector-strong -fstack-clash-protection
FORTIFY  := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
BUILD    := build

ifeq ($(SANITIZE),1)
BUILD    := build-san
MODE     := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FORTIFY  := -U_FORTIFY_SOURCE # its checks hide the accesses that ASan looks at
else ifeq ($(FAULT),1)
BUILD    := build-fault
MODE     := -DCT_FAULT
else ifeq ($(FUZZ),1)
BUILD    := build-fuzz
CC       := clang
MODE     := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FORTIFY  := -U_FORTIFY_SOURCE
endif

ALL_CPPFLAGS = -I. -D_GNU_SOURCE -DCT_VERSION='"$(VERSION)"' -DCT_BINDIR='"$(PREFIX)/bin"' $(FORTIFY) $(CPPFLAGS)
ALL_CFLAGS   = -std=gnu11 $(WARNINGS) $(if $(filter 1,$(WERROR)),-Werror) $(HARDEN) $(CFLAGS) $(MODE)
ALL_LDFLAGS  = -pie -Wl,-z,relro,-z,now -Wl,--as-needed -Wl,-O1 $(LDFLAGS)

# libnl, libcap, libseccomp: static, from the archives in their -dev packages. Both programs run once
# per container or hook, and what the dynamic linker needs for libnl-route is a fifth of
# `ct-netns --version` (1.07 ms -> 0.83 ms on 2 cores; libcap: 0.77 -> 0.71). Debian has no libcjson.a and no libip4tc.a, so
# a wholly static program (0.54 ms) is not to be had. Without the archives:
# make RUNTIME_LIBS='-lcjson -lcap -lseccomp' NET_LIBS='-lnl-nf-3 -lnl-route-3 -lnl-3 -lcjson -lip4tc -lip6tc'
RUNTIME_LIBS := -lcjson -l:libcap.a -l:libseccomp.a
NET_LIBS     := -l:libnl-nf-3.a -l:libnl-route-3.a -l:libnl-3.a -lm -lpthread -lcjson -lip4tc -lip6tc
# Asked for when used, not at the start: `make check` on a bare machine installs pkg-config first.
NET_CFLAGS    = $(shell pkg-config --cflags libnl-3.0 libip4tc libip6tc libcjson)

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(Q),@printf '  %-5s %s\n' '$(1)' '$@')

# One archive per folder and the rooms in it. Programs keep main.c out of theirs, so that the unit tests can link the rest.
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(filter-out %/main.c,$(wildcard $(1)/*.c)))
LIBCT      := $(BUILD)/libct.a
LIBCTNET   := $(BUILD)/libctnet.a
LIBRUNTIME := $(BUILD)/libctruntime.a
LIBNETNS   := $(BUILD)/libctnetns.a
LIBBRIDGE  := $(BUILD)/libbridgesetup.a
ARCHIVES   := $(LIBCT) $(LIBCTNET) $(LIBRUNTIME) $(LIBNETNS) $(LIBBRIDGE)

PROGRAMS   := $(if $(wildcard runtime/main.c),$(BUILD)/ct-runtime) \
	      $(if $(wildcard netns-hook/main.c),$(BUILD)/ct-netns) \
	      $(if $(wildcard bridge-setup/main.c),$(BUILD)/bridge-setup)
UNIT_TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
PROBES     := $(patsubst tests/lib/%.c,$(BUILD)/tests/%,$(wildcard tests/lib/*.c))
FUZZERS    := $(patsubst tests/%.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: all tests fault fuzz fuzzers demo check check-static bench compare-hooks install uninstall clean help
.DELETE_ON_ERROR:
.SECONDARY:

all: $(PROGRAMS)

tests: $(PROGRAMS) $(UNIT_TESTS) $(PROBES)

fault:
	$(Q)$(MAKE) --no-print-directory SANITIZE= FAULT=1 all

fuzz:
	$(Q)$(MAKE) --no-print-directory SANITIZE= FUZZ=1 fuzzers
fuzzers: $(FUZZERS)

# Installing comes before anything is read of the machine, so these start make again, with all CPUs
# unless -j was given.
again = $(Q)$(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
demo:
	$(Q)scripts/install-deps build demo
	$(again) all
	$(Q)scripts/demo

check:
	$(Q)scripts/install-deps build test
	$(again) tests
	$(again) fault
	$(Q)CT_BUILD=$(BUILD) tests/run

check-static:
	$(Q)scripts/install-deps build test static
	$(Q)scripts/check-static

bench:
	$(Q)scripts/install-deps build bench
	$(again) all
	$(Q)scripts/bench

compare-hooks:
	$(Q)scripts/install-deps build test
	$(again) all
	$(Q)scripts/compare-hooks

# ---- objects and archives ----

NET_OBJECTS = $(BUILD)/obj/common/net/%.o $(BUILD)/obj/netns-hook/%.o $(BUILD)/obj/bridge-setup/%.o \
	      $(BUILD)/obj/tests/%.o
$(NET_OBJECTS): CPPFLAGS += $(NET_CFLAGS)

$(BUILD)/obj/%.o: %.c
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(LIBCT):      $(call objects,common)
$(LIBCTNET):   $(foreach room,common/net common/net/firewall,$(call objects,$(room)))
$(LIBRUNTIME): $(foreach room,runtime runtime/cgroup runtime/config runtime/mounts,$(call objects,$(room)))
$(LIBNETNS):   $(call objects,netns-hook)
$(LIBBRIDGE):  $(call objects,bridge-setup)
$(ARCHIVES):
	$(call say,AR)
	$(Q)mkdir -p $(@D)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

# ---- programs ----

link = $(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^

# ct-runtime knows nothing of networks: no libnl, no libiptc, no libctnet.
$(BUILD)/ct-runtime: $(BUILD)/obj/runtime/main.o $(LIBRUNTIME) $(LIBCT)
	$(call say,LINK)
	$(link) $(RUNTIME_LIBS)

# The commit is in the name of the stamp, so that main.o is made again when it is another one.
COMMIT := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo v$(VERSION))
$(BUILD)/obj/runtime/main.o: CPPFLAGS += -DCT_COMMIT='"$(COMMIT)"'
$(BUILD)/obj/runtime/main.o: $(BUILD)/commit-$(COMMIT)
$(BUILD)/obj/netns-hook/cmds.o: netns-hook/completion.bash
$(BUILD)/commit-$(COMMIT):
	$(Q)mkdir -p $(@D)
	$(Q)rm -f $(BUILD)/commit-*
	$(Q)touch $@

$(BUILD)/ct-netns: $(BUILD)/obj/netns-hook/main.o $(LIBNETNS) $(LIBCTNET) $(LIBCT)
	$(call say,LINK)
	$(link) $(NET_LIBS)

$(BUILD)/bridge-setup: $(BUILD)/obj/bridge-setup/main.o $(LIBBRIDGE) $(LIBCTNET) $(LIBCT)
	$(call say,LINK)
	$(link) $(NET_LIBS)

# ---- tests ----

TEST_ARCHIVES := $(LIBRUNTIME) $(LIBNETNS) $(LIBBRIDGE) $(LIBCTNET) $(LIBCT)

$(BUILD)/tests/unit/%: $(BUILD)/obj/tests/unit/%.o $(TEST_ARCHIVES)
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(link) $(RUNTIME_LIBS) $(NET_LIBS) -lcmocka

$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(TEST_ARCHIVES)
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(link) -fsanitize=fuzzer $(RUNTIME_LIBS) $(NET_LIBS)

# This one has no libc.
$(BUILD)/tests/seccomp-strict: CFLAGS += -nostdlib

# Programs that tests put into containers: static, so that they run in any rootfs.
$(BUILD)/tests/%: tests/lib/%.c
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) -static -o $@ $<

# ---- install ----

BINDIR  := $(DESTDIR)$(PREFIX)/bin
MANDIR  := $(DESTDIR)$(PREFIX)/share/man/man8
COMPDIR := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
UNITDIR := $(DESTDIR)$(PREFIX)/lib/systemd/system
FOLDERS := runtime:ct-runtime netns-hook:ct-netns bridge-setup:bridge-setup
MANPAGES    := $(wildcard runtime/*.8 netns-hook/*.8 bridge-setup/*.8)
UNITS       := $(wildcard runtime/*.service netns-hook/*.service bridge-setup/*.service)
COMPLETIONS := $(foreach f,$(FOLDERS),$(if $(wildcard $(firstword $(subst :, ,$(f)))/completion.bash),$(f)))

install: all
	install -d $(BINDIR)
	install -m 755 $(PROGRAMS) $(BINDIR)
	$(if $(MANPAGES),install -d $(MANDIR) && install -m 644 $(MANPAGES) $(MANDIR))
	$(if $(UNITS),install -d $(UNITDIR) && install -m 644 $(UNITS) $(UNITDIR))
	$(if $(COMPLETIONS),install -d $(COMPDIR))
	$(foreach f,$(COMPLETIONS),install -m 644 $(firstword $(subst :, ,$(f)))/completion.bash \
		$(COMPDIR)/$(lastword $(subst :, ,$(f))) &&) true

uninstall:
	rm -f $(addprefix $(BINDIR)/,$(notdir $(PROGRAMS))) \
		$(addprefix $(MANDIR)/,$(notdir $(MANPAGES))) \
		$(addprefix $(UNITDIR)/,$(notdir $(UNITS))) \
		$(foreach f,$(COMPLETIONS),$(COMPDIR)/$(lastword $(subst :, ,$(f))))

clean:
	rm -rf build build-san build-fault build-fuzz build-analyze

help:
	@sed -n '3,15s/^# \{0,1\}//p' Makefile

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
