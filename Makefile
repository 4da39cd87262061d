# `make` alone prints what there is to make. Every target installs what it needs first; see scripts/setup.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

TOOLS    := $(CURDIR)/.cache/bin
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS  := -s -w -X main.version=$(VERSION)

DATA     ?= ./var
LISTEN   ?= 127.0.0.1:8443
RACE     ?= 1
PKG      ?= ./...
BENCH    ?= .
BENCHTIME ?= 1s
BENCH_PKG ?= ./vault ./vault/badgerstore ./index ./policy ./server/webdav ./darkroom ./darkroom/align ./darkroom/faces ./darkroom/watermark ./internal/testenv
FUZZTIME ?= 10s
ROUNDS   ?= 12
CAP      ?=

# Tests of darkroom that loop over pixels in one goroutine: under the race detector they take ten minutes and it has
# nothing to find there, so they run without it. So do the packages of PLAIN, whole.
PIXELS   := CameraFileTells|CameraFileIsRendered|MaskCoversInfluences|MaskCoversInAJPEG|UnderItsMask|UnderAMaskIs|PixelatedOrBlurred|FuzzedFilesRender|SameRecipeSame|SameRecipeIs|SmallPictureIs|GreyPicturesAre|KnowsNoPixels
PLAIN    := fovea/darkroom/align|fovea/darkroom/gauge|fovea/darkroom/identifiers|fovea/darkroom/watermark|fovea/internal/barcode

# Everything ships and is checked without cgo; only the race detector needs it.
export CGO_ENABLED := 0

.PHONY: help
help: ## print this
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: ## start the demo on https://127.0.0.1:8443 (DATA=./var)
	@scripts/setup run
	@$(MAKE) build
	exec bin/fovea serve --demo --data $(DATA) --listen $(LISTEN)

.PHONY: build
build: ## build bin/fovea
	@scripts/setup models || echo 'build: going on without the networks that find faces'
	@$(MAKE) ui || echo 'build: going on without the workplace'
	@go build -trimpath -ldflags '$(LDFLAGS)' -o bin/fovea ./cmd/fovea

.PHONY: ui
ui: ## build the workplace, the front end under /app/, into ui/dist
	@scripts/setup ui
	@[ -e ui/dist/index.html ] && [ -z "$$(find ui -path ui/node_modules -prune -o -path ui/dist -prune -o -type f -newer ui/dist/index.html -print)$$(find server/pages/static -newer ui/dist/index.html -print)" ] || \
		npm run --silent --prefix ui build

.PHONY: ui-types
ui-types: ## write the types of the API that the workplace is built with anew
	@scripts/setup screens
	@$(MAKE) build
	@npm run --silent --prefix ui types

.PHONY: test
test: ## build and vet everything, then run the tests under the race detector (RACE=0 without; PKG=./vault/...)
	@scripts/setup test
	@go build $(PKG)
	@go vet $(PKG)
	@raced=$$(go list $(PKG) | grep -vxE '$(PLAIN)' || true); [ -z "$$raced" ] || \
		CGO_ENABLED=$(if $(filter 1,$(RACE)),1,0) $(TOOLS)/gotestsum --format pkgname-and-test-fails --format-hide-empty-pkg -- \
		$(if $(filter 1,$(RACE)),-race -skip '$(PIXELS)') -vet=off -timeout 30m $$raced
	@! go list $(PKG) | grep -qx fovea/darkroom || [ $(RACE) != 1 ] || \
		$(TOOLS)/gotestsum --format pkgname-and-test-fails -- -run '$(PIXELS)' -vet=off -timeout 30m ./darkroom
	@plain=$$(go list $(PKG) | grep -xE '$(PLAIN)' || true); [ -z "$$plain" ] || \
		$(TOOLS)/gotestsum --format pkgname-and-test-fails -- -vet=off -timeout 30m $$plain

	@[ '$(PKG)' != ./... ] || npm test --silent --prefix ui

.PHONY: test-ui
test-ui: ## the workplace in Chromium against a real server, by keyboard, in three languages, with axe and its budgets
	@scripts/setup screens
	@$(MAKE) build
	@npm run --silent --prefix ui e2e

.PHONY: accept
accept: ## start freshly built programs and try each promise from outside (CAP=spine or CAP=consent for one capability)
	@scripts/setup run mounts
	@$(MAKE) build
	@go build -trimpath -o bin/accept ./internal/accept
	@bin/accept -fovea bin/fovea $(CAP)

.PHONY: lint
lint: ## golangci-lint (formatting included), functions nobody calls, and the workplace's types and formatting
	@scripts/setup lint
	@$(TOOLS)/golangci-lint run ./...
	@$(MAKE) deadcode
	@npm run --silent --prefix ui lint

