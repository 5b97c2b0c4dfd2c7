#!/bin/sh
# One job of an array: part number INDEX of one sample, which `mcsurrogate merge` puts together.
#   sh job.sh PACK EVENTS SEED INDEX [more options of generate]
# A job that was ended and is started again continues where it was.
set -eu
pack=$1 events=$2 seed=$3 index=$4
shift 4
exec mcsurrogate --log-level info generate "$pack" --events "$events" --seed "$seed" \
    --first-event $((events * index)) --out "parts/$index" --resume "$@"
