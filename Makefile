# The project's commands. Each installs what it needs from Debian first, and says so.
#
# Only targets that have something to run are here; `make help` lists them from the `##` lines below.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# To build: a C compiler (SQLite, the TLS library's C and assembler), libclang (the V4L2 bindings are generated).
BUILD_PACKAGES := gcc libc6-dev cmake pkg-config libclang-dev
# To run the kiosk: its fonts, and the libraries that the window loads by name at run time (so that no linker asks
# for them).
KIOSK_PACKAGES := fonts-noto-core fonts-noto-mono libx11-6 libx11-xcb1 libxcb1 libxcursor1 libxi6 libxrandr2 \
	libxkbcommon0 libxkbcommon-x11-0 libwayland-client0
# To test and to show without a display: a virtual one, the typefaces of specimens, the database server, a browser.
TEST_PACKAGES := xvfb fonts-ocr-b fonts-dejavu-core postgresql haproxy chromium chromium-driver
# For the virtual hardware: an emulator, and what compiles a kernel module. The kernel itself, its headers and the
# module's source are fetched into target/rig and not installed.
RIG_PACKAGES := qemu-system-x86 make libelf1 binutils
# To train: more typefaces.
TRAIN_PACKAGES := fonts-liberation fonts-freefont-ttf
# To count instructions.
BENCH_PACKAGES := valgrind
# To compare the service with.
BENCH_SERVICE_PACKAGES := nginx-light
SCHEMATHESIS_PACKAGES := python3-venv openssl
PEER_PACKAGES := tesseract-ocr python3-venv python3-dev
# What `make measure-zone` draws: how many pictures of each set, from which seed on, on how many threads.
HARSH ?= 10000
PLAIN ?= 1000
NONE ?= 2016
SEED ?= 1000000
JOBS ?= 1

# Every target is a command, none is a file.
.PHONY: $(shell sed -n 's/^\([a-z][a-z-]*\):.*/\1/p' $(firstword $(MAKEFILE_LIST)))

help: ## What can be run
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: packages-test tool-rust ## Four visits on a simulated kiosk: in a window, or without a display as pictures in target/demo
	GIT_COMMIT="$$(git rev-parse --short HEAD 2>/dev/null || echo unknown)" cargo build --locked --release --workspace --bins
	./target/release/kiosk-demo

test: packages-test tool-rust axe ## Everything that must pass
	cargo build --locked --workspace --bins
	cargo test --locked --workspace

test-hardware: packages-test packages-rig tool-rust ## Real drivers in a virtual machine: adapters plugged and unplugged, cameras, filmed documents (2 minutes)
	cargo build --locked --workspace --bins
	tests/rig/run

openapi: packages-build tool-rust ## Writes docs/openapi.json, the description of the service's API, anew
	cargo build --locked --workspace --bin verification-service
	./target/debug/verification-service openapi > docs/openapi.json.new
	mv docs/openapi.json.new docs/openapi.json

# Python's registry has schemathesis; tests/schemathesis/requirements.txt pins it.
EXAMPLES ?= 100
schemathesis: packages-test packages-schemathesis tool-rust ## Examples of every call against a real service: none is answered otherwise than docs/openapi.json says (EXAMPLES)
	cargo build --locked --workspace --bin verification-service
	tests/schemathesis/run --max-examples $(EXAMPLES)

# axe-core checks the portal's pages. It is fetched, checked against its hash, and never part of the repository.
AXE_VERSION := 4.14.1
AXE_SHA256 := 29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c
AXE := target/axe/axe.min.js
axe: ## Fetches axe-core, with which the tests check that the portal is accessible
	@if ! echo "$(AXE_SHA256)  $(AXE)" | sha256sum --check --status 2>/dev/null; then \
		command -v npm >/dev/null || { $(call install,npm); }; \
		folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
		(cd "$$folder" && npm pack --silent "axe-core@$(AXE_VERSION)" >/dev/null && tar -xzf axe-core-*.tgz package/axe.min.js); \
		echo "$(AXE_SHA256)  $$folder/package/axe.min.js" | sha256sum --check --quiet; \
		mkdir -p $(dir $(AXE)); cp "$$folder/package/axe.min.js" $(AXE); \
	fi

