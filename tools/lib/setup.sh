# Set-up shared by tools/run and tools/test: what Debian 12 packages are needed, and the build.
#
# Sourced, not run. It installs only what is missing, so a machine that has everything needs no
# network and no root. Functions say what they do on standard error and nothing on success.

# Programs and libraries to build and run.
CLEW_BUILD_PACKAGES="gcc libc6-dev meson ninja-build pkg-config python3 protobuf-c-compiler
        libgrpc-dev libprotobuf-c-dev liblmdb-dev libzstd-dev zlib1g-dev libxxhash-dev
        libmicrohttpd-dev libssl-dev libpcre2-dev libcurl4-openssl-dev"
# What the tests need beside that.
CLEW_TEST_PACKAGES="libcmocka-dev clang clang-format zstd git openssl iproute2 scdoc fish zsh"
# A scraper, and promtool. The package also starts a server that others can reach, so where a service manager would do that
# it is left to the user; its tests then say that they skip.
[ -d /run/systemd/system ] || CLEW_TEST_PACKAGES="$CLEW_TEST_PACKAGES prometheus"
# What makes manual pages, and a Debian package.
CLEW_PACKAGE_PACKAGES="scdoc dpkg-dev debhelper fakeroot lintian"
# Debian keeps this part of its Python in a package of its own; another Python may bring it.
python3 -c 'import ensurepip' 2>/dev/null || CLEW_TEST_PACKAGES="$CLEW_TEST_PACKAGES python3-venv"

clew_say()
{
        printf '%s\n' "$*" >&2
}

# clew_missing PACKAGE...: prints those that dpkg does not have installed.
clew_missing()
{
        local package
        for package in "$@"; do
                dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null |
                        grep -qx installed || printf '%s ' "$package"
        done
}

# clew_apt LOG COMMAND...: runs an apt-get, and again while another one holds a lock: $CLEW_APT_WAIT seconds at most.
clew_apt()
{
        local log=$1 end=$((SECONDS + ${CLEW_APT_WAIT:-600})) said=
        shift
        until LC_ALL=C "$@" >"$log" 2>&1 </dev/null; do
                grep -q '^E: Could not get lock' "$log" || return 1
                if [ "$SECONDS" -ge "$end" ]; then
                        clew_say "setup: another apt still holds the lock after ${CLEW_APT_WAIT:-600} s"
                        return 1
                fi
                [ -n "$said" ] || clew_say "setup: waiting for another apt: $(sed -n 's/^E: //p' "$log" | head -n 1)"
                said=1
                sleep 1
        done
}

# clew_install PACKAGE...: installs what is missing, quietly and without a question.
clew_install()
{
        local missing log root=""
        command -v dpkg-query >/dev/null || {
                clew_say "setup: this is not Debian (no dpkg); assuming the packages of README.md are there"
                return 0
        }
        missing=$(clew_missing "$@")
        [ -n "$missing" ] || return 0
        if [ "$(id -u)" -ne 0 ]; then
                command -v sudo >/dev/null || {
                        clew_say "setup: these packages are missing: $missing"
                        clew_say "setup: run as root, or: apt-get install $missing"
                        return 1
                }
                root="sudo"
        fi
        clew_say "setup: installing $missing"
        log=$(mktemp) || return 1
        # One refresh of the lists; a stale mirror is the install's error to report.
        # shellcheck disable=SC2086
        if ! { clew_apt "$log" $root env DEBIAN_FRONTEND=noninteractive apt-get -q update &&
                clew_apt "$log" $root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
                        install $missing; }; then
                tail -n 20 "$log" >&2
                clew_say "setup: installing failed (see above)"
                rm -f "$log"
                return 1
        fi
        rm -f "$log"
}

# clew_configure DIR [MESON OPTION...]: makes the build directory, or changes its options.
clew_configure()
{
        local dir=$1 log
        shift
        log=$(mktemp) || return 1
        if [ -f "$dir/build.ninja" ]; then
                [ $# -eq 0 ] || meson configure "$dir" "$@" >"$log" 2>&1 || {
                        tail -n 20 "$log" >&2
                        rm -f "$log"
                        return 1
                }
        elif ! meson setup "$dir" "$@" >"$log" 2>&1 </dev/null; then
                tail -n 30 "$log" >&2
                clew_say "build: meson setup $dir failed (see above)"
                rm -f "$log"
                return 1
        fi
        rm -f "$log"
}

# clew_compile DIR: builds everything in DIR; on failure shows the first errors.
clew_compile()
{
        local dir=$1 log
        log=$(mktemp) || return 1
        if ! ninja -C "$dir" >"$log" 2>&1 </dev/null; then
                grep -E -A6 'FAILED|error:' "$log" | head -n 60 >&2
                clew_say "build: $dir failed (see above)"
                rm -f "$log"
                return 1
        fi
        rm -f "$log"
}
