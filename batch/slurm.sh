#!/bin/sh
# sbatch slurm.sh: ten parts of 100,000 events; then: mcsurrogate merge ...
#SBATCH --job-name=mcsurrogate
#SBATCH --array=0-9
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --mem=2G
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=part-%a.log
exec sh job.sh run.pack 100000 7 "$SLURM_ARRAY_TASK_ID"
