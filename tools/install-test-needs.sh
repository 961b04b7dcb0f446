#!/bin/sh
# Installs what tests use beyond npm: the Debian packages of test/debian-packages.txt that are missing,
# and a Python environment in .cache/venv with the pins of test/python-requirements.txt. Both only when
# needed, so that a second run costs nothing.
set -eu
cd "$(dirname "$0")/.."

root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]
}

packages="$(sed 's/#.*//' test/debian-packages.txt)"
if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
  missing=
  for package in $packages; do
    installed "$package" || missing="$missing $package"
  done
  if [ -n "$missing" ]; then
    echo "holdfast: installing$missing" >&2
    root apt-get update -q >&2
    # shellcheck disable=SC2086
    root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >&2
  fi
else
  echo 'holdfast: not a Debian system; the tests need what these packages bring:' $packages >&2
fi

# The system's own Python first: it is the one that the packages above complete.
python=/usr/bin/python3
[ -x "$python" ] || python=python3
stamp=.cache/venv/.holdfast-installed
want="$(cksum <test/python-requirements.txt) $("$python" -V)"
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$want" ]; then
  echo 'holdfast: making the Python environment of the tests in .cache/venv' >&2
  rm -rf .cache/venv
  mkdir -p .cache
  "$python" -m venv .cache/venv
  .cache/venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement test/python-requirements.txt >&2
  printf '%s\n' "$want" >"$stamp"
fi
