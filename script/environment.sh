# What the scripts here share: a virtual environment in step with pyproject.toml, and Debian packages.
# Sourced by them, never run; the caller has set -euo pipefail and stands in the repository's root.

die() {
  printf '%s\n' "$*" >&2
  exit 1
}

# as_root COMMAND...: fails rather than ask for a password.
as_root() {
  if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi
}

# install_debian PACKAGE...: false where there is no apt-get, no right to use it, or no network.
install_debian() {
  command -v apt-get >/dev/null && as_root true 2>/dev/null || return 1
  as_root apt-get update -q &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

# find_python: prints the first interpreter that is new enough; PYTHON names another.
find_python() {
  local candidate
  for candidate in ${PYTHON:-python3 python3.11 python3.12 python3.13}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  die "Inglenook needs Python 3.11 or newer; install it (on Debian 12: sudo apt-get install python3 python3-venv)" \
    "or name one: PYTHON=/path/to/python3"
}

# make_venv DIRECTORY: a new one, also where one was made for another place (its scripts hold absolute paths).
make_venv() {
  local python
  python=$(find_python)
  if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    printf 'Python here cannot make virtual environments: installing python3-venv\n'
    install_debian python3-venv || die "please run: sudo apt-get install python3-venv    and then this again"
  fi
  "$python" -m venv --clear "$1"
}

# fingerprint EXTRA: changes with the declared dependencies, so that an unchanged tree asks the network nothing.
fingerprint() {
  printf '%s %s\n' "$(sha256sum <pyproject.toml | cut -d ' ' -f 1)" "${1:-base}"
}

# ensure_venv [EXTRA]: .venv with this package, editable, and what it needs. An extra holds the base too.
ensure_venv() {
  local extra=${1:-} record=.venv/.installed
  if ! .venv/bin/python --version >/dev/null 2>&1 || ! grep -qF "$PWD/.venv" .venv/bin/activate 2>/dev/null; then
    make_venv .venv
  elif grep -qxF "$(fingerprint "$extra")" "$record" 2>/dev/null; then
    return
  fi
  printf 'Installing Inglenook and its dependencies into .venv (once; some 80 MB are fetched)\n'
  # Without --no-compile pip writes 100 MB of bytecode, half of it for sympy, which nothing here imports.
  .venv/bin/python -m pip install --disable-pip-version-check --quiet --no-compile --editable ".${extra:+[$extra]}"
  { fingerprint; [[ -z $extra ]] || fingerprint "$extra"; } >"$record"
}
