# Sourced by the clients' tests: `serve OPTION…` starts PROGRAM on a free port (PORT in the options)
# and waits until its brokers may lead, `end SIGNAL` ends it, `fail WHY` ends the test. Sets $work,
# $port and $bootstrap.
set -euo pipefail
program=$1
work=$(mktemp -d)
served=
trap '[ -z "$served" ] || kill -9 "$served" 2>/dev/null; rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $*" >&2
  tail -5 "$work/log" >&2
  exit 1
}

# Ends a test that cannot be run here: it is skipped, except where all of them have to be, in CI.
skip() {
  echo "$*" >&2
  [ -z "${CI:-}" ] || { echo "CI is set: this is an error" >&2; exit 1; }
  exit 77
}

needs() {
  local what=$1
  shift
  "$@" >/dev/null 2>&1 && return
  skip "$what is not installed: apt-get install $what"
}

serve() {
  local attempt
  for attempt in 1 2 3 4 5 6 7 8; do
    # A restart keeps its port, as clients know it.
    [ -n "${port:-}" ] && [ "$attempt" = 1 ] || port=$((20000 + RANDOM % 10000))
    : >"$work/out"  # Else the `ready` of the one before may be seen.
    bootstrap=127.0.0.1:$port,127.0.0.1:$((port + 1)),127.0.0.1:$((port + 2))
    "$program" serve --data "$work/data" --port "$port" --set default.replication.factor=3 \
      "${@//PORT/$port}" \
      >"$work/out" 2>"$work/log" &
    served=$!
    for _ in $(seq 300); do
      grep -q '^ready' "$work/out" && return
      kill -0 "$served" 2>/dev/null || break
      sleep 0.1
    done
    kill -0 "$served" 2>/dev/null && fail "not ready after 30 s"
  done
  fail "no free ports"
}

end() {
  kill "-$1" "$served"
  wait "$served" 2>/dev/null || true
  served=
}
