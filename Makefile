# SPDX-License-Identifier: GPL-2.0 OR MIT
# make help lists what there is.

KDIR ?= /lib/modules/$(shell uname -r)/build
DESTDIR ?=
PREFIX ?= /usr/local
GENL_SPEC := Documentation/netlink/specs/ockam.yaml
GENL_HEADER := uapi/linux/ockam_genl.h
VM := selftests/vm
FUZZ_SECONDS ?= 20

all: modules tools		## build the module and ockamctl

modules:			## build ockam.ko for KDIR (default: running kernel)
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

tools:				## build ockamctl
	$(MAKE) -C tools/ockamctl

install: all			## install the module, ockamctl, headers and man page
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install
	install -D -m 755 tools/ockamctl/ockamctl $(DESTDIR)$(PREFIX)/sbin/ockamctl
	install -D -m 644 tools/ockamctl/man/ockamctl.8 \
		$(DESTDIR)$(PREFIX)/share/man/man8/ockamctl.8
	install -D -m 644 uapi/linux/ockam.h \
		$(DESTDIR)$(PREFIX)/include/linux/ockam.h
	install -D -m 644 include/ockam.h $(DESTDIR)$(PREFIX)/include/ockam.h
	install -D -m 644 $(GENL_HEADER) \
		$(DESTDIR)$(PREFIX)/include/linux/ockam_genl.h

demo:				## boot a kernel in a VM and show the scenario
	$(VM)/demo

check:				## lint, unit tests, everything on stock Linux 6.1
	$(VM)/check stock-6.1

check-debug:			## unit tests and everything on the debug kernel
	$(VM)/check debug

check-matrix:			## the same on Linux 6.1, 6.12, 7.3 and the debug kernel
	$(VM)/check matrix

check-interop:			## against a live upstream node; cargo builds it
	selftests/interop/run

lint:				## rules about the sources
	$(VM)/check lint

unit:				## the pure core under sanitizers, against all vectors
	$(VM)/check unit

bench:				## measure ratios in VMs, BENCH_SECONDS=600 for all
	selftests/bench/run

fuzz:				## fuzz each decoder, FUZZ_SECONDS=20; find planted bugs
	selftests/fuzz/run $(FUZZ_SECONDS)

vm:				## a shell in a VM, module and tool in place
	$(VM)/run stock-6.1 --shell

genl:				## generate the netlink header from its description
	python3 tools/genl/uapi.py $(GENL_SPEC) > $(GENL_HEADER)

clean:				## remove what was built in this tree
	$(MAKE) -C tools/ockamctl clean
	$(MAKE) -C selftests/unit clean
	[ ! -d $(KDIR) ] || $(MAKE) -C $(KDIR) M=$(CURDIR) clean

help:				## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

.PHONY: all modules tools install demo check check-debug check-matrix \
	check-interop lint unit fuzz bench vm genl clean help
