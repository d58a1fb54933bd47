# shellcheck shell=bash
# The folders that test machines stand on, for tools/sandbox, which sets $run: the root that mmdebstrap makes, and on it
# a layer per set of installed .deb files. Both are named by a hash of what is in them and never change once made.

suite=bookworm
packages=(
    systemd-sysv dbus polkitd udev haproxy prometheus nginx
    libcurl4 libmicrohttpd12 libcjson1 libinih1 libssl3 libsystemd0
    python3 socat curl jq wrk procps iproute2 less ca-certificates
)
cache=${ROLLOUT_CACHE:-/var/cache/rollout-sandbox}

# Services start when a test says so; nothing periodic wakes a machine in the middle of a measurement.
customize() {
    local root=$1
    systemctl --quiet --root="$root" disable haproxy.service prometheus.service nginx.service \
        apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer
    systemctl --quiet --root="$root" mask console-getty.service getty.target \
        systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-udevd.service systemd-udev-trigger.service e2scrub_reap.service \
        systemd-logind.service systemd-user-sessions.service systemd-sysctl.service systemd-sysusers.service
    # the journal outlives a reboot, keeps every line and never syncs for long
    mkdir -p "$root/var/log/journal" "$root/etc/systemd/journald.conf.d"
    printf '[Journal]\nStorage=persistent\nRateLimitIntervalSec=0\nSystemMaxUse=64M\n' \
        >"$root/etc/systemd/journald.conf.d/sandbox.conf"
    rm -f "$root/etc/resolv.conf" "$root/usr/sbin/policy-rc.d"
}

hash_of() {
    sha256sum | cut -c1-16
}

root_folder() {
    printf '%s/root-%s' "$cache" "$(printf '%s\n' "$suite" "${packages[@]}" "$(declare -f customize)" | hash_of)"
}

# Only the holder makes layers; a killed holder's half-made folders (*.new) are swept by the next one.
lock_cache() {
    mkdir -p "$cache"
    exec {cache_lock}>"$cache/lock"
    flock --timeout 600 "$cache_lock" || die "another process has been holding $cache/lock for ten minutes"
    rm -rf --one-file-system "$cache"/*.new
}

unlock_cache() {
    exec {cache_lock}>&-
}

make_root() {
    local root=$1
    command -v mmdebstrap >/dev/null || die "mmdebstrap is missing: run tools/setup"
    echo "sandbox: making the root $root (once, about a minute)" >&2
    unshare --mount mmdebstrap --quiet --variant=minbase --include="$(IFS=, && echo "${packages[*]}")" \
        "$suite" "$root.new" ${ROLLOUT_MIRROR:+"$ROLLOUT_MIRROR"} </dev/null >"$cache/root.log" 2>&1 ||
        die "mmdebstrap failed: $(tail -n 5 "$cache/root.log")"
    customize "$root.new"
    mv --no-target-directory "$root.new" "$root"
}

need_root() {
    local root=$1
    [[ -d $root ]] && return
    lock_cache
    [[ -d $root ]] || make_root "$root"
    unlock_cache
}

# Old packages pile up while one works on them: the newest five stay, and those that a machine stands on.
prune_layers() {
    local layer
    # shellcheck disable=SC2012 # names are ours: hexadecimal
    ls -1dt "$cache"/deb-* 2>/dev/null | tail -n +6 | while read -r layer; do
        # shellcheck disable=SC2154 # run is the caller's
        grep -qsxF "$layer" "$run"/*/layer || rm -rf --one-file-system "$layer"
    done
}

# Installs .deb files into an overlay and keeps what that wrote. `dpkg` runs in namespaces of its own, without network.
make_layer() {
    local layer=$1 root=$2 work
    shift 2
    work=$(mktemp -d --tmpdir="$cache" install-XXXXXX.new)
    mkdir "$work/upper" "$work/work" "$work/merged" "$work/debs"
    cp "$@" "$work/debs/"
    # shellcheck disable=SC2016 # expanded inside
    unshare --mount --pid --fork --net --kill-child bash -euc '
        mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" "$1/merged"
        for folder in run tmp; do mount -t tmpfs tmpfs "$1/merged/$folder"; done
        mount -t proc proc "$1/merged/proc"
        mount --bind "$1/debs" "$1/merged/tmp"
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
            chroot "$1/merged" sh -c "exec dpkg --force-unsafe-io -i /tmp/*.deb"
    ' - "$work" "$root" </dev/null >"$work/log" 2>&1 || die "cannot install $*: $(tail -n 15 "$work/log")"
    mv --no-target-directory "$work/upper" "$layer"
    rm -rf --one-file-system "$work"
    prune_layers
}

# Prints the overlay's lower folders for these .deb files.
lower_for() {
    local root=$1 layer
    shift
    (($#)) || { echo "$root" && return; }
    layer=$cache/deb-$({ echo "$root" && sha256sum "$@" | cut -d' ' -f1; } | hash_of)
    if [[ ! -d $layer ]]; then
        lock_cache
        [[ -d $layer ]] || make_layer "$layer" "$root" "$@"
        unlock_cache
    fi
    touch "$layer"
    echo "$layer:$root"
}

command_root() {
    local root
    root=$(root_folder)
    if [[ ${1:-} == --refresh ]]; then
        reap
        [[ -z $(names) ]] || die "machines stand on this root, take them down first: $(names | xargs)"
        lock_cache
        rm -rf --one-file-system "$root" "$cache"/deb-*
        unlock_cache
    fi
    need_root "$root"
    echo "$root"
}
