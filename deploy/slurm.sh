#!/usr/bin/env bash
# Process videos on a Slurm cluster: a Ray node on each machine of the job, and the driver on the first one.
#
#     sbatch --nodes=8 deploy/slurm.sh --csv s3://my-videos/list.csv --output s3://my-results/videos
#
# What follows the script's name are options of `vidkit process`. Submit it from the folder with config.ini. The virtual
# environment with vidkit and the extra `ray` has to be on a disk that all machines share; name it with
# VENV=/path/to/it sbatch ... (by default: .venv). A job that ran out of time goes on when it is submitted again.

#SBATCH --job-name=vidkit
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
#SBATCH --mem=0
#SBATCH --time=24:00:00
#SBATCH --signal=B:TERM@60

set -euo pipefail
[ $# -gt 0 ] || { echo "usage: sbatch $0 --csv LIST [other options of vidkit process]" >&2; exit 2; }
PATH=$(realpath "${VENV:-.venv}")/bin:$PATH

# Ray lets everybody in who reaches its ports and runs what they send. The token, which only this job knows, does not.
RAY_AUTH_TOKEN=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
export RAY_AUTH_MODE=token RAY_AUTH_TOKEN RAY_USAGE_STATS_ENABLED=0

head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
host=$(srun --nodes=1 --ntasks=1 --nodelist="$head" hostname --ip-address | cut -d ' ' -f 1)
port=$((20000 + SLURM_JOB_ID % 10000))
export VIDKIT_ENGINE_ADDRESS=$host:$port

srun --nodes=1 --ntasks=1 --nodelist="$head" --whole --cpu-bind=none \
  ray start --block --head --node-ip-address="$host" --port="$port" --include-dashboard=false \
  --temp-dir="/tmp/ray-$SLURM_JOB_ID" &
for _ in $(seq 60); do
  ray health-check --address "$VIDKIT_ENGINE_ADDRESS" 2>/dev/null && break
  sleep 2
done
others=$((SLURM_JOB_NUM_NODES - 1))
if [ "$others" -gt 0 ]; then
  srun --nodes="$others" --ntasks="$others" --exclude="$head" --whole --cpu-bind=none \
    ray start --block --address="$VIDKIT_ENGINE_ADDRESS" &
fi

# One minute before the job's time is over (see --signal), the videos under way are given up; none is left half done.
vidkit process --engine ray "$@" &
driver=$!
trap 'kill -TERM "$driver"' TERM
code=0
wait "$driver" || code=$?
if kill -0 "$driver" 2>/dev/null; then # the wait was ended by the signal
  code=0
  wait "$driver" || code=$?
fi
exit "$code" # the end of this script ends Ray on all machines
