"""`vidkit config`: settings are shown, changed in their place, and checked all at once."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from vidkit.cli import main
from vidkit.core.config import default_ini, load_config
from vidkit.core.locks import take_file_lock
from vidkit.errors import OutputError

Capture = pytest.CaptureFixture[str]
INI = Path("config.ini")


def put(name: str, value: str) -> int:
    return main(["config", "set", name, value])


def test_get_shows_a_setting_or_all_of_them_with_where_they_come_from(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    INI.write_text("[Processing]\nMaxFPS = 25\n[Readers.objects]\nModelDir = a model\n")
    monkeypatch.setenv("VIDKIT_PROCESSING_SEGMENTLENGTH", "20")
    assert main(["config", "get", "processing.maxfps"]) == 0
    assert main(["config", "get", "Processing.SegmentLength"]) == 0
    assert main(["config", "get", "Readers.objects.ModelDir"]) == 0
    assert main(["config", "get", "Paths.KeepDownloads"]) == 0
    assert capsys.readouterr().out == "25\n20\na model\nyes\n"
    assert main(["config", "get"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "Processing.MaxFPS = 25  (config.ini)" in lines
    assert "Processing.SegmentLength = 20  (VIDKIT_PROCESSING_SEGMENTLENGTH)" in lines
    assert "Paths.KeepDownloads = yes" in lines
    assert "Readers.objects.ModelDir = a model  (config.ini)" in lines
    assert main(["config", "get", "--json", "Processing.MaxFPS"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "name": "Processing.MaxFPS",
        "value": "25",
        "from": "config.ini",
    }


def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setenv("QWEN_VL_ACCESS_KEY", "sk-verysecret")
    INI.write_text(
        "[MongoDB]\nURI = mongodb://u:hidden1@h\n[Library]\nPath = postgresql://u:hidden2@h/d\n"
        "[QwenVL]\nPublicEndpoint = https://u:hidden3@h/v1\n[Readers.objects]\nModelDir = https://u:hidden4@h\n"
    )
    for words in ([], ["--json"], ["QwenVL.AccessKey"], ["MongoDB.URI"], ["Library.Path"]):
        assert main(["config", "get", *words]) == 0
    assert put("Library.Path", "postgresql://u:hidden5@h/d") == 0
    assert put("QwenVL.PublicEndpoint", "https://u:hidden6@h/v1") == 0
    out, said = capsys.readouterr()
    assert "verysecret" not in out + said
    assert "hidden" not in out + said
    assert "QwenVL.AccessKey = ***  (QWEN_VL_ACCESS_KEY)\n" in out


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_set_changes_one_value_and_nothing_else(end: str, mark: str) -> None:
    text = (
        f"{mark}; mine\n\n[Paths]\n  KeepDownloads:no   \n\n[processing]  # a section\nsegmentlength=10\n"
        "# about frames\nMaxFPS   =   25\n   \n[Elsewhere]\nx = 1\n  2\n"
    ).replace("\n", end)
    INI.write_bytes(text.encode())
    assert put("Processing.MaxFPS", "24") == 0
    assert put("Processing.SegmentLength", "12") == 0
    assert put("Paths.KeepDownloads", "yes") == 0
    expected = (
        text.replace("=   25", "=   24").replace("segmentlength=10", "segmentlength= 12").replace(":no   ", ": yes")
    )
    assert INI.read_bytes().decode() == expected
    # A key that is not there comes at the end of its section, a section at the end of the file.
    assert put("processing.clipmode", "encode") == 0
    assert put("QwenVL.Model", "qwen") == 0
    meaning = "auto copies clips that meet the limits and start near keyframes, else encodes; or copy, or encode."
    added = f"{end}# {meaning}{end}"
    expected = expected.replace(f"24{end}", f"24{added}ClipMode = encode{end}", 1)
    expected += (
        f"{end}[QwenVL]{end}# Model name at the endpoint. Empty: the first model it lists.{end}Model = qwen{end}"
    )
    assert INI.read_bytes().decode() == expected


def test_a_value_over_several_lines_is_replaced_whole_and_its_comments_stay() -> None:
    INI.write_text("[QwenVL]\nDefaultInstruction = one\n  two\n# about it\n\n  three\nModel = a\n")
    assert put("QwenVL.DefaultInstruction", "all = 100% [of] #them; yes") == 0
    assert load_config(environment={}).qwen_vl.default_instruction == "all = 100% [of] #them; yes"
    text = INI.read_text()
    assert text == "[QwenVL]\nDefaultInstruction = all = 100% [of] #them; yes\n# about it\n\nModel = a\n"
    assert put("QwenVL.DefaultInstruction", "") == 0
    assert INI.read_text().startswith("[QwenVL]\nDefaultInstruction =\n# about it")


def test_of_a_key_in_two_spellings_the_one_that_counts_is_changed() -> None:
    INI.write_text("[Processing]\nMaxFPS = 20\nmaxfps = 25\n[processing]\nMAXFPS = 26")
    assert put("Processing.MaxFPS", "24") == 0
    assert load_config(environment={}).processing.max_fps == 24
    assert INI.read_text() == "[Processing]\nMaxFPS = 20\nmaxfps = 25\n[processing]\nMAXFPS = 24"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("Processing.MaxFPS", "fast", "Processing.MaxFPS: 'fast' is not a number. Maximum frame rate of clips."),
        ("Processing.SegmentOverlap", "15", "SegmentOverlap (15 s) must be less than SegmentLength (15 s)"),
        ("Processing.MaxFSP", "3", "there is no setting Processing.MaxFSP: did you mean Processing.MaxFPS?"),
        ("MaxWorkers", "3", "did you mean Concurrency.MaxWorkers?"),
        ("Readers.objects.Modeldirr", "3", "did you mean Readers.objects.ModelDir?"),
        ("Readers.objekts.ModelDir", "3", "there is no setting Readers.objekts.ModelDir"),
        ("x\x1b[31m", "3", "there is no setting x?[31m"),
        ("QwenVL.DefaultInstruction", "one\n[Paths]", "one line of text"),
        ("QwenVL.DefaultInstruction", "\x1b[31m", "control characters"),
        ("QwenVL.DefaultInstruction", "\udcff", "control characters"),
    ],
)
def test_a_wrong_value_or_name_is_refused_and_nothing_is_written(
    name: str, value: str, said: str, capsys: Capture
) -> None:
    INI.write_text(default_ini())
    assert put(name, value) == 2
    out, err = capsys.readouterr()
    assert said in err
    assert "\x1b" not in err
    assert out == ""
    assert INI.read_text() == default_ini()


def test_a_wrong_value_can_be_set_right_while_others_are_wrong_too(capsys: Capture) -> None:
    INI.write_text("[Processing]\nMaxFPS = fast\nMaxResolution = big\nSegmentLength = 5\nSegmentOverlap = 6\n")
    assert main(["config", "get", "Processing.MaxFPS"]) == 2
    assert main(["config", "get"]) == 2
    assert "'fast' is not a number" in capsys.readouterr().err
    assert put("Processing.MaxFPS", "25") == 0
    assert put("Processing.MaxResolution", "720p") == 0
    assert main(["config", "check"]) == 2
    assert put("Processing.SegmentOverlap", "2") == 0
    assert main(["config", "check"]) == 0


def test_set_needs_a_file_and_keeps_a_link_and_the_permissions(tmp_path: Path, capsys: Capture) -> None:
    assert put("Processing.MaxFPS", "25") == 2
    assert "`vidkit init` writes a config.ini here" in capsys.readouterr().err
    assert not INI.exists()
    real = tmp_path / "elsewhere" / "mine.ini"
    real.parent.mkdir()
    real.write_text("[Processing]\n")
    real.chmod(0o640)
    INI.symlink_to(real)
    assert put("Processing.MaxFPS", "25") == 0
    assert INI.is_symlink()
    assert "MaxFPS = 25" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert os.listdir(real.parent) == ["mine.ini"]


def test_a_secret_comes_from_standard_input_into_a_file_that_only_its_owner_reads(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    INI.write_text(default_ini())
    INI.chmod(0o644)
    monkeypatch.setattr(sys, "stdin", io.StringIO("sk-verysecret\n"))
    assert main(["config", "set", "QwenVL.AccessKey"]) == 0
    assert capsys.readouterr() == ("config.ini: QwenVL.AccessKey = ***\n", "")
    assert load_config(environment={}).qwen_vl.access_key == "sk-verysecret"
    assert stat.S_IMODE(INI.stat().st_mode) == 0o600


def test_what_the_environment_overrides_is_said(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    INI.write_text(default_ini())
    monkeypatch.setenv("VIDKIT_PROCESSING_MAXFPS", "10")
    assert put("Processing.MaxFPS", "25") == 0
    assert "VIDKIT_PROCESSING_MAXFPS is set, and overrides it" in capsys.readouterr().err


def test_several_processes_may_set_values_at_once_and_none_is_lost() -> None:
    INI.write_text(default_ini())
    code = (
        "import sys, time, pathlib; from vidkit.cli import main\n"
        "while not pathlib.Path('go').exists(): time.sleep(0.001)\n"
        "for each in sys.argv[1:]: assert main(['config', 'set', *each.split('=')]) == 0\n"
    )
    values = [
        ["Processing.MaxFPS=25", "Processing.SegmentLength=12", "Processing.SpriteInterval=4", "Engine.SlotCPUs=2"],
        ["QwenVL.Model=a", "QwenVL.Timeout=10", "QwenVL.MaxTokens=5", "Qwen.MaxFrames=8"],
        ["Serve.MaxJobs=3", "Serve.KeepJobs=3", "Serve.JobsNice=3", "Readers.Timeout=9"],
    ]
    running = [subprocess.Popen([sys.executable, "-c", code, *each], stdout=subprocess.DEVNULL) for each in values]
    Path("go").touch()
    assert [each.wait() for each in running] == [0, 0, 0]
    lines = INI.read_text().splitlines()
    expected = {each.partition(".")[2].replace("=", " = ") for part in values for each in part}
    assert expected <= set(lines)
    assert len(lines) == len(default_ini().splitlines())


def test_a_file_that_another_program_holds_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    from vidkit.cli.setting_names import find_setting
    from vidkit.core import config_file

    INI.write_text(default_ini())
    monkeypatch.setattr(config_file, "_PATIENCE", 0.1)
    lock = take_file_lock(Path(".config.ini.lock"))
    assert lock is not None
    try:
        with pytest.raises(OutputError, match="another program"):
            config_file.write_settings(INI, {find_setting("Processing.MaxFPS"): "25"})
    finally:
        lock.release()
    assert INI.read_text() == default_ini()


def test_check_lists_all_that_is_wrong_at_once(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    INI.write_text(
        "[Processing]\nMaxFPS = fast\nMaxResolution = big\nSegmentLenght = 3\n[Procesing]\n"
        "[Readers]\nUse = quallity\n"
        "[Readers.objects]\nThreads = much\nModelDri = x\n[QwenVL]\nPublicEndpoint = nowhere\n"
        "[Library]\nPath = s3://x/y\n[Readers.objekts]\nx = 1\n"
    )
    Path("custom_tags.json").write_text(
        '{"rules": [{"tag": []}, {"tags": ["a"]}], "classifications": [{"name": 1}]}'
    )
    Path("priority_keywords.json").write_text("{")
    monkeypatch.setenv("VIDKIT_CONCURRENCY_MAXWORKERS", "none")
    monkeypatch.setenv("VIDKIT_CONCURENCY_MAXWORKERS", "3")
    monkeypatch.setenv("VIDKIT_READERS_OBJECTS_MODELDIR", "x")
    monkeypatch.setenv("VIDKIT_SERVICE_HOST", "10.0.0.1")  # as Kubernetes does
    assert main(["config", "check"]) == 2
    out, said = capsys.readouterr()
    assert said == ""
    expected = [
        "wrong    the environment variable VIDKIT_CONCURRENCY_MAXWORKERS: 'none' is not a whole number",
        "wrong    config.ini: [Processing] MaxFPS: 'fast'",
        "wrong    config.ini: [Processing] MaxResolution: 'big'",
        "wrong    [Readers] Use: no reader is called 'quallity': did you mean quality?",
        "wrong    config.ini: [Readers.objects] Threads: ",
        "wrong    [QwenVL] PublicEndpoint is not an http or https URL",
        "wrong    [Library] Path begins with s3:// and is not a file",
        "wrong    priority_keywords.json is not JSON: line 1",
        'wrong    custom_tags.json: rule 1: the key "tag" is unknown',
        "wrong    custom_tags.json: rule 2: it has no condition",
        "wrong    custom_tags.json: classification 1: ",
        "unknown  config.ini: [Processing] has no key SegmentLenght: did you mean SegmentLength?",
        "unknown  config.ini: no section [Procesing] is known: did you mean [Processing]?",
        "unknown  config.ini: [Readers.objekts] x: no reader is called objekts: did you mean objects?",
        "unknown  config.ini: [Readers.objects] ModelDri: reader objects has no such setting: did you mean "
        "ModelDir?",
        "unknown  no setting is read from the environment variable VIDKIT_CONCURENCY_MAXWORKERS: did you mean "
        "VIDKIT_CONCURRENCY_MAXWORKERS?",
    ]
    lines = out.splitlines()
    for line in expected:
        assert any(each.startswith(line) for each in lines), f"{line} is not in {out}"
    assert len(lines) == len(expected)
    assert main(["config", "check", "--json"]) == 2
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert [f"{each['kind']:7}  {each['message']}" for each in problems] == lines


def test_check_of_a_file_that_is_no_ini_still_looks_at_the_rest(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    INI.write_text("MaxFPS = 3\n")
    monkeypatch.setenv("VIDKIT_PROCESSING_MAXFPS", "fast")
    assert main(["config", "check"]) == 2
    first, second = capsys.readouterr().out.splitlines()
    assert first == "wrong    config.ini is not an INI file: line 1 is before the first [Section]"
    assert second.startswith("wrong    the environment variable VIDKIT_PROCESSING_MAXFPS")
    assert main(["config", "check", "--config", "none.ini"]) == 2
    assert "none.ini: no such file" in capsys.readouterr().out


def test_check_finds_nothing_wrong_in_what_init_writes(capsys: Capture) -> None:
    main(["init"])
    capsys.readouterr()
    assert main(["config", "check"]) == 0
    out, said = capsys.readouterr()
    assert out.startswith("nothing is wrong: ")
    assert said == ""
    assert main(["config", "check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"problems": []}
