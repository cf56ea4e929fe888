#!/bin/sh
# Calls that have bitten, each with the reason why it is not to be used and where it may be.
set -eu
cd "$(dirname "$0")/../.."
bad=0

# forbid PATTERN WHY [ALLOWED-PATH-REGEX]
forbid() {
        found=$(grep -rnE "$1" common service client gateway gen --include='*.[ch]' |
                grep -vE "${3:-^$}" || true)
        if [ -n "$found" ]; then
                echo "$2:"
                echo "$found"
                bad=1
        fi
}

forbid '\b(strcpy|strcat|sprintf|vsprintf|gets|strtok)\(' 'no length'
forbid '\b(sleep|usleep|nng_msleep)\(' 'wait for the condition'
forbid '\bassert\(0\)' 'return an error'
forbid '\bnng_msg_insert\(' 'corrupts the heap in nng 1.5.2'
forbid '\bnng_pipe_close\(' 'wedges the reaper of nng 1.5.2 on a live pipe'
forbid '\bsqlite3_' 'SQLite stays below service/db' '^service/db/'
forbid '\blease_acquire_\(' 'only the macro LEASE acquires' '^service/db/'
forbid '\bstmt_prepare_\(' 'only the macro STMT prepares' '^service/db/'
forbid '\bprotobuf_c_message_unpack\(' 'only wire_unpack() is bounded, or bytes that it has passed' '^(common/wire|gen/|client/pending\.c)'
forbid '\b(rand|srand|random)\(' 'libsodium makes random numbers'
forbid '\bsodium_base642bin\(' 'base64_decode() takes one spelling only' '^common/base64\.c'
forbid '\bsystem\(|\bpopen\(' 'no shell'

exit $bad
