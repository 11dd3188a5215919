# Sourced by daemon/run and tests/run: the installation step, and how both of them talk.
# shellcheck shell=bash
#
#   log=FILE                      set before: where the steps write
#   root_or_sudo build run …      sets the array `as_root`; refuses when there is neither
#   ensure_packages build run …   installs what is missing of these sections of packages.txt
#   step "what" command…  runs it quietly into $log; one line, and the log's end when it fails

packages_file=$(dirname "${BASH_SOURCE[0]}")/packages.txt
policy=/usr/sbin/policy-rc.d
as_root=()
: "${log:?}"

say() { printf '%s\n' "$*"; }
die() {
  printf '%s: %s\n' "$0" "$1" >&2
  exit "${2:-1}"
}

root_or_sudo() {
  [ "$(id -u)" -ne 0 ] || return 0
  if ! command -v sudo >/dev/null; then
    local missing
    missing=$(missing_packages "$@" | tr '\n' ' ')
    die "needs root or sudo (packet capture, missing packages). Run it as root, or as root install: apt-get install --no-install-recommends sudo $missing"
  fi
  sudo -v || die "sudo is refused: run it as root"
  as_root=(sudo --)
}

# The packages of the named sections, one a line.
packages_of() {
  local section
  for section in "$@"; do
    awk -v section="[$section]" '/^\[/ { on = $0 == section; next } on && NF && !/^#/ { print $1 }' "$packages_file"
  done
}

missing_packages() {
  local installed
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null | awk '$2 == "installed" { print $1 }' | sort -u)
  packages_of "$@" | sort -u | comm -23 - <(printf '%s\n' "$installed")
}

# Services of packages (snmpd, prometheus …) must neither start now, on ports that are not ours to
# take, nor at the next boot. Runs as root, in one shell of its own, so that whatever happens the
# host's own policy is put back.
# shellcheck disable=SC2016 # the shell that runs it expands
install_script='
set -eu
policy=$1; saved=$1.before-itnxt; shift
mark="put here by itnxt for the time of one installation"
restore() { rm -f "$policy"; [ ! -e "$saved" ] || mv "$saved" "$policy"; }
if grep -qs "$mark" "$policy"; then restore; fi # left by a run that was killed
trap restore EXIT
trap "exit 1" HUP INT TERM
[ ! -e "$policy" ] || mv "$policy" "$saved"
printf "#!/bin/sh\n# %s\nexit 101\n" "$mark" >"$policy"
chmod 755 "$policy"
export DEBIAN_FRONTEND=noninteractive
apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 update
apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 install --no-install-recommends "$@"
command -v systemctl >/dev/null || exit 0
for package in "$@"; do
  case $package in
    snmpd | softflowd | prometheus | prometheus-* | victoria-metrics) systemctl disable "$package.service" || true ;;
  esac
done
'

ensure_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  [ -e /etc/debian_version ] || die "this is no Debian; it needs: ${missing[*]}"
  step "install ${#missing[@]} packages" "${as_root[@]}" bash -c "$install_script" install "$policy" "${missing[@]}"
}

# Runs a command into $log. On a terminal what it does is shown while it does it.
step() {
  local what=$1 started=$SECONDS
  shift
  [ ! -t 1 ] || printf '  … %s' "$what"
  printf '\n== %s\n' "$what" >>"$log"
  if "$@" >>"$log" 2>&1 </dev/null; then
    [ ! -t 1 ] || printf '\r\033[K'
    say "  ok $what ($((SECONDS - started)) s)"
  else
    local code=$?
    [ ! -t 1 ] || printf '\r\033[K'
    {
      say "failed: $what. The end of $log:"
      tail -n 40 "$log" | sed 's/^/  | /'
    } >&2
    exit "$code"
  fi
}

# Configures the release preset and builds the targets that are named.
build_release() {
  [ ! -e build ] || [ -w build ] || die "build/ is not yours, from a run as another user: sudo chown -R $(id -un) build"
  step "configure release" cmake --preset release
  step "build release" cmake --build --preset release --target "$@"
}
