#!/usr/bin/env bash
# One command on an emulated board: board.sh ROOT REPOSITORY STATE CPU COMMAND...
# script/test-arm runs it in namespaces of its own, with which everything mounted and started here goes.
set -euo pipefail
root=$1 repository=$2 state=$3 cpu=$4
shift 4

mount -t proc proc "$root/proc"
# onnxruntime picks its kernels by what the kernel says of the processor, and the kernel under an emulator tells of another.
mount --bind "$repository/script/arm/$cpu.cpuinfo" "$root/proc/cpuinfo"
mount -t tmpfs tmpfs "$root/sys"
mkdir -p "$root/sys/devices/system/cpu"
printf '0-1\n' | tee "$root/sys/devices/system/cpu/possible" >"$root/sys/devices/system/cpu/present"
mount -t tmpfs tmpfs "$root/tmp"
mkdir -p "$root/src" "$root/state"
mount --bind "$repository" "$root/src"
mount -o remount,bind,ro "$root/src"
mount --bind "$state" "$root/state"
mount -o remount,bind,ro "$root/state"

exec chroot "$root" /usr/bin/env -i PATH=/usr/bin:/bin HOME=/tmp LANG=C.UTF-8 QEMU_CPU="$cpu" PYTHONPATH=/src:/site \
  sh -c 'cd /src && exec "$@"' sh "$@"
