# What the suites that need several Debian releases share, which source this file: chroots of releases, kept in MATRIX for the next
# run. The mirror and the way to it are those of this machine's apt.
[ "$(id -u)" -eq 0 ] || { echo 'chroots need root' >&2; exit 1; }
cache=${MATRIX:-/var/tmp/reseller_report_matrix}
mkdir -p "$cache"
.ci/deps debootstrap
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' | head -n 1)
[ -n "$mirror" ] || { echo 'apt knows no mirror of Debian here; run: apt-get update' >&2; exit 1; }
eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
export http_proxy https_proxy

# inside NAMESPACE CHROOT COMMAND: mounts, terminals, processes and shared memory are the chroot's own, so that nothing is left of
# them, whatever becomes of the run. Only what installs packages shares the machine's network (--mount alone); tests have one of
# their own (--net).
inside() {
    unshare "$1" --mount --ipc --pid --fork --kill-child bash -euc '
        mount --bind "$0" "$0"
        mount -t proc proc "$0/proc"
        mount -t tmpfs tmpfs "$0/dev/shm"
        mount -t devpts -o newinstance,ptmxmode=0666 devpts "$0/dev/pts"
        chroot "$0" ip link set lo up 2>/dev/null || true
        exec chroot "$0" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@"' "${@:2}" </dev/null
}

# bootstrap RELEASE CHROOT [PACKAGE,...]: a minimal Debian of the release with these packages, unless it is there.
bootstrap() {
    [ ! -e "$2/.complete" ] || return 0
    rm -rf "$2"
    mkdir -p "$2"
    debootstrap --variant=minbase ${3:+--include="$3"} "$1" "$2" "$mirror" || return
    apt-config dump | grep -E '^Acquire::(https?|Check-)' >"$2/etc/apt/apt.conf.d/99host" || true
    # No cluster of the packages starts: its port is the machine's, too.
    printf '#!/bin/sh\nexit 101\n' >"$2/usr/sbin/policy-rc.d"
    chmod 755 "$2/usr/sbin/policy-rc.d"
    touch "$2/.complete"
}

# put_tree CHROOT FOLDER: a clone of the committed tree there.
put_tree() {
    rm -rf "$1/$2"
    git clone -q --no-local --depth 1 "$PWD" "$1/$2"
}
