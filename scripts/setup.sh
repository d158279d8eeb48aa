#!/usr/bin/env bash
# Makes the virtual environment and, only where something is missing, installs Debian packages.
# Usage: scripts/setup.sh run|dev
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-run}

say() { printf '\033[1m%s\033[0m\n' "$*"; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else return 1; fi
}

# apt-get takes minutes and rights that a person may not have: ask only for what is missing.
debian_packages() {
  [ $# -gt 0 ] || return 0
  say "Installing Debian packages: $*"
  local log
  log=$(mktemp)
  if ! { as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive \
         apt-get install -y -q --no-install-recommends "$@"; } >"$log" 2>&1; then
    tail -n 20 "$log"
    rm -f "$log"
    echo "Could not install them. Please install by hand and run again: $*" >&2
    exit 1
  fi
  rm -f "$log"
}

missing=()
libraries=$( (/sbin/ldconfig -p || ldconfig -p) 2>/dev/null || true)
needs_library() { grep -q "$1" <<<"$libraries" || missing+=("$2"); }
needs_library libEGL.so.1 libegl1          # mediapipe
needs_library libGLESv2.so.2 libgles2      # mediapipe
needs_library libGL.so.1 libgl1            # opencv
needs_library libgthread-2.0.so.0 libglib2.0-0  # opencv
if [ "$what" = dev ]; then
  needs_library libatomic.so.1 libatomic1    # the node of playwright
  command -v openssl >/dev/null || missing+=(openssl)                        # certificates for TLS tests
  [ -x /usr/sbin/mariadbd ] || command -v mariadbd >/dev/null || missing+=(mariadb-server)
  command -v chromium >/dev/null || missing+=(chromium)
  [ -x /usr/sbin/nginx ] || command -v nginx >/dev/null || missing+=(nginx-light)         # the proxy of `make stack`
  [ -n "$(find /usr/share/fonts -iname '*NotoSansCJK*' -print -quit 2>/dev/null)" ] || missing+=(fonts-noto-cjk)
  [ -n "$(find /usr/share/fonts -iname '*NotoColorEmoji*' -print -quit 2>/dev/null)" ] || missing+=(fonts-noto-color-emoji)
fi

python=""
for candidate in python3.11 python3; do
  if command -v "$candidate" >/dev/null \
     && "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
    python=$candidate
    break
  fi
done
[ -n "$python" ] || { missing+=(python3.11 python3.11-venv); python=python3.11; }
if command -v "$python" >/dev/null && ! "$python" -c 'import ensurepip' 2>/dev/null; then
  missing+=(python3.11-venv)
fi
debian_packages "${missing[@]}"

requirements=requirements.txt
[ "$what" = dev ] && requirements=requirements-dev.txt
stamp=.venv/.ready-$what
wanted=$(cat requirements.txt "$requirements" constraints.txt scripts/setup.sh | sha256sum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then exit 0; fi

[ -x .venv/bin/python ] || { say "Making .venv"; "$python" -m venv .venv; }
say "Installing Python packages (once; several minutes)"
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$requirements" -c constraints.txt
printf '%s\n' "$wanted" >"$stamp"
