#!/bin/sh
# cross_aarch64_test.sh: builds the fibers for 64-bit Arm and runs them under an
# emulator: plain, with signed return addresses and branch targets enforced as
# far as the emulator does, and with the portable switch.
#
# usage: cross_aarch64_test.sh SOURCE_ROOT
# Exits with 0, 1 where something failed, 77 where a tool is absent.
set -eu

root=${1:?source root}
cc=aarch64-linux-gnu-gcc
run=qemu-aarch64

for tool in "$cc" "$run"; do
	if ! command -v "$tool" >/dev/null; then
		echo "skipped: no $tool"
		exit 77
	fi
done

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# build NAME FLAGS SOURCE...: a static program of the room and the sources.
build() {
	name=$1 flags=$2
	shift 2
	# shellcheck disable=SC2086
	(cd "$root/src/fiber" && "$cc" -std=c17 -D_GNU_SOURCE -O2 -Wall \
		-Wextra -static $flags -I"$root/src" -I"$root/include" \
		-o "$out/$name" \
		fiber.c guard.c overflow.c region.c stack.c ../base/check.c \
		switch_aarch64.S "$@" -lm)
}

# check FLAGS SOURCE...: the registers, then three thousand fibers.
check() {
	flags=$1
	shift
	echo "== ${flags:-plain}"
	build cross "$flags" switch_cross.c switch_regs.c "$@"
	build many "$flags" fiber_million.c "$@"
	"$run" -cpu max "$out/cross"
	"$run" -cpu max "$out/many" 3000
}

check ''
check -mbranch-protection=standard
check -DGNI_FIBER_PORTABLE switch_portable.c
