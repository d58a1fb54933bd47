#!/bin/sh
# Makes ./configure from configure.ac; needed once in a checkout of git, never in a release archive.
set -eu
cd "$(dirname "$0")"
exec autoreconf --install --force "$@"
