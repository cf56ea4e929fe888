#!/bin/sh
# Method numbers and empty tables: tables.sh CONTRACT_GEN_C CONTRACT_GEN_H PROTO...
set -eu
out_c=$1 out_h=$2
shift 2
{
        echo '#ifndef CONTRACT_GEN_H'
        echo '#define CONTRACT_GEN_H'
        echo 'enum method_id {'
        cat "$@" | sed -nE 's/^service ([A-Za-z]+) .*/S \1/p; s/^  rpc ([A-Za-z]+)\(.*/M \1/p' |
                sed -E ':a; s/([a-z])([A-Z])/\1_\2/; ta' | tr '[:lower:]' '[:upper:]' |
                awk '$1 == "S" {s = $2} $1 == "M" {print "        METHOD_" s "_" $2 ","}'
        echo '        METHOD_COUNT'
        echo '};'
        echo '#endif'
} >"$out_h"
cat >"$out_c" <<'END'
#include "common/contract.h"
const struct method contract_methods[] = {{0}};
const size_t contract_n_methods;
const struct message_rules *const contract_messages[] = {0};
const size_t contract_n_messages;
const char contract_openapi[] = "{}";
const size_t contract_openapi_bytes = 2;
END