check: packages-build tool-rust tool-deny ## Format, lints (warnings denied), licences and sources of what we build on
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo deny --locked check licenses bans sources

# Its own target folder: the flags fit this machine's processor only.
train: packages-train tool-rust ## Draw characters and train the networks that read the zone (under two hours)
	RUSTFLAGS="-C target-cpu=native" cargo run --locked --release --target-dir target/train -p mrz-training -- assets/mrz.net

bench: packages-build packages-bench tool-rust ## Time of each stage of reading a zone, and instructions against the recorded ones
	cargo bench --locked -p card-reader --bench ocr
	cargo bench --locked -p card-reader --bench instructions

bench-record: packages-build packages-bench tool-rust ## Records the instructions of today as those to compare with
	cargo bench --locked -p card-reader --bench instructions -- --record

bench-peers: packages-build packages-peers tool-rust ## Ours beside the open peers: make bench-peers DIR=a folder with truth.tsv
	@[[ -f "$(DIR)/truth.tsv" ]] || { echo "Name a folder with pictures and truth.tsv (file, tab, the zone's rows joined by |): make bench-peers DIR=…" >&2; exit 2; }
	cargo build --locked --release -p kiosk-app --bin kiosk-app
	tests/peers/run "$(DIR)"

measure-zone: packages-test tool-rust ## Reads drawn pictures, with and without a zone, and counts; fails if more are accepted wrongly than docs/reading.md allows (HARSH, PLAIN, NONE, SEED, JOBS)
	cargo build --locked --release -p kiosk-tests --bin measure-zone
	@failed=0; for set in plain:$(PLAIN) harsh:$(HARSH) none:$(NONE); do \
		echo; echo "set $${set%:*}, $${set#*:} pictures from seed $(SEED) on"; \
		./target/release/measure-zone --set "$${set%:*}" --count "$${set#*:}" --seed $(SEED) --jobs $(JOBS) || failed=1; \
	done; exit $$failed

# Kills, races, cuts and comparisons in their long form (see docs/track-record.md). One after the other: some measure time.
soak-service: packages-test tool-rust ## The tests that hurt, long: 1,000 kills an engine, 1,000 codes raced, 10,000 requests cut, 10,000 tamperings, older database, sealer down, refused handshakes (hours)
	cargo build --locked --release --workspace --bins
	HURT=full cargo test --locked --release --workspace --test hurt --test cut -- --nocapture --test-threads=1
	TAMPERINGS=10000 cargo test --locked --release --workspace --test service -- --nocapture --test-threads=1 tamper:: log:: tls:: puts::
	cargo test --locked --release --workspace --test service_postgres -- --nocapture --test-threads=1 instances:: log:: tls:: puts::
	cargo test --locked --release --workspace --test audit_log -- --nocapture --test-threads=1

sameness: packages-test tool-rust ## The eight kinds of "not verified", 100,000 times each: no byte and no time tells them apart (an hour on two cores)
	cargo build --locked --release --workspace --bins
	HURT=full cargo test --locked --release --workspace --test hurt -- --nocapture --exact sameness::not_verified_tells_nothing_by_its_bytes_nor_by_its_time

bench-service: packages-test packages-bench-service tool-rust ## The service beside nginx, argon2id, SQLite and pgbench: make bench-service [ONLY="tls redeem store latency size"]; fails if an aim is missed by more than a tenth
	cargo bench --locked --workspace --bench service -- $(ONLY)

audit-tamper: packages-build tool-rust ## 10,000 random changes behind the service's back: `audit verify` finds all (SEED)
	TAMPERINGS=10000 cargo test --locked --workspace --test service -- --nocapture tamper::

FRAMES ?= 10000
phantoms: packages-build tool-rust ## Looks for barcodes in FRAMES (10,000) drawn frames that have none; fails if one is read (10 minutes)
	cargo run --locked --release -p card-reader --example measure_barcodes -- drawn $(FRAMES)

