#!/bin/sh
# Builds the gRPC peer from our own contract. Usage: build.sh OUTPUT-DIR. Exit 77: gRPC C++ is missing.
set -eu
out=$1
cd "$(dirname "$0")/../../.."
command -v grpc_cpp_plugin >/dev/null || exit 77
mkdir -p "$out"
if [ "$out/grpc_peer" -nt tests/bench/peers/grpc_peer.cc ] && [ "$out/grpc_peer" -nt proto/socializer/v1/user.proto ]; then exit 0; fi
protos="socializer/v1/user.proto socializer/v1/options.proto google/api/annotations.proto google/api/http.proto"
# shellcheck disable=SC2086 # a list of files
protoc -Iproto --cpp_out="$out" $protos
protoc -Iproto --grpc_out="$out" --plugin=protoc-gen-grpc="$(command -v grpc_cpp_plugin)" socializer/v1/user.proto
g++ -O2 -I"$out" -o "$out/grpc_peer" tests/bench/peers/grpc_peer.cc "$out/socializer/v1/user.grpc.pb.cc" \
        "$out/socializer/v1/user.pb.cc" "$out/socializer/v1/options.pb.cc" "$out/google/api/annotations.pb.cc" \
        "$out/google/api/http.pb.cc" $(pkg-config --cflags --libs grpc++ protobuf)
