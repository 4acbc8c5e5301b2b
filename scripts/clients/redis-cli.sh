#!/usr/bin/env bash
# A tour of the Redis protocol with redis-cli and redis-benchmark, against a running server.
# Where it is, is told by test-clients.sh in variables TOUR_*.
source "$(dirname "$0")/../common.sh"
scratch

steps=0
cli() { redis-cli -h 127.0.0.1 -p "$TOUR_PORT" "$@"; }

# check WHAT GOT WANT: a step of the tour.
check() {
    [ "$2" = "$3" ] || fail "$1: got '$2', want '$3'"
    steps=$((steps + 1))
}

# matches WHAT TEXT PATTERN: a step whose text has a line like a pattern.
matches() {
    grep -Eq -- "$3" <<<"$2" || fail "$1: no '$3' in: $2"
    steps=$((steps + 1))
}

# protocol COUNT: SETs of so many keys as they are sent, for --pipe.
protocol() {
    awk -v count="$1" 'BEGIN {
        for (i = 0; i < count; i++) {
            key = sprintf("pipe:%06d", i)
            printf "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%d\r\n", length(key), key, length(i ""), i
        }
    }'
}

check FLUSHALL "$(cli flushall)" OK
check SET "$(cli set greeting hello)" OK
check GET "$(cli get greeting)" hello
check 'RESP3' "$(cli -3 --no-raw get none)" '(nil)'
check 'exit code of an error' "$(cli -e nosuch >/dev/null 2>&1 || echo failed)" failed
check 'standard input' "$(printf 'binary\r\n' | cli -x set input)" OK
check 'quoted input' "$(cli --quoted-input set '"\x00\xff"' '"a\tb"')" OK
check 'JSON' "$(cli -3 --json mget greeting none)" '["hello",null]'
check 'MULTI' "$(printf 'multi\nset a 1\nincr a\nexec\n' | cli | tail -n 2 | tr '\n' ' ')" 'OK 2 '
check 'repeated' "$(cli -r 5 incr repeated | tail -n 1)" 5
check 'database' "$(cli -n 3 set only here; cli exists only; cli -n 3 flushdb)" $'OK\n0\nOK'
matches 'help' "$(cli help get)" 'Get the value|Returns the string'
matches 'CLIENT LIST' "$(cli client list)" 'cmd=client\|list'

matches '--pipe' "$(protocol 20000 | cli --pipe)" 'errors: 0, replies: 20000'
check 'last of --pipe' "$(cli get pipe:019999)" 19999
check '--scan' "$(cli --scan --pattern 'pipe:019*' | sort -u | wc -l)" 1000
check 'big value' "$(head -c 16777216 /dev/zero | cli -x set big)" OK
matches '--bigkeys' "$(cli --bigkeys)" 'Biggest string found .?"big".? has 16777216 bytes'
matches '--memkeys' "$(cli --memkeys)" 'Biggest string found .?"big".?'
matches '--latency' "$(timeout 20 redis-cli -h 127.0.0.1 -p "$TOUR_PORT" --latency --raw </dev/null || true)" '^[0-9]+ [0-9]+ [0-9.]+ [0-9]+'

timeout 60 redis-cli -h 127.0.0.1 -p "$TOUR_PORT" subscribe news >"$SCRATCH/messages" &
subscriber=$!
for _ in $(seq 400); do # until it has subscribed, and has read
    cli publish news word >/dev/null
    ! grep -q '^word' "$SCRATCH/messages" || break
    sleep 0.05
done
kill "$subscriber"
wait "$subscriber" 2>/dev/null || true
matches 'SUBSCRIBE' "$(cat "$SCRATCH/messages")" '^word'

check 'Unix socket' "$(redis-cli -s "$TOUR_SOCKET" get greeting)" hello
tls() { redis-cli -h 127.0.0.1 -p "$TOUR_TLS_PORT" --tls --cacert "$TOUR_CERTIFICATE" "$@" 2>&1; }
check 'TLS and AUTH' "$(tls --no-auth-warning --user app --pass secret set app:1 v)" OK
matches 'rights' "$(tls --no-auth-warning --user app --pass secret get other)" NOPERM
matches 'without a password' "$(tls get app:1)" NOAUTH

benchmark=$(redis-benchmark -h 127.0.0.1 -p "$TOUR_PORT" -t ping,set,get,incr,mset -n 5000 -c 50 -P 16 -r 1000 --csv)
for test in PING_INLINE PING_MBULK SET GET INCR 'MSET \(10 keys\)'; do
    matches "redis-benchmark $test" "$benchmark" "^\"$test\",\"[0-9.]+\""
done
check 'after redis-benchmark' "$(cli ping)" PONG

echo "$(redis-cli --version): $steps steps"
