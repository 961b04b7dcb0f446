#!/bin/sh
# Installs the packages that package-lock.json pins, only when what is installed is not that:
# the stamp inside node_modules/ records the lock file, the npm settings and the machine.
# Install scripts are not run: nothing the project uses needs one.
set -eu
cd "$(dirname "$0")/.."

for tool in node npm; do
  command -v "$tool" >/dev/null || {
    echo "holdfast: \`$tool\` is missing: install Node.js 20 or later with npm" >&2
    exit 1
  }
done

stamp=node_modules/.holdfast-installed
want="$(cat package-lock.json .npmrc | cksum) $(uname -s) $(uname -m)"
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$want" ]; then
  echo 'holdfast: installing the pinned packages' >&2
  npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >&2
  printf '%s\n' "$want" >"$stamp"
fi
