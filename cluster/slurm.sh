#!/bin/bash
# A sweep on nodes of Slurm: Ray's head and workers as steps of one job, and the sweep on the first.
#
#   sbatch cluster/slurm.sh dit_imagenet256 --gpus-per-trial 1
#
# The words after the script are those of `scaling sweep`. The same command again resumes. Before the
# time limit Slurm sends SIGTERM; the sweep then ends in order and the job queues itself again.
#SBATCH --job-name=dit-scaling
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=64
#SBATCH --gpus-per-node=8
#SBATCH --exclusive
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:TERM@300
set -euo pipefail

# On a disk that all nodes see; the results may also be at a URL, s3://BUCKET/FOLDER.
PROJECT=${DIT_SCALING_PROJECT:-$SLURM_SUBMIT_DIR}
RESULTS=${DIT_SCALING_RESULTS:-$PROJECT/results}
PYTHON=${DIT_SCALING_PYTHON:-$PROJECT/.venv/bin/python}
RAY=$(dirname "$PYTHON")/ray
PORT=$((20000 + SLURM_JOB_ID % 20000))
export PORT RAY

[ $# -gt 0 ] || { echo "name a study, as in sbatch $0 dit_imagenet256 --gpus-per-trial 1" >&2; exit 2; }
for needed in "$PYTHON" "$RAY"; do
    [ -x "$needed" ] || { echo "$needed is missing; run make in $PROJECT, or set DIT_SCALING_PYTHON" >&2; exit 2; }
done

# A token for this job alone, in a file that only its user reads. Without one, whoever reaches Ray's
# ports runs code as that user (CVE-2023-48022).
case "$RESULTS" in *://*) SHARED=$PROJECT ;; *) SHARED=$RESULTS ;; esac
mkdir -p "$SHARED"
export RAY_AUTH_MODE=token
export RAY_AUTH_TOKEN_PATH=$SHARED/.ray-token-$SLURM_JOB_ID
(umask 077 && "$PYTHON" -c "import secrets; print(secrets.token_hex(32), end='')" >"$RAY_AUTH_TOKEN_PATH")

NODES=$(scontrol show hostnames "$SLURM_JOB_NODELIST")
HEAD=$(head -n 1 <<<"$NODES")
export HEAD
STEPS=()
SWEEP=

# Called at the end, whatever it is. Ray's steps end with the signal.
clean_up() {
    for step in ${STEPS[@]+"${STEPS[@]}"}; do kill -TERM "$step" 2>/dev/null || true; done
    wait || true
    rm -f "$RAY_AUTH_TOKEN_PATH"
}
trap clean_up EXIT

stopped=
trap 'stopped=yes; [ -z "$SWEEP" ] || kill -TERM "$SWEEP"' TERM

GPUS=${SLURM_GPUS_ON_NODE:-0}
CPUS=${SLURM_CPUS_PER_TASK:-1}
export GPUS CPUS
export SRUN_CPUS_PER_TASK=$CPUS # which srun no longer takes from sbatch

# The dashboard answers on the head's 127.0.0.1 alone: ssh -L 8265:127.0.0.1:8265 HEAD
srun --nodes=1 --ntasks=1 --overlap -w "$HEAD" bash -c \
    'exec "$RAY" start --head --node-ip-address="$(hostname -i | cut -d" " -f1)" --port="$PORT" \
        --dashboard-host=127.0.0.1 --num-cpus="$CPUS" --num-gpus="$GPUS" --block' &
STEPS+=($!)

for node in $NODES; do
    [ "$node" = "$HEAD" ] && continue
    srun --nodes=1 --ntasks=1 --overlap -w "$node" bash -c \
        'for _ in $(seq 60); do
            "$RAY" start --address="$HEAD:$PORT" --num-cpus="$CPUS" --num-gpus="$GPUS" --block
            sleep 5
        done' &
    STEPS+=($!)
done

cd "$PROJECT"
# Until the head answers. Workers that come later are used once they are there.
for _ in $(seq 60); do
    "$RAY" status --address="$HEAD:$PORT" >/dev/null 2>&1 && break
    sleep 2
done

if [ -n "$stopped" ]; then # before it began
    scontrol requeue "$SLURM_JOB_ID"
    exit 0
fi
# On the head: Slurm runs this script on the first node.
"$PYTHON" -m scaling.sweep "$@" --results "$RESULTS" --address "$HEAD:$PORT" &
SWEEP=$!
ended=
while [ -z "$ended" ]; do
    kill -0 "$SWEEP" 2>/dev/null || ended=yes # a wait ends with a signal, the sweep with its last record
    code=0
    wait "$SWEEP" || code=$?
done
# A sweep that came to its end, or refused its words, has nothing left to do.
case "$code" in 0 | 1 | 2) stopped= ;; esac
[ -z "$stopped" ] || scontrol requeue "$SLURM_JOB_ID"
exit "$code"
