#!/usr/bin/env bash
# Installs the servers and the browser that the tests run against: by apt where this is root on Debian,
# else it names what is missing. A test whose component is missing is skipped, and fails where CI=true.
set -euo pipefail

missing() {
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || echo postgresql
    command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] || echo mariadb-server
    command -v chromium >/dev/null || echo chromium
}

packages=$(missing)
[ -n "$packages" ] || exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "Installing for the tests:" $packages
    export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 # RUNLEVEL: the tests start servers of their own
    apt-get update -qq </dev/null || true
    apt-get install -y -qq --no-install-recommends $packages </dev/null >/dev/null || true
    packages=$(missing)
fi

if [ -n "$packages" ]; then
    echo "Not installed, so the tests that need it are skipped:" $packages
fi