SEQUENCES := 2000
sequences: packages-test tool-rust ## 2,000 sequences of degraded frames through the tracker: none accepted wrong (an hour, one core)
	SEQUENCES=$(SEQUENCES) cargo test --locked --release -p card-reader --test sequences -- --ignored --nocapture

# libFuzzer's own instrumentation, as cargo-fuzz sets it; without it, so that one tool fewer is installed.
FUZZ_TARGETS := zone_any_luma barcode_any_luma barcode_payload serial_any_bytes mrz_parse picture_decode tracker wire_json backup_code identifiers names credential \
	kiosk_signature certificate_request service_config log_text
FUZZ_FLAGS := --cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
	-Cllvm-args=-sanitizer-coverage-trace-compares
SECONDS_EACH := $(or $(SECONDS),600)
fuzz: packages-fuzz tool-nightly ## Fuzz what reads foreign bytes and pixels, each target for SECONDS (600)
	RUSTFLAGS="$(FUZZ_FLAGS)" cargo +nightly build --locked --release --manifest-path fuzz/Cargo.toml --target "$$(rustc -vV | sed -n 's/^host: //p')"
	for target in $(FUZZ_TARGETS); do \
		mkdir -p "fuzz/corpus/$$target" "fuzz/artifacts/$$target"; \
		"fuzz/target/$$(rustc -vV | sed -n 's/^host: //p')/release/$$target" -max_total_time=$(SECONDS_EACH) -timeout=10 \
			-rss_limit_mb=2048 -max_len=65536 -artifact_prefix="fuzz/artifacts/$$target/" -print_final_stats=1 "fuzz/corpus/$$target"; \
	done

# $(call install,PACKAGES): installs those that are missing, or prints the one command that does.
define install
missing=(); \
for package in $(1); do \
	[[ "$$(dpkg-query -W -f='$${db:Status-Status}' "$$package" 2>/dev/null)" == installed ]] || missing+=("$$package"); \
done; \
if (( $${#missing[@]} )); then \
	command -v apt-get >/dev/null || { echo "This is not a Debian machine. Install what these Debian packages hold, then try again: $${missing[*]}" >&2; exit 1; }; \
	[[ "$$(id -u)" == 0 ]] || { echo "Some Debian packages are missing. Run this, then try again:" >&2; echo "  sudo apt-get install $${missing[*]}" >&2; exit 1; }; \
	echo "Installing from Debian: $${missing[*]}"; \
	log=$$(mktemp); \
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$${missing[@]}"; } >"$$log" 2>&1 \
		|| { cat "$$log" >&2; echo "apt-get could not install them: see above." >&2; exit 1; }; \
	rm -f "$$log"; \
fi
endef

packages-build:
	@$(call install,$(BUILD_PACKAGES))

packages-test:
	@$(call install,$(BUILD_PACKAGES) $(KIOSK_PACKAGES) $(TEST_PACKAGES))

packages-rig:
	@$(call install,$(RIG_PACKAGES))

packages-bench:
	@$(call install,$(BENCH_PACKAGES))

packages-bench-service:
	@$(call install,$(BENCH_SERVICE_PACKAGES))

packages-schemathesis:
	@$(call install,$(SCHEMATHESIS_PACKAGES))

packages-peers:
	@$(call install,$(PEER_PACKAGES))

packages-fuzz:
	@$(call install,$(BUILD_PACKAGES) g++)

tool-nightly: tool-rust
	@cargo +nightly --version >/dev/null 2>&1 || { echo "Fuzzing needs a nightly compiler. Install it, then try again:  rustup toolchain install nightly --profile minimal" >&2; exit 1; }

packages-train: packages-test
	@$(call install,$(TRAIN_PACKAGES))

tool-rust:
	@command -v cargo >/dev/null || { echo "Rust is missing. Install it (https://rustup.rs), then try again." >&2; exit 1; }

tool-deny: tool-rust
	@cargo deny --version >/dev/null 2>&1 || { echo "Installing cargo-deny (about 3 minutes)"; cargo install --locked --quiet cargo-deny@0.20.2; }