.PHONY: fmt
fmt: ## rewrite Go files the way lint wants them (PKG=./vault/...)
	@scripts/setup lint
	@$(TOOLS)/golangci-lint fmt $(PKG)

.PHONY: deadcode
deadcode: ## functions that neither a program nor a test reaches
	@scripts/setup lint
	@dead=$$($(TOOLS)/deadcode -test -tags 'mounts peers litmus' ./...); \
		[ -z "$$dead" ] || { echo "$$dead"; exit 1; }

.PHONY: arch
arch: ## only the import rules and the other laws that a test can read from the source
	@go test -count=1 ./internal/arch

.PHONY: check
check: lint test ## what a change must pass: lint and test (the import rules are among the tests)

.PHONY: bench
bench: ## what docs/benchmarks.md promises, beside the peers, then the ratios (BENCH=regexp BENCH_PKG=./vault/... BENCHTIME=1s)
	@scripts/setup bench
	@mkdir -p .cache
	@go test -p 1 -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -timeout 10m $(BENCH_PKG) | \
		grep --line-buffered -vE 'no test files|^(goos|goarch|PASS)' | tee .cache/bench.txt
	@scripts/ratios .cache/bench.txt

.PHONY: bench-webdav
bench-webdav: ## the drive beside x/net's handler, Apache, nginx and rclone in one run, with what it must reach (ROUNDS=12)
	@scripts/setup bench
	@mkdir -p .cache
	@go test -tags peers -count=1 -v -timeout 20m ./internal/peers -args -rounds $(ROUNDS) | grep -v '^===' | tee .cache/bench-webdav.txt

.PHONY: fuzz
fuzz: ## every fuzz target for a moment (FUZZTIME=10s)
	@scripts/fuzz $(FUZZTIME)

.PHONY: identifiers
identifiers: ## how much of labels, codes and dates in a frame is found, and what wounds and rulers give (ten minutes)
	@scripts/setup run
	@go test -v -count=1 -timeout 60m -run 'Found|Ruler|Wounds' ./darkroom/identifiers -args -whole

.PHONY: alignment
alignment: ## how well follow-ups are laid over their predecessors, and that nothing else is (twenty minutes)
	@scripts/setup run
	@go test -v -count=1 -timeout 90m ./darkroom/align -args -whole

.PHONY: doors
doors: ## that nothing a mask covers leaves by any door, for 200 pairs of pictures (ten minutes)
	@scripts/setup test
	@go test -v -count=1 -timeout 30m -run TestNoDoorServes ./cmd/fovea -args -pairs 200

.PHONY: faces
faces: ## how many faces and parts of faces are found, beside pigo, and what is missed (five minutes)
	@scripts/setup models
	@go test -v -count=1 -timeout 60m -run TestFacesAreFound ./darkroom/faces -args -whole \
		-pigo "$$(go list -m -f '{{.Dir}}' github.com/esimov/pigo)/cascade/facefinder"

.PHONY: fhir
fhir: ## have two independent validators judge the FHIR consents that are written
	@scripts/setup fhir
	@mkdir -p .cache
	@go test -count=1 -run TestBundle ./exchange/fhir -args -bundle $(CURDIR)/.cache/fhir-bundle.json
	@node exchange/fhir/testdata/validate/validate.mjs .cache/fhir-bundle.json

.PHONY: test-mounts
test-mounts: ## davfs2, rclone, gio, cadaver and curl at the drive and an inbox over TLS; needs root and /dev/fuse
	@scripts/setup test mounts
	@$(MAKE) build
	@$(TOOLS)/gotestsum --format testname -- -tags mounts -count=1 -timeout 10m ./internal/mounts/...

.PHONY: test-litmus
test-litmus: ## the WebDAV protocol's own test suite (Debian's litmus), and rclone, at a studio's inbox
	@scripts/setup test mounts
	@$(TOOLS)/gotestsum --format testname -- -tags litmus -count=1 -run 'TestLitmus|TestRclone' ./server/webdav

.PHONY: test-storm
test-storm: ## 32 connections list, read, withdraw and allow again for 30 s under the race detector, every answer judged
	@scripts/setup test
	@CGO_ENABLED=1 $(TOOLS)/gotestsum --format testname -- -race -count=1 -run TestStorm ./internal/testenv -args -storm 30s

.PHONY: setup
setup: ## install every Debian package and Go tool that any target needs
	@scripts/setup all

.PHONY: clean
clean: ## remove what was built; the tools in .cache/bin and the demo's data in ./var stay
	@rm -rf bin .cache/bench.txt
