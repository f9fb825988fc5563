#!/usr/bin/env bash
# A real SLURM on this machine alone: one node, accounting, two partitions (jobs of `high` preempt those of `main`).
#
#   tests/slurm/up.sh up          start it, or what is missing of it; prints the SLURM_CONF that its commands need
#   tests/slurm/up.sh down        end it and remove all that it wrote
#   tests/slurm/up.sh state       up or down
#   tests/slurm/up.sh stun        slurmd is killed; its jobs run on
#   tests/slurm/up.sh die         what a power cut does to the node: slurmd and all its jobs gone, at once
#   tests/slurm/up.sh revive      the node comes back
#
# Everything lies in one folder (PERCEPNET_SLURM, default /tmp/percepnet-slurm-UID) and listens on ports of its own on
# 127.0.0.1, so it touches neither /etc nor a SLURM that is there already. It needs the programs:
#   apt-get install --no-install-recommends slurm-wlm munge slurmdbd mariadb-server
set -euo pipefail
export PATH="$PATH:/usr/sbin:/sbin"
HERE="${PERCEPNET_SLURM:-/tmp/percepnet-slurm-$(id -u)}"
ME="$(id -un)"
HOST="$(hostname -s)"
export SLURM_CONF="$HERE/slurm.conf"
CONTROLLER_PORT=16817 NODE_PORT=16818 ACCOUNTS_PORT=16819 DATABASE_PORT=16806

main() {
  case "${1:-up}" in
    up) up ;;
    down) down ;;
    state) state ;;
    stun) stun ;;
    die) die ;;
    revive) revive ;;
    *) echo "error: expected up, down, state, stun, die or revive; got $1" >&2; exit 2 ;;
  esac
}

up() {
  for program in munged mariadbd mariadb-install-db slurmdbd slurmctld slurmd sbatch sacct; do
    command -v "$program" >/dev/null || { echo "error: $program is not installed" >&2; exit 3; }
  done
  alive slurmctld || down  # what a killed SLURM left: a new controller would wait for jobs that died with the old one
  mkdir -p "$HERE"/{state,spool,log,munge,run}
  chmod 700 "$HERE" "$HERE/munge"
  alive slurmctld || configure
  authentication
  database
  accounting
  alive slurmctld || slurmctld -f "$SLURM_CONF" >>"$HERE/log/start" 2>&1
  revive
  echo "$SLURM_CONF"
}

configure() {
  local memory cores secret="$HERE/run/secret"
  cores="$(env -u OMP_NUM_THREADS nproc)"  # nproc itself takes that variable for the number of cores
  [ -s "$secret" ] || (umask 077; head -c 18 /dev/urandom | base64 >"$secret")
  memory=$(($(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) / 1024 * 3 / 4))
  # cred_expire: a job that is requeued would wait for two minutes otherwise. SlurmdTimeout: how long a node may be
  # silent before its jobs are given away. BatchStartTimeout: how long a job that a node does not know of is given.
  # KillWait: between SIGTERM and SIGKILL. linuxproc and no cgroup: this works in a container too.
  cat >"$SLURM_CONF" <<CONF
ClusterName=percepnet
SlurmctldHost=$HOST(127.0.0.1)
SlurmctldPort=$CONTROLLER_PORT
SlurmdPort=$NODE_PORT
SlurmUser=$ME
SlurmdUser=$ME
AuthType=auth/munge
AuthInfo=socket=$HERE/munge/socket,cred_expire=5
CredType=cred/munge
MpiDefault=none
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=1024
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=2,sched_interval=2,sched_min_interval=200000
KillWait=3
BatchStartTimeout=2
MinJobAge=60
SlurmctldTimeout=30
SlurmdTimeout=10
SlurmdParameters=config_overrides
MessageTimeout=10
JobRequeue=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmctldParameters=preempt_send_user_signal
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=$ACCOUNTS_PORT
AccountingStoragePass=$HERE/munge/socket
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
SlurmctldPidFile=$HERE/run/slurmctld.pid
SlurmdPidFile=$HERE/run/slurmd.pid
SlurmctldLogFile=$HERE/log/slurmctld
SlurmdLogFile=$HERE/log/slurmd
StateSaveLocation=$HERE/state
SlurmdSpoolDir=$HERE/spool
NodeName=$HOST NodeAddr=127.0.0.1 CPUs=$cores Boards=1 SocketsPerBoard=1 CoresPerSocket=$cores ThreadsPerCore=1 RealMemory=$memory State=UNKNOWN
PartitionName=main Nodes=$HOST Default=YES MaxTime=INFINITE State=UP PriorityTier=10 GraceTime=20 PreemptMode=REQUEUE
PartitionName=high Nodes=$HOST MaxTime=INFINITE State=UP PriorityTier=100
CONF
  (umask 077; cat >"$HERE/slurmdbd.conf" <<CONF
AuthType=auth/munge
AuthInfo=socket=$HERE/munge/socket
DbdHost=$HOST
DbdAddr=127.0.0.1
DbdPort=$ACCOUNTS_PORT
CommunicationParameters=NoInAddrAny
SlurmUser=$ME
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$DATABASE_PORT
StorageUser=slurm
StoragePass=$(cat "$secret")
StorageLoc=slurm
LogFile=$HERE/log/slurmdbd
PidFile=$HERE/run/slurmdbd.pid
CONF
  )
}

