"""The settings of `vidkit serve`: a section of the table in `vidkit.core.settings`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vidkit.core.hosts import AllowedHost, Network, read_hosts, read_names, read_networks
from vidkit.core.setting_values import number, read_buckets, read_path, read_yes_no, setting


@dataclass(frozen=True)
class Serve:
    allowed_hosts: tuple[AllowedHost, ...] = setting(
        "AllowedHosts",
        (),
        "Private hosts that jobs of `vidkit serve` may reach: names, addresses, networks; with :port, only that.",
        read_hosts,
    )
    allowed_buckets: tuple[str, ...] = setting(
        "AllowedBuckets",
        (),
        "Buckets or folders of buckets that jobs of `vidkit serve` may read and its pages show: s3://videos/public.",
        read_buckets,
    )
    allow_local_files: bool = setting(
        "AllowLocalFiles",
        False,
        "Let jobs of `vidkit serve` read paths and file:// URLs of this machine: yes or no.",
        read_yes_no,
    )
    allow_sites: bool = setting(
        "AllowSites",
        False,
        "Let jobs of `vidkit serve` use yt-dlp, which AllowedHosts does not limit: yes or no.",
        read_yes_no,
    )
    trusted_proxies: tuple[Network, ...] = setting(
        "TrustedProxies",
        (),
        "Addresses or networks of reverse proxies whose X-Forwarded-For is trusted.",
        read_networks,
    )
    server_names: tuple[str, ...] = setting(
        "ServerNames",
        (),
        "Names of `vidkit serve` in addresses, such as videos.example.org: needed behind a reverse proxy.",
        read_names,
    )
    requests_per_minute: int = setting(
        "RequestsPerMinute",
        6000,
        "Number of requests to `vidkit serve` per minute, for each key and each address; 0: no limit.",
        number(int, 0, 10**6, "a whole number"),
    )
    directory: Path = setting(
        "Directory",
        Path("serve"),
        "Folder of `vidkit serve`: its keys, sessions, jobs and audit log.",
        read_path,
    )
    export_directory: Path = setting(
        "ExportDirectory", Path("exports"), "Folder for the datasets that `vidkit serve` exports.", read_path
    )
    max_jobs: int = setting(
        "MaxJobs",
        1,
        "Number of jobs of `vidkit serve` to run at once; the others wait in a queue.",
        number(int, 1, 100, "a whole number"),
    )
    keep_jobs: int = setting(
        "KeepJobs",
        30,
        "Days to keep the folders of jobs of `vidkit serve` that have ended, with their CSV and log; 0: for ever.",
        number(int, 0, 10**5, "a whole number"),
    )
    jobs_nice: int = setting(
        "JobsNice",
        10,
        "Niceness of jobs of `vidkit serve`, 0 to 19: jobs with a higher value give way to other programs.",
        number(int, 0, 19, "a whole number"),
    )
