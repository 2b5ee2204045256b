#!/usr/bin/env bash
# Starts Slurm with two nodes on this machine, in a container or a tree of its own, and runs the command that it is given.
set -euo pipefail
hostname n1
printf '10.99.0.1 n1 n2\n127.0.0.1 localhost\n' >/etc/hosts
mkdir -p /run/munge /var/spool/slurmctld /etc/slurm
[ -s /etc/munge/munge.key ] || head -c 32 /dev/urandom >/etc/munge/munge.key
chown -R munge: /run/munge /etc/munge /var/lib/munge /var/log/munge
chmod 400 /etc/munge/munge.key
runuser -u munge -- munged --force
cat >/etc/slurm/slurm.conf <<END
ClusterName=tests
SlurmctldHost=n1(10.99.0.1)
SlurmUser=root
AuthType=auth/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
StateSaveLocation=/var/spool/slurmctld
SlurmdSpoolDir=/var/spool/slurmd.%n
SlurmdLogFile=/var/log/slurmd.%n.log
SlurmdPidFile=/run/slurmd.%n.pid
SlurmctldLogFile=/var/log/slurmctld.log
SlurmdParameters=config_overrides
ReturnToService=2
NodeName=n1 NodeHostname=n1 NodeAddr=10.99.0.1 Port=17001 CPUs=1 RealMemory=4000
NodeName=n2 NodeHostname=n1 NodeAddr=10.99.0.1 Port=17002 CPUs=1 RealMemory=4000
PartitionName=all Nodes=n1,n2 Default=YES State=UP
END
echo CgroupPlugin=disabled >/etc/slurm/cgroup.conf
mkdir -p /var/spool/slurmd.n1 /var/spool/slurmd.n2
slurmctld
slurmd -N n1
slurmd -N n2
for _ in $(seq 60); do
  sinfo --noheader --states=idle --format=%D | grep -q 2 && break
  sleep 1
done
"$@"