authentication() {
  alive munged && return
  [ -s "$HERE/munge/key" ] || (umask 077; head -c 128 /dev/urandom >"$HERE/munge/key")
  # --force: the folder may lie under /tmp, which all may write to
  munged --force --key-file="$HERE/munge/key" --socket="$HERE/munge/socket" --pid-file="$HERE/run/munged.pid" \
    --log-file="$HERE/munge/log" --seed-file="$HERE/munge/seed" >>"$HERE/log/start" 2>&1
}

database() {
  alive mariadbd && return
  [ -d "$HERE/database/mysql" ] || mariadb-install-db --no-defaults --user="$ME" --datadir="$HERE/database" \
    --auth-root-authentication-method=socket --auth-root-socket-user="$ME" --skip-test-db >>"$HERE/log/start" 2>&1
  setsid nohup mariadbd --no-defaults --user="$ME" --datadir="$HERE/database" --socket="$HERE/run/database" \
    --bind-address=127.0.0.1 --port="$DATABASE_PORT" --pid-file="$HERE/run/mariadbd.pid" --skip-name-resolve \
    --innodb-flush-log-at-trx-commit=2 >>"$HERE/log/mariadbd" 2>&1 </dev/null &
  patiently "the database" sql "select 1"
  sql "create database if not exists slurm;
       create or replace user 'slurm'@'127.0.0.1' identified by '$(cat "$HERE/run/secret")';
       grant all on slurm.* to 'slurm'@'127.0.0.1';"
}

sql() { mariadb --no-defaults --user=root --socket="$HERE/run/database" --execute "$1" >/dev/null 2>&1; }

accounting() {
  alive slurmdbd || slurmdbd >>"$HERE/log/start" 2>&1
  patiently "the accounts" timeout 5 sacctmgr --noheader show cluster
  [ -n "$(timeout 5 sacctmgr --noheader show cluster percepnet)" ] || sacctmgr --immediate add cluster percepnet >>"$HERE/log/start"
}

revive() {
  alive slurmd || slurmd -f "$SLURM_CONF" >>"$HERE/log/start" 2>&1
  patiently "the node" ready
}

ready() { timeout 5 sinfo --noheader --partition=main --format=%T | grep -qE '^(idle|mixed|allocated)$'; }

state() { if alive slurmctld && alive slurmd; then echo up; else echo down; fi; }

stun() { local number; number="$(pid slurmd)"; kill -9 "$number"; rm -f "$HERE/run/slurmd.pid"; }

die() {
  local victims
  victims="$(pid slurmd) $(steps)"
  # shellcheck disable=SC2086 (a list of numbers)
  kill -9 $victims 2>/dev/null || true
  rm -f "$HERE/run/slurmd.pid"
}

# What runs in jobs of this node, and the daemons that watch over them: their environment says so.
steps() {
  local process
  for process in /proc/[0-9]*; do
    grep --silent --text --null-data --line-regexp --fixed-strings "SLURM_CONF=$SLURM_CONF" "$process/environ" 2>/dev/null || continue
    if grep --silent --text '^slurmstepd' "$process/cmdline" 2>/dev/null ||
      grep --silent --text --null-data '^SLURM_JOB_ID=' "$process/environ" 2>/dev/null; then
      basename "$process"
    fi
  done
}

down() {
  [ -d "$HERE" ] || return 0
  alive slurmctld && scancel --user="$ME" >/dev/null 2>&1 || true
  alive slurmd && die
  for program in slurmctld slurmdbd mariadbd munged; do
    alive "$program" && kill "$(pid "$program")"
    patiently "the end of $program" gone "$program"
  done
  rm -rf "$HERE"
}

pid() { cat "$HERE/run/$1.pid" 2>/dev/null || true; }

# A pid file outlives its process, and its number may be another's by now: the name must agree.
alive() {
  local number
  number="$(pid "$1")"
  [ -n "$number" ] && [ "$(cat "/proc/$number/comm" 2>/dev/null)" = "$1" ] && ! grep -q '^State:.Z' "/proc/$number/status"
}

gone() { ! alive "$1"; }

patiently() {
  local what="$1"; shift
  for _ in $(seq 300); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  echo "error: $what took longer than 30 s; see $HERE/log" >&2
  exit 1
}

main "$@"
