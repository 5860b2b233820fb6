# build, order, test, soak, bench, bench-boot, demo, install, uninstall, clean. Everything else is cargo's.

PREFIX  ?= /usr
DESTDIR ?=
TARGET  ?= x86_64-unknown-linux-gnu
BINARY  ?= target/$(TARGET)/release/firstlight

bindir  = $(DESTDIR)$(PREFIX)/bin
unitdir = $(DESTDIR)$(PREFIX)/lib/systemd/system
mandir  = $(DESTDIR)$(PREFIX)/share/man
pages   = $(wildcard man/*.[15])
# Where bash, fish and zsh look for them.
bash    = $(DESTDIR)$(PREFIX)/share/bash-completion/completions/firstlight
fish    = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/firstlight.fish
zsh     = $(DESTDIR)$(PREFIX)/share/zsh/vendor-completions/_firstlight
wants   = $(DESTDIR)/etc/systemd/system/multi-user.target.wants
# The first three are enabled; the others are started by them: to fetch a document, and when they fail.
enabled = firstlight-local.service firstlight.service firstlight.target
units   = $(enabled) firstlight-final.service firstlight-emergency.service

.PHONY: build order test soak bench bench-boot demo install uninstall clean

# One static executable, for machines whose libraries are not ours. (Naming the target keeps build scripts and
# procedural macros out of crt-static.) Its 11,000 relocations are packed, which each start reads. The functions that run are
# next to each other: code around them that doesn't run took half of the memory. lld alone puts them so, with which rustc
# links x86-64 since 1.90; elsewhere they are where they are.
ordered = $(shell [ "$(TARGET)" = x86_64-unknown-linux-gnu ] && [ "$$(rustc --version | cut -d. -f2)" -ge 90 ] && echo yes)
order   = -C link-arg=-Wl,--symbol-ordering-file=link/order.txt -C link-arg=-Wl,--no-warn-symbol-ordering
flags   = -C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs $(if $(ordered),$(order))
build:
	RUSTFLAGS="$(flags)" cargo build --release --locked --target $(TARGET)

# Looks again which functions run, in some minutes: after much has changed, or with another rustc or profile, which give
# functions other names. `make bench` fails when it is time. What is built for it has symbols, so it is linked again.
order:
	RUSTFLAGS="$(flags)" cargo rustc --release --locked --target $(TARGET) --bin firstlight -- -C strip=none
	link/order target/$(TARGET)/release/firstlight > target/order.txt
	mv target/order.txt link/order.txt
	touch src/main.rs

# Every test, boots included. As root it installs the tools that boot machines, and boots them with what is released;
# otherwise those tests say SKIP, which is a failure where CI is set. All with the failpoints that three of the tests need,
# so that everything is compiled once; what boots is released, and has none.
test:
	if [ "$$(id -u)" = 0 ]; then tests/machine/install-tools && $(MAKE) --silent build; fi
	FIRSTLIGHT_BIN=$(abspath $(BINARY)) cargo test --locked --features failpoints
	if [ "$$(id -u)" = 0 ]; then \
	    cargo test --locked --features failpoints --quiet --test machine -- --ignored --nocapture the_dearest; \
	fi

# The long form of what the tests do briefly: the process killed at hundreds of random moments, and each system call that
# changes something failing once.
soak:
	SOAK=400 cargo test --locked --test soak --test mutations
	SOAK=1 cargo test --locked --features failpoints --test faults --test power_cut
	$(MAKE) --silent build
	FIRSTLIGHT_BIN=$(abspath $(BINARY)) SOAK_CUTS=20 cargo test --locked --test machine -- power_cut

# What reading costs: time and memory for documents that were made to cost much, and for large ones, beside cloud-init.
bench: build
	FIRSTLIGHT_BIN=$(abspath $(BINARY)) cargo bench --locked --bench reader --bench document --bench network

# What a boot costs, beside cloud-init, no agent at all, and a unit that runs /bin/true. As root.
bench-boot: build
	FIRSTLIGHT_BIN=$(abspath $(BINARY)) benches/boot

demo:
	examples/demo

# Into a running machine, or with DESTDIR into an image's tree. Nothing in the tree is executed. Not depending on
# `build`: root installs what a user has built.
install:
	@test -f $(BINARY) || { echo "install: $(BINARY) is not there; run \`make build\` first" >&2; exit 1; }
	install -D -m 0755 $(BINARY) $(bindir)/firstlight
	for unit in $(units); do \
	    install -D -m 0644 units/$$unit $(unitdir)/$$unit && \
	    sed -i 's|/usr/bin/firstlight|$(PREFIX)/bin/firstlight|' $(unitdir)/$$unit || exit 1; \
	done
	for page in $(pages); do \
	    install -D -m 0644 $$page $(mandir)/man$${page##*.}/$${page##*/} || exit 1; \
	done
	install -D -m 0644 completions/firstlight.bash $(bash)
	install -D -m 0644 completions/firstlight.fish $(fish)
	install -D -m 0644 completions/_firstlight $(zsh)
	install -d $(wants)
	for unit in $(enabled); do \
	    ln -sfn $(PREFIX)/lib/systemd/system/$$unit $(wants)/$$unit || exit 1; \
	done
	install -d -m 0700 $(DESTDIR)/var/lib/firstlight
	@# Two agents would write the same files; cloud-init looks for this one file and stays out of the boot.
	@if [ -d $(DESTDIR)/etc/cloud ] || [ -e $(DESTDIR)/usr/bin/cloud-init ]; then \
	    install -d $(DESTDIR)/etc/cloud && touch $(DESTDIR)/etc/cloud/cloud-init.disabled && \
	    echo "install: cloud-init is in this image; disabled it with /etc/cloud/cloud-init.disabled"; \
	fi

# The program, its units and their links, its pages and completions. What it configured stays, and so does its state: without the program, nothing
# reads it. cloud-init stays disabled, unless its file is removed.
uninstall:
	rm -f $(bindir)/firstlight $(foreach unit,$(enabled),$(wants)/$(unit)) $(foreach unit,$(units),$(unitdir)/$(unit))
	rm -f $(foreach page,$(pages),$(mandir)/man$(subst .,,$(suffix $(page)))/$(notdir $(page))) $(bash) $(fish) $(zsh)
	@echo "uninstall: /var/lib/firstlight and /etc/firstlight stay; remove them to forget this machine's history"
	@if [ -e $(DESTDIR)/etc/cloud/cloud-init.disabled ]; then \
	    echo "uninstall: cloud-init is disabled by /etc/cloud/cloud-init.disabled; remove the file to enable it"; \
	fi

clean:
	cargo clean
